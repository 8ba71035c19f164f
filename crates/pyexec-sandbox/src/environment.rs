//! Packages that an execution can import: a folder of the host, attached read-only.

use crate::SandboxError;
use rustix::{
    fd::OwnedFd,
    fs::{Mode, OFlags, fstat, open},
    process::geteuid,
};
use serde::{Deserialize, Serialize};
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Packages that an execution can import: a folder of this machine as `pip install --target` makes
/// it, with compiled modules.
///
/// It is attached read-only at [`Environment::PATH`], to a sandbox that waits already, and is
/// taken for a folder of packages there as a virtual environment's is: `.pth` files work, and
/// whatever interpreter the script starts finds the packages, too. Programs in the folder's `bin`
/// aren't on the script's `PATH`; those that can be started by `python -m` can here, too.
///
/// Cheap to clone; keep one for as many executions as need it. The folder must not be changed
/// while an execution or a clone has it; removing it is felt in executions that run. For a server
/// of root its files have to be readable for everybody (`chmod -R go+rX`), since inside they belong
/// to nobody. File systems mounted on folders in it aren't attached along.
///
/// The compiled files are for one Python version, which is for the caller to know.
///
/// ```
/// use pyexec_sandbox::{Environment, Job, SandboxError};
///
/// fn with_numpy(job: Job) -> Result<Job, SandboxError> {
///     let packages = Environment::open("/var/lib/pyexec/packages/numpy")?;
///     Ok(Job { environment: Some(packages), ..job })
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Environment(Arc<Opened>);

#[derive(Debug)]
struct Opened {
    place: Place,
    /// While it is open, no other folder can get its number.
    _folder: OwnedFd,
}

/// Where a folder is, and which one it is: a path can lead elsewhere later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Absolute, and without links.
    pub(crate) path: PathBuf,
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

impl Environment {
    /// Where executions see the packages.
    pub const PATH: &str = "/opt/pyexec/site-packages";

    /// Opens a folder of packages.
    ///
    /// # Errors
    /// [`SandboxError::Environment`] where there is no such folder, or where executions couldn't
    /// read it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SandboxError> {
        let path = path.as_ref();
        let refused = |source: io::Error| SandboxError::Environment { path: path.into(), source };
        let place = path.canonicalize().map_err(refused)?;
        if place.to_str().is_none() {
            let kind = io::ErrorKind::InvalidInput;
            return Err(refused(io::Error::new(kind, "its path isn't UTF-8")));
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = open(&place, flags, Mode::empty()).map_err(|errno| refused(errno.into()))?;
        let found = fstat(&folder).map_err(|errno| refused(errno.into()))?;
        let everybody = Mode::ROTH | Mode::XOTH;
        if geteuid().is_root() && !Mode::from_raw_mode(found.st_mode).contains(everybody) {
            let text = "executions can't read it: its mode has to be 0755";
            return Err(refused(io::Error::new(io::ErrorKind::PermissionDenied, text)));
        }
        let place = Place { path: place, device: found.st_dev, inode: found.st_ino };
        Ok(Self(Arc::new(Opened { place, _folder: folder })))
    }

    /// Where it lies on this machine, without links.
    pub fn path(&self) -> &Path {
        &self.0.place.path
    }

    pub(crate) fn place(&self) -> &Place {
        &self.0.place
    }
}

/// Whether both are the same folder.
impl PartialEq for Environment {
    fn eq(&self, other: &Self) -> bool {
        let of = |environment: &Self| (environment.place().device, environment.place().inode);
        of(self) == of(other)
    }
}

impl Eq for Environment {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        fs,
        os::unix::fs::{PermissionsExt, symlink},
    };

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    #[test]
    fn one_folder_is_one_environment_whatever_it_is_called() {
        let (one, two) = (folder(), folder());
        let link = two.path().join("link");
        symlink(one.path(), &link).unwrap();
        let opened = Environment::open(one.path()).unwrap();
        assert_eq!(opened, Environment::open(&link).unwrap());
        assert_eq!(Environment::open(&link).unwrap().path(), one.path().canonicalize().unwrap());
        assert_ne!(opened, Environment::open(two.path()).unwrap());
    }

    #[test]
    fn what_cannot_be_attached_is_refused_by_name() {
        let folder = folder();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [file, folder.path().join("nothing")] {
            let error = Environment::open(&path).unwrap_err();
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let opened = Environment::open(folder.path());
        if geteuid().is_root() {
            let error = opened.unwrap_err();
            assert!(error.hint().unwrap().contains("chmod -R go+rX"), "{error:?}");
        } else {
            assert!(opened.is_ok());
        }
    }
}
