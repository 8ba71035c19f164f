//! Version 1: a hierarchy a controller, or several controllers mounted together.

use super::{Folder, Lack, QUOTA_PERIOD_US, View};
use crate::{
    launcher::cgroup::files::{number, open_folder, optional, value, write},
    message::{GroupLimits, GroupUsage},
};
use rustix::{fs::CWD, io::Result};
use std::path::{Path, PathBuf};

/// The controllers that are used; `memory` and `pids` are required.
const CONTROLLERS: [&str; 4] = ["memory", "pids", "cpu", "cpuacct"];

/// What sockets of one execution may hold, in bytes.
const SOCKET_MEMORY: &str = "16777216";

/// The folders below which groups are made.
pub(super) fn parents(
    view: &View,
    configured: Option<&Path>,
) -> std::result::Result<Vec<Folder>, Lack> {
    let mut found: Vec<(PathBuf, Vec<&'static str>)> = Vec::new();
    for controller in CONTROLLERS {
        let own = match configured {
            Some(path) => Some(Path::new("/").join(path)),
            None => view.own_group(controller),
        };
        let folder = own.and_then(|own| view.mounted("cgroup", controller, &own));
        match folder {
            // Usually `cpu` and `cpuacct`: one folder, in which one group is made.
            Some(folder) if folder.is_dir() => {
                match found.iter_mut().find(|(other, _)| *other == folder) {
                    Some((_, controllers)) => controllers.push(controller),
                    None => found.push((folder, vec![controller])),
                }
            }
            _ if controller.starts_with("cpu") => {}
            Some(folder) => return Err(Lack::NoGroup(folder)),
            None if found.is_empty() => return Err(Lack::NotMounted),
            None => return Err(Lack::ControllerNotMounted(controller)),
        }
    }
    let open = |(group, controllers): (PathBuf, _)| match open_folder(CWD, &group) {
        Ok(fd) => Ok(Folder { controllers, fd }),
        Err(errno) => Err(Lack::NotWritable { group, errno }),
    };
    found.into_iter().map(open).collect()
}

pub(super) fn limit(folder: &Folder, limits: GroupLimits) -> Result<()> {
    let (memory, fd) = (limits.memory_bytes.to_string(), &folder.fd);
    for controller in &folder.controllers {
        match *controller {
            "memory" => {
                write(fd, "memory.limit_in_bytes", &memory)?;
                optional(write(fd, "memory.memsw.limit_in_bytes", &memory))?;
                optional(write(fd, "memory.swappiness", "0"))?;
                // It counts what sockets hold by itself, and not at all unless asked.
                optional(write(fd, "memory.kmem.tcp.limit_in_bytes", SOCKET_MEMORY))?;
            }
            "pids" => write(fd, "pids.max", &limits.processes.to_string())?,
            "cpu" => write(fd, "cpu.shares", &limits.cpu_shares.to_string())?,
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn limit_processors(folder: &Folder, quota_us: u64) -> Result<()> {
    write(&folder.fd, "cpu.cfs_period_us", &QUOTA_PERIOD_US.to_string())?;
    write(&folder.fd, "cpu.cfs_quota_us", &quota_us.to_string())
}

pub(super) fn usage(folder: &Folder, usage: &mut GroupUsage) {
    let fd = &folder.fd;
    for controller in &folder.controllers {
        match *controller {
            "cpuacct" => usage.cpu_ms = number(fd, "cpuacct.usage").unwrap_or(0) / 1_000_000,
            "memory" => {
                usage.peak_memory_bytes = number(fd, "memory.max_usage_in_bytes").unwrap_or(0);
                usage.oom_kills = value(fd, "memory.oom_control", "oom_kill").unwrap_or(0);
            }
            _ => {}
        }
    }
}
