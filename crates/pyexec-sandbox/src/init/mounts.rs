//! The file systems of one sandbox, on top of the template's.

use crate::{
    Environment, IsolationLevel,
    launcher::{
        identity::INSIDE,
        root::{EMPTY_FOLDER, HOOK_FOLDER},
    },
    message::{MOUNTING_PROC, Order, Step, StepError},
    sys,
    weaken::{Layer, without},
};
use rustix::{
    fd::OwnedFd,
    fs::{CWD, Mode},
    io::Errno,
    mount::{
        MountFlags, MoveMountFlags, UnmountFlags, mount, mount_bind, mount_remount, move_mount,
        unmount,
    },
    net::{AddressFamily, SocketFlags, SocketType, socket_with},
    system::sethostname,
};
use std::{ffi::CString, path::Path};

/// Where the template keeps the `resolv.conf` of executions that have the network.
pub(crate) const RESOLVER: &str = "/opt/pyexec/resolv.conf";

/// The three writable folders; they share one file system, so that one size covers them.
const WRITABLE: [(&str, &str, u32); 3] =
    [("work", "/work", 0o755), ("tmp", "/tmp", 0o1777), ("shm", "/dev/shm", 0o1777)];

const FLAGS: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV);

/// Of the folders that a script may write to.
fn flags_of_writable() -> MountFlags {
    if without(Layer::NoSetUid) { MountFlags::NODEV } else { FLAGS }
}

/// What doesn't depend on the execution; how isolated that makes it.
pub(crate) fn prepare(network: bool, may_lack_proc: bool) -> Result<IsolationLevel, StepError> {
    let level = if without(Layer::OwnProc) || without(Layer::PidNamespace) {
        IsolationLevel::Full
    } else {
        mount_proc(may_lack_proc)?
    };
    let options = format!("size=1m,mode=755,uid={INSIDE},gid={INSIDE}");
    let options = CString::new(options).unwrap_or_default();
    mount(c"tmpfs", "/mnt", c"tmpfs", flags_of_writable(), options.as_c_str())
        .step("mounting a tmpfs")?;
    for (name, target, mode) in WRITABLE {
        let folder = Path::new("/mnt").join(name);
        rustix::fs::mkdir(&folder, Mode::from_raw_mode(0o755)).step("making a folder")?;
        rustix::fs::chmod(&folder, Mode::from_raw_mode(mode)).step("opening a folder")?;
        mount_bind(&folder, target).step(format!("mounting {target}"))?;
    }
    unmount("/mnt", UnmountFlags::DETACH).step("unmounting the common folder")?;
    if !without(Layer::UtsNamespace) {
        sethostname(b"pyexec").step("setting the host name")?;
    }
    if !network {
        let socket =
            socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)
                .step("opening a socket")?;
        sys::raise_loopback(socket).step("raising the loopback interface")?;
    }
    Ok(level)
}

/// A `/proc` of its own; or an empty folder over the host's, where that will do and the kernel
/// refuses the first.
fn mount_proc(may_lack: bool) -> Result<IsolationLevel, StepError> {
    match mount(c"proc", "/proc", c"proc", FLAGS | MountFlags::NOEXEC, c"subset=pid") {
        Ok(()) => Ok(IsolationLevel::Full),
        Err(Errno::PERM | Errno::ACCESS) if may_lack => {
            mount_bind(EMPTY_FOLDER, "/proc").step("covering /proc")?;
            Ok(IsolationLevel::NoProc)
        }
        Err(errno) => Err(errno).step(MOUNTING_PROC),
    }
}

/// What does.
pub(crate) fn apply(order: &Order) -> Result<(), StepError> {
    // The three folders and the one above them are none of the script's.
    let inodes = order.inodes.saturating_add(WRITABLE.len() as u64 + 1);
    let (bytes, inodes) = if without(Layer::DiskSize) {
        (order.disk_bytes.saturating_mul(8), inodes.saturating_mul(8))
    } else {
        (order.disk_bytes, inodes)
    };
    let options = format!("size={bytes},nr_inodes={inodes}");
    let options = CString::new(options).unwrap_or_default();
    mount_remount("/work", flags_of_writable(), options.as_c_str())
        .step("sizing the writable folders")?;
    if order.network && Path::new(RESOLVER).exists() {
        mount_bind(RESOLVER, "/etc/resolv.conf").step("mounting resolv.conf")?;
    }
    Ok(())
}

/// Attaches an environment, and lets the interpreter find it by a `.pth` file in its own, empty
/// folder of packages: `site` reads that in every interpreter that the script starts.
pub(crate) fn attach(environment: &OwnedFd, packages: &str) -> Result<(), StepError> {
    attach_packages(environment)?;
    mount_bind(HOOK_FOLDER, packages).step(format!("mounting {packages}"))
}

/// Moves the mount of an environment to where it is found.
pub(crate) fn attach_packages(environment: &OwnedFd) -> Result<(), StepError> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    move_mount(environment, "", CWD, Environment::PATH, flags).step("attaching the packages")
}
