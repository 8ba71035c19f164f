//! The template root: what every sandbox sees of this machine, read-only, built once.
//!
//! Sources are taken as descriptors (`open_tree`) before anything is mounted, so that the stage
//! can cover any folder of the host, and nothing is looked up by path afterwards.

use crate::{
    Environment, Interpreter, init,
    launcher::{host::Host, identity::Owner, zygote},
    message::{Step, StepError},
    sys,
    weaken::{Layer, without},
};
use rustix::{
    fd::{AsFd, OwnedFd},
    fs::CWD,
    mount::{
        MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount,
        mount_change, move_mount, open_tree, unmount,
    },
    process::{getegid, geteuid, pivot_root},
};
use std::{
    fs,
    os::unix::fs::{DirBuilderExt, symlink},
    path::{Path, PathBuf},
};

/// The host's folder that the stage covers in our own mount namespace.
const STAGE: &str = "/tmp";

/// Folders of the system that Python, `sh` and TLS need.
const SYSTEM: [&str; 14] = [
    "/usr/bin",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/share/ca-certificates",
    "/usr/share/terminfo",
    "/usr/share/zoneinfo",
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/pki/tls/certs",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
];

/// Links on systems with a merged `/usr`, folders elsewhere.
const TOP: [&str; 4] = ["/bin", "/lib", "/lib32", "/lib64"];

const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];

// MOUNT_ATTR_*
pub(super) const READ_ONLY: u64 = 0x1;
pub(super) const NO_SETUID: u64 = 0x2;
pub(super) const NO_DEVICES: u64 = 0x4;

/// Leaves the host's mounts for ones of our own, and enters the template root; a way to take folders
/// of the host later.
pub(crate) fn enter(
    interpreters: &[Interpreter],
    resolver: Option<&[u8]>,
    owner: Owner,
) -> Result<Host, StepError> {
    unshare(owner)?;
    let host = Host::keep()?;
    mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE)
        .step("making mounts private")?;
    let sources = sources(interpreters)?;

    mount(c"tmpfs", STAGE, c"tmpfs", MountFlags::NOSUID | MountFlags::NODEV, c"size=8m,mode=755")
        .step("mounting a tmpfs")?;
    let stage = Path::new(STAGE);
    for source in sources {
        source.attach(stage)?;
    }
    synthesise(stage, interpreters, resolver).map_err(|error| StepError {
        step: "writing the sandbox's own files".into(),
        errno: error.raw_os_error().unwrap_or(0),
        detail: error.to_string(),
    })?;
    if !without(Layer::MaskedPackages) {
        mask_packages(stage, interpreters)?;
    }

    rustix::process::chdir(stage).step("entering the stage")?;
    pivot_root(".", "mnt").step("pivot_root")?;
    rustix::process::chdir("/").step("entering the new root")?;
    unmount("/mnt", UnmountFlags::DETACH).step("unmounting the old root")?;
    if without(Layer::ReadOnlyRoot) {
        return Ok(host);
    }
    let flags = MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
    rustix::mount::mount_remount("/", flags, c"").step("making the root read-only")?;
    Ok(host)
}

/// A mount namespace of our own; for an ordinary user also a user namespace in which it may mount.
fn unshare(owner: Owner) -> Result<(), StepError> {
    let (uid, gid) = (geteuid(), getegid());
    if owner != Owner::Ourselves {
        return sys::unshare(libc::CLONE_NEWNS).step("creating a mount namespace");
    }
    sys::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS).step("creating a user namespace")?;
    let write = |file: &str, text: String| {
        fs::write(format!("/proc/self/{file}"), text).step(format!("writing {file}"))
    };
    write("setgroups", "deny".into())?;
    write("uid_map", format!("0 {} 1", uid.as_raw()))?;
    write("gid_map", format!("0 {} 1", gid.as_raw()))
}

/// Something of the host that goes into the template.
struct Source {
    tree: OwnedFd,
    target: PathBuf,
    is_folder: bool,
    attributes: u64,
}

