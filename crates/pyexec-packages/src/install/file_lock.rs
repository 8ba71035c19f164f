//! Locks that threads and processes hold alike: `flock` on a file of its own.

use crate::install::{InstallFailure, patience::Patience};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

/// How long to wait before looking again, at first and at most. The kernel can wait by itself,
/// but not for a limited time.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(25));

/// An exclusive lock, held until this is dropped or its process ends, however it ends.
#[derive(Debug)]
pub(crate) struct FileLock {
    path: PathBuf,
    file: File,
}

impl FileLock {
    /// The lock, if nobody holds it.
    pub(crate) fn try_exclusive(path: &Path) -> io::Result<Option<Self>> {
        let mut how = OpenOptions::new();
        loop {
            let file =
                how.create(true).truncate(false).read(true).write(true).mode(0o600).open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // Whoever held it before may have deleted the file: then this lock is nobody's.
            if is_at(&file, path)? {
                return Ok(Some(Self { path: path.to_owned(), file }));
            }
        }
    }

    /// The lock, as soon as nobody else holds it. `waiting` is told once where it has to wait.
    pub(crate) fn exclusive(
        path: &Path,
        patience: &Patience,
        waiting: &mut dyn FnMut(),
    ) -> Result<Self, InstallFailure> {
        let (mut pause, longest) = PAUSES;
        let mut told = false;
        loop {
            let tried = Self::try_exclusive(path);
            let what = "can't lock in the folder of the environments";
            if let Some(lock) = tried.map_err(InstallFailure::storage(what))? {
                return Ok(lock);
            }
            if !told {
                waiting();
                told = true;
            }
            patience.pause(pause)?;
            pause = longest.min(pause * 2);
        }
    }

    /// Another descriptor of the same lock, for a child: the lock lasts as long as either.
    pub(crate) fn share(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Deletes the file, then lets go.
    pub(crate) fn delete(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

/// A shared lock on a file that exists; `None` where it doesn't, or is about to be deleted.
pub(crate) fn try_shared(path: &Path) -> io::Result<Option<File>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(is_at(&file, path)?.then_some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// A shared lock on a file that is made where it isn't there.
pub(crate) fn shared(path: &Path, patience: &Patience) -> Result<File, InstallFailure> {
    let io = |error| InstallFailure::storage("can't lock in the folder of the environments")(error);
    loop {
        let mut how = OpenOptions::new();
        let how = how.create(true).truncate(false).write(true).mode(0o600);
        how.open(path).map_err(io)?;
        if let Some(lock) = try_shared(path).map_err(io)? {
            return Ok(lock);
        }
        patience.pause(PAUSES.0)?;
    }
}

/// Whether the open file is still what the path leads to.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let mine = file.metadata()?;
    match std::fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (mine.dev(), mine.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_at_a_time_and_waiting_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = FileLock::try_exclusive(&path).unwrap().unwrap();
        assert!(FileLock::try_exclusive(&path).unwrap().is_none());
        assert!(try_shared(&path).unwrap().is_none());
        let mut told = 0;
        let waited =
            FileLock::exclusive(&path, &Patience::of(Duration::from_millis(20)), &mut || told += 1);
        assert!(matches!(waited, Err(InstallFailure::TimedOut { .. })));
        assert_eq!(told, 1);
        drop(held);
        assert!(FileLock::try_exclusive(&path).unwrap().is_some());
    }

    #[test]
    fn a_lock_outlives_its_first_descriptor() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = FileLock::try_exclusive(&path).unwrap().unwrap();
        let shared = held.share().unwrap();
        drop(held);
        assert!(FileLock::try_exclusive(&path).unwrap().is_none());
        drop(shared);
        assert!(FileLock::try_exclusive(&path).unwrap().is_some());
    }

    #[test]
    fn a_deleted_lock_is_not_taken_for_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        FileLock::try_exclusive(&path).unwrap().unwrap().delete().unwrap();
        assert!(!path.exists());
        let old = File::create(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        File::create(&path).unwrap();
        assert!(!is_at(&old, &path).unwrap());
    }
}
