//! The host's mounts as the launcher left them, to take folders from later.
//!
//! The kernel clones a mount for whoever is in its mount namespace and privileged there. So the
//! launcher keeps the namespace that still shows the host, which nothing else of ours is in, and
//! visits it for a single call. No sandbox and no zygote gets its descriptor.

use super::root::{NO_DEVICES, NO_SETUID, READ_ONLY};
use crate::{
    environment::Place,
    message::{Step, StepError},
    sys,
    weaken::{Layer, without},
};
use rustix::{
    fd::{AsFd, OwnedFd},
    fs::{Mode, OFlags, ResolveFlags, fstat, open, openat2},
    mount::{MountPropagationFlags, OpenTreeFlags, mount_change, open_tree},
    thread::{LinkNameSpaceType, move_into_link_name_space},
};
use std::path::Path;

/// The step that fails where a folder isn't there, or isn't the one that it was.
pub(crate) const OPENING: &str = "opening the folder of packages";

/// A mount namespace that shows the host.
pub(crate) struct Host {
    namespace: OwnedFd,
    /// `/` in it.
    root: OwnedFd,
    /// The launcher's own, to come back to.
    ours: OwnedFd,
}

impl Host {
    /// Keeps the namespace where we are now, which must be one of our own, and goes on in a copy.
    pub(super) fn keep() -> Result<Self, StepError> {
        // What the host unmounts must not stay in use here.
        mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::DOWNSTREAM)
            .step("making mounts follow the host's")?;
        let namespace = here()?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = open("/", flags, Mode::empty()).step("opening the host's root")?;
        sys::unshare(libc::CLONE_NEWNS).step("creating a mount namespace")?;
        Ok(Self { namespace, root, ours: here()? })
    }

    /// A mount of this folder alone, read-only, that whoever has it may attach anywhere, once.
    pub(super) fn take(&self, place: &Place) -> Result<OwnedFd, StepError> {
        let name = place.path.display();
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let path = place.path.strip_prefix("/").unwrap_or(&place.path);
        let path = if path == Path::new("") { Path::new(".") } else { path };
        let folder = openat2(&self.root, path, flags, Mode::empty(), resolve).step(OPENING)?;
        let found = fstat(&folder).step(OPENING)?;
        if (found.st_dev, found.st_ino) != (place.device, place.inode) {
            return Err(StepError {
                step: OPENING.into(),
                errno: libc::ESTALE,
                detail: "another folder is there than the one that was opened".into(),
            });
        }
        let flags = OpenTreeFlags::OPEN_TREE_CLONE
            | OpenTreeFlags::OPEN_TREE_CLOEXEC
            | OpenTreeFlags::AT_EMPTY_PATH;
        let tree = self
            .visit(|| open_tree(&folder, "", flags))?
            .step(format!("cloning the mount of the packages in {name}"))?;
        let no_writing = if without(Layer::ReadOnlyRoot) { 0 } else { READ_ONLY };
        sys::tighten_mount(tree.as_fd(), no_writing | NO_SETUID | NO_DEVICES)
            .step(format!("making the packages in {name} read-only"))?;
        Ok(tree)
    }

    /// Does something among the host's mounts.
    fn visit<T>(&self, does: impl FnOnce() -> T) -> Result<T, StepError> {
        let go =
            |to: &OwnedFd| move_into_link_name_space(to.as_fd(), Some(LinkNameSpaceType::Mount));
        go(&self.namespace).step("entering the host's mount namespace")?;
        let done = does();
        if go(&self.ours).is_err() {
            // Here no sandbox may be made: they would show the host. The server starts another
            // launcher.
            sys::exit_now(1);
        }
        Ok(done)
    }
}

/// The mount namespace where we are.
fn here() -> Result<OwnedFd, StepError> {
    open("/proc/self/ns/mnt", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .step("opening the mnt namespace")
}