impl Source {
    fn open(path: &Path, attributes: u64) -> Result<Self, StepError> {
        let flags = OpenTreeFlags::OPEN_TREE_CLONE
            | OpenTreeFlags::OPEN_TREE_CLOEXEC
            | OpenTreeFlags::AT_RECURSIVE;
        let name = path.display();
        let is_folder = fs::metadata(path).step(format!("looking at {name}"))?.is_dir();
        let tree = open_tree(CWD, path, flags).step(format!("opening {name}"))?;
        Ok(Self { tree, target: path.to_owned(), is_folder, attributes })
    }

    fn attach(self, stage: &Path) -> Result<(), StepError> {
        let target = below(stage, &self.target);
        let name = self.target.display();
        if self.is_folder {
            folder(&target)
        } else {
            target.parent().map_or(Ok(()), folder).and_then(|()| fs::write(&target, ""))
        }
        .step(format!("making a place for {name}"))?;
        if self.attributes != 0 {
            sys::tighten_mount(self.tree.as_fd(), self.attributes)
                .step(format!("making {name} read-only"))?;
        }
        move_mount(&self.tree, "", CWD, &target, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
            .step(format!("attaching {name}"))
    }
}

fn sources(interpreters: &[Interpreter]) -> Result<Vec<Source>, StepError> {
    let no_writing = if without(Layer::ReadOnlyRoot) { 0 } else { READ_ONLY };
    let tight = no_writing | NO_SETUID | NO_DEVICES;
    let mut sources = Vec::new();
    let real_folder = |path: &Path| fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
    let system = SYSTEM.iter().map(Path::new).filter(|path| path.exists());
    let top = TOP.iter().map(Path::new).filter(|path| real_folder(path));
    for path in system.chain(top) {
        sources.push(Source::open(path, tight)?);
    }
    for path in interpreters.iter().flat_map(trees) {
        sources.push(Source::open(&path, tight)?);
    }
    if without(Layer::OwnRoot) {
        sources.push(Source::open(Path::new("/var/tmp"), tight)?);
    }
    for device in DEVICES {
        // A device node must stay one, so no NO_DEVICES here.
        sources.push(Source::open(&Path::new("/dev").join(device), NO_SETUID)?);
    }
    // Covered by each sandbox's own: the kernel lets a user namespace mount one only where it
    // can already see a complete one.
    sources.push(Source::open(Path::new("/proc"), 0)?);
    Ok(sources)
}

/// What an interpreter needs beside the system's folders: never its whole prefix.
fn trees(interpreter: &Interpreter) -> Vec<PathBuf> {
    let (prefix, library) = (interpreter.prefix(), interpreter.library());
    if prefix == Path::new("/usr") {
        return Vec::new();
    }
    let mut trees = vec![interpreter.executable().to_owned()];
    match library {
        // Shared with the rest of the machine: only Python's part of it.
        Some(library) if prefix == Path::new("/usr/local") => {
            trees.push(library.join(format!("python{}", interpreter.version())));
            let entries = fs::read_dir(&library).into_iter().flatten().flatten();
            trees.extend(entries.map(|entry| entry.path()).filter(|path| {
                path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("libpython"))
            }));
        }
        Some(library) => trees.push(library),
        None => {}
    }
    trees
}

