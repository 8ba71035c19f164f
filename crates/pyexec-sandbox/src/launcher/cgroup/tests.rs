//! Groups in trees of ordinary folders that look like the kernel's.

use super::*;
use std::{fs, path::PathBuf};
use tempfile::TempDir;

const LIMITS: GroupLimits =
    GroupLimits { memory_bytes: 64 << 20, processes: 21, cpu_shares: 1024, cpu_percent: None };

/// A tree below which hierarchies are "mounted".
struct Tree {
    root: TempDir,
    view: View,
}

impl Tree {
    /// The text of `/proc/self/cgroup`.
    fn new(cgroup: &str) -> Self {
        let view =
            View { cgroup: cgroup.into(), mountinfo: "24 1 8:1 / / rw - ext4 x rw\n".into() };
        Self { root: tempfile::tempdir().unwrap(), view }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Mounts what lies at `inside` of a hierarchy.
    fn mount(mut self, name: &str, inside: &str, kind: &str, options: &str) -> Self {
        let point = self.path(name);
        fs::create_dir_all(&point).unwrap();
        let point = point.to_str().unwrap().replace(' ', "\\040");
        self.view.mountinfo +=
            &format!("31 23 0:28 {inside} {point} rw,nosuid shared:9 - {kind} {kind} {options}\n");
        self
    }

    /// A group of version 2 with controllers.
    fn group(self, name: &str, controllers: &str) -> Self {
        fs::create_dir_all(self.path(name)).unwrap();
        fs::write(self.path(name).join("cgroup.controllers"), controllers).unwrap();
        self
    }

    fn folder(self, name: &str) -> Self {
        fs::create_dir_all(self.path(name)).unwrap();
        self
    }

    fn find(&self) -> Groups {
        Groups::find_in(&self.view, None)
    }

    /// A new group with files in it, as the kernel puts them there.
    fn create(&self, groups: &Groups, files: &[(&str, &str)]) -> Group {
        let group = groups.create("pyexec-1-1").unwrap().unwrap();
        for (file, text) in files {
            fs::write(self.path(file), text).unwrap();
        }
        group
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }
}

/// The usual mount of version 2 with this process in the group `a/b`.
fn version_2(controllers: &str) -> Tree {
    Tree::new("0::/a/b\n").mount("fs", "/", "cgroup2", "rw").group("fs/a/b", controllers)
}

const V2_FILES: [(&str, &str); 8] = [
    ("fs/a/b/pyexec-1-1/memory.max", ""),
    ("fs/a/b/pyexec-1-1/memory.swap.max", ""),
    ("fs/a/b/pyexec-1-1/memory.oom.group", ""),
    ("fs/a/b/pyexec-1-1/pids.max", ""),
    ("fs/a/b/pyexec-1-1/cpu.weight", ""),
    ("fs/a/b/pyexec-1-1/cpu.max", ""),
    ("fs/a/b/pyexec-1-1/cpu.stat", "usage_usec 1234567\nuser_usec 1\n"),
    ("fs/a/b/pyexec-1-1/memory.events", "low 0\noom 3\noom_kill 2\noom_group_kill 7\n"),
];

#[test]
fn version_2_is_found_and_its_controllers_are_passed_on() {
    let tree = version_2("cpuset cpu io memory hugetlb pids rdma\n");
    let groups = tree.find();
    assert_eq!(groups.kind(), LimitsBy::Cgroup2);
    assert_eq!(tree.read("fs/a/b/cgroup.subtree_control"), "+memory +pids +cpu");
    // Nothing of the probe is left.
    assert_eq!(fs::read_dir(tree.path("fs/a/b")).unwrap().count(), 2);
}

#[test]
fn version_2_limits_and_usage() {
    let tree = version_2("cpu memory pids");
    let groups = tree.find();
    let group = tree.create(&groups, &V2_FILES);
    assert!(group.birthplace().is_some());
    // PID 1 is born there; the process that copies an interpreter is moved.
    assert!(group.entrances().unwrap().is_empty());
    fs::write(tree.path("fs/a/b/pyexec-1-1/cgroup.procs"), "").unwrap();
    group.attach(Pid::INIT).unwrap();
    assert_eq!(tree.read("fs/a/b/pyexec-1-1/cgroup.procs"), "1");
    group.limit(LIMITS).unwrap();
    group.limit_processors(150).unwrap();
    let wrote = V2_FILES.map(|(file, _)| tree.read(file));
    assert_eq!(wrote[..6], ["67108864", "0", "1", "21", "39", "150000 100000"]);
    let usage = group.usage();
    assert_eq!((usage.cpu_ms, usage.oom_kills, usage.peak_memory_bytes), (1234, 2, 0));
    fs::write(tree.path("fs/a/b/pyexec-1-1/memory.peak"), "4096\n").unwrap();
    assert_eq!(group.usage().peak_memory_bytes, 4096);
}

#[test]
fn a_busy_group_is_removed_later() {
    let tree = version_2("memory pids");
    let groups = tree.find();
    let group = tree.create(&groups, &[("fs/a/b/pyexec-1-1/cgroup.procs", "")]);
    assert!(!groups.remove(&group));
    fs::remove_file(tree.path("fs/a/b/pyexec-1-1/cgroup.procs")).unwrap();
    assert!(groups.remove(&group) && groups.remove(&group));
    assert!(!tree.path("fs/a/b/pyexec-1-1").exists());
}

#[test]
fn groups_that_a_dead_launcher_left_are_replaced_and_swept() {
    let tree = version_2("memory pids")
        .folder("fs/a/b/pyexec-1-1")
        .folder("fs/a/b/pyexec-2147483647-1")
        .folder("fs/a/b/other");
    let groups = tree.find();
    // Process 1 lives.
    let left = ["pyexec-1-1", "pyexec-2147483647-1", "other"];
    assert_eq!(left.map(|name| tree.path("fs/a/b").join(name).exists()), [true, false, true]);
    assert!(groups.create("pyexec-1-1").unwrap().is_some());
}

#[test]
fn a_missing_controller_is_seen() {
    for controllers in ["cpu memory", "cpu pids", ""] {
        assert_eq!(version_2(controllers).find().kind(), LimitsBy::Rlimits, "{controllers}");
    }
    // Shares are a wish, and a quota is a limit.
    let tree = version_2("memory pids");
    let groups = tree.find();
    assert_eq!(tree.read("fs/a/b/cgroup.subtree_control"), "+memory +pids");
    let files: Vec<_> = V2_FILES.into_iter().filter(|(file, _)| !file.contains("cpu")).collect();
    let group = tree.create(&groups, &files);
    group.limit(LIMITS).unwrap();
    assert_eq!(group.limit_processors(100), Err(Errno::NOENT));
    assert_eq!(group.usage().cpu_ms, 0);
}

/// Processes live in the server's own group: the kernel refuses to pass controllers on.
#[test]
fn a_group_that_passes_nothing_on_is_none() {
    let tree = version_2("cpu memory pids").folder("fs/a/b/cgroup.subtree_control");
    assert_eq!(tree.find().kind(), LimitsBy::Rlimits);
}

#[test]
fn a_configured_group_is_a_path_of_version_2() {
    let tree = Tree::new("0::/\n").group("delegated", "cpu memory pids");
    let groups = Groups::find_in(&tree.view, Some(&tree.path("delegated")));
    assert_eq!(groups.kind(), LimitsBy::Cgroup2);
}

/// A container sees its own group as the root of the mount, whatever its name is outside.
#[test]
fn a_mount_of_a_part_of_the_hierarchy() {
    let tree = Tree::new("0::/docker/abc/x\n")
        .mount("elsewhere", "/other", "cgroup2", "rw")
        .mount("fs", "/docker/abc", "cgroup2", "rw")
        .group("fs/x", "cpu memory pids");
    assert_eq!(tree.find().kind(), LimitsBy::Cgroup2);
}

#[test]
fn a_mount_point_with_a_space() {
    let tree = Tree::new("0::/\n")
        .mount("with a space", "/", "cgroup2", "rw")
        .group("with a space", "memory pids");
    assert!(tree.view.mountinfo.contains("/with\\040a\\040space "));
    assert_eq!(tree.find().kind(), LimitsBy::Cgroup2);
}

/// Version 2 is there without controllers; `cpu` and `cpuacct` are one hierarchy.
fn hybrid() -> Tree {
    Tree::new("4:memory:/m\n3:cpu,cpuacct:/c\n2:pids:/\n1:name=systemd:/s\n0::/u\n")
        .mount("unified", "/", "cgroup2", "rw")
        .group("unified/u", "")
        .mount("memory", "/", "cgroup", "rw,memory")
        .mount("cpu,cpuacct", "/", "cgroup", "rw,cpu,cpuacct")
        .mount("pids", "/", "cgroup", "rw,pids")
        .folder("memory/m")
        .folder("cpu,cpuacct/c")
}

const V1_FILES: [(&str, &str); 9] = [
    ("memory/m/pyexec-1-1/memory.limit_in_bytes", ""),
    ("memory/m/pyexec-1-1/memory.swappiness", ""),
    ("memory/m/pyexec-1-1/memory.kmem.tcp.limit_in_bytes", ""),
    ("pids/pyexec-1-1/pids.max", ""),
    ("cpu,cpuacct/c/pyexec-1-1/cpu.shares", ""),
    ("cpu,cpuacct/c/pyexec-1-1/cpu.cfs_period_us", ""),
    ("cpu,cpuacct/c/pyexec-1-1/cpu.cfs_quota_us", ""),
    ("cpu,cpuacct/c/pyexec-1-1/cpuacct.usage", "1234567890\n"),
    ("memory/m/pyexec-1-1/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n"),
];

#[test]
fn hybrid_mounts_use_version_1() {
    let tree = hybrid();
    let groups = tree.find();
    assert_eq!(groups.kind(), LimitsBy::Cgroup1);
    let group = tree.create(&groups, &V1_FILES);
    assert!(group.birthplace().is_none());
    group.limit(GroupLimits { cpu_shares: 2, ..LIMITS }).unwrap();
    group.limit_processors(25).unwrap();
    let wrote = V1_FILES.map(|(file, _)| tree.read(file));
    assert_eq!(wrote[..7], ["67108864", "0", "16777216", "21", "64", "100000", "25000"]);
    let usage = group.usage();
    assert_eq!((usage.cpu_ms, usage.oom_kills), (1234, 5));
    for folder in ["memory/m", "pids", "cpu,cpuacct/c"] {
        fs::write(tree.path(folder).join("pyexec-1-1/tasks"), "").unwrap();
    }
    Group::enter(&group.entrances().unwrap()).unwrap();
    assert_eq!(tree.read("cpu,cpuacct/c/pyexec-1-1/tasks"), "0");
}

#[test]
fn version_1_without_processor_controllers_offers_no_quota() {
    let tree = Tree::new("4:memory:/\n2:pids:/\n")
        .mount("memory", "/", "cgroup", "rw,memory")
        .mount("pids", "/", "cgroup", "rw,pids");
    let groups = tree.find();
    assert_eq!(groups.kind(), LimitsBy::Cgroup1);
    assert_eq!(tree.create(&groups, &[]).limit_processors(100), Err(Errno::NOENT));
    let tree = Tree::new("4:memory:/\n").mount("memory", "/", "cgroup", "rw,memory");
    assert_eq!(tree.find().kind(), LimitsBy::Rlimits);
}

#[test]
fn what_is_lacking_is_told() {
    let lack = |tree: &Tree| v2::parent(&tree.view, None).unwrap_err();
    let nothing = Tree::new("0::/\n");
    assert_eq!(lack(&nothing).to_string(), "it isn't mounted");
    let text = lack(&version_2("cpu")).to_string();
    assert!(text.ends_with("/fs/a/b lacks the controllers memory and pids"), "{text}");
    // A folder, where the kernel has a file that answers EBUSY.
    let tree = version_2("memory pids").folder("fs/a/b/cgroup.subtree_control");
    let text = lack(&tree).to_string();
    assert!(text.contains("/fs/a/b can't be changed: "), "{text}");
    assert!(lack(&tree).hint().contains("PYEXEC_CGROUP"));
    let hybrid = Tree::new("4:memory:/\n").mount("memory", "/", "cgroup", "rw,memory");
    let text = v1::parents(&hybrid.view, None).unwrap_err().to_string();
    assert_eq!(text, "the controller pids isn't mounted with it");
}