/// Everything in the root that isn't the host's.
fn synthesise(
    stage: &Path,
    interpreters: &[Interpreter],
    resolver: Option<&[u8]>,
) -> std::io::Result<()> {
    for path in [
        "work",
        "tmp",
        "mnt",
        "dev/shm",
        "etc",
        "opt/pyexec/boot",
        "opt/pyexec/eval",
        "opt/pyexec/hook",
        "opt/pyexec/zygote",
    ] {
        folder(&stage.join(path))?;
    }
    folder(&below(stage, Path::new(Environment::PATH)))?;
    fs::write(stage.join(zygote::EXTENSION_FILE), zygote::EXTENSION)?;
    folder(&stage.join(EMPTY))?;
    for top in TOP {
        if let Ok(target) = fs::read_link(top) {
            symlink(target, below(stage, Path::new(top)))?;
        }
    }
    for (name, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ] {
        symlink(target, stage.join("dev").join(name))?;
    }
    for (path, text) in [
        ("etc/passwd", "root:x:0:0:root:/:/bin/sh\npyexec:x:1000:1000:pyexec:/work:/bin/sh\n"),
        ("etc/group", "root:x:0:\npyexec:x:1000:\n"),
        ("etc/hosts", "127.0.0.1 localhost pyexec\n::1 localhost pyexec\n"),
        ("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
        ("etc/hostname", "pyexec\n"),
        ("etc/resolv.conf", ""),
        ("opt/pyexec/boot/sitecustomize.py", include_str!("../python/sitecustomize.py")),
        ("opt/pyexec/eval/pyexec_eval.py", include_str!("../python/pyexec_eval.py")),
        ("opt/pyexec/hook/pyexec.pth", include_str!("../python/pyexec.pth")),
        ("opt/pyexec/eval/main.py", "from pyexec_eval import run; run()\n"),
    ] {
        fs::write(stage.join(path), text)?;
    }
    if let Some(resolver) = resolver {
        fs::write(below(stage, Path::new(init::RESOLVER)), resolver)?;
    }
    for interpreter in interpreters {
        let bin = below(stage, &bin(interpreter));
        folder(&bin)?;
        for name in ["python", "python3", &format!("python{}", interpreter.version())] {
            symlink(interpreter.executable(), bin.join(name))?;
        }
    }
    Ok(())
}

/// The folder where `python` is this interpreter.
pub(crate) fn bin(interpreter: &Interpreter) -> PathBuf {
    format!("/opt/pyexec/bin/{}", interpreter.version()).into()
}

/// What is put over an interpreter's own folder of packages, so that it finds an environment's.
pub(crate) const HOOK_FOLDER: &str = "/opt/pyexec/hook";

const EMPTY: &str = "opt/pyexec/empty";
/// The same, seen from inside.
pub(crate) const EMPTY_FOLDER: &str = "/opt/pyexec/empty";

/// Hides the host's packages: their `.pth` files would run inside, and a script must not depend
/// on what an operator happened to install.
fn mask_packages(stage: &Path, interpreters: &[Interpreter]) -> Result<(), StepError> {
    let mut libraries: Vec<_> = interpreters.iter().filter_map(Interpreter::library).collect();
    libraries.extend(["/usr/lib", "/usr/lib64"].map(PathBuf::from));
    libraries.sort();
    libraries.dedup();
    for library in libraries {
        let entries = fs::read_dir(below(stage, &library)).into_iter().flatten().flatten();
        let pythons = entries.filter(|e| e.file_name().to_string_lossy().starts_with("python3"));
        for python in pythons {
            for name in ["site-packages", "dist-packages"] {
                // By its real name on the host: a link must not lead the mask elsewhere.
                let Ok(real) = library.join(python.file_name()).join(name).canonicalize() else {
                    continue;
                };
                let folder = below(stage, &real);
                if folder.is_dir() {
                    cover(stage, &folder)?;
                }
            }
        }
    }
    Ok(())
}

fn cover(stage: &Path, folder: &Path) -> Result<(), StepError> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let name = folder.display();
    let empty = open_tree(CWD, stage.join(EMPTY), flags).step("opening the empty folder")?;
    sys::tighten_mount(empty.as_fd(), READ_ONLY | NO_SETUID | NO_DEVICES)
        .step("making the empty folder read-only")?;
    move_mount(&empty, "", CWD, folder, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .step(format!("masking {name}"))
}

fn below(stage: &Path, path: &Path) -> PathBuf {
    stage.join(path.strip_prefix("/").unwrap_or(path))
}

fn folder(path: &Path) -> std::io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o755).create(path)
}
