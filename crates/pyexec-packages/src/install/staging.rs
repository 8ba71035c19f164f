//! Folders in which something is being made, or is being deleted. None of it is ever served.

use crate::install::file_lock::FileLock;
use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

const FOLDERS: &str = "staging";
/// Beside a folder: held by whoever uses it, so that what nobody holds is left over.
const LOCK: &str = "lock";

/// A private folder that is deleted with this, or, after a crash, by whoever looks next.
#[derive(Debug)]
pub(crate) struct Staging {
    store: PathBuf,
    folder: PathBuf,
    work: PathBuf,
    temporary: PathBuf,
    tree: PathBuf,
    lock: Option<FileLock>,
}

impl Staging {
    pub(crate) fn new(store: &Path) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let parent = store.join(FOLDERS);
        DirBuilder::new().recursive(true).mode(0o700).create(&parent)?;
        loop {
            let next = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("{}-{next}", std::process::id());
            let Some(lock) = FileLock::try_exclusive(&parent.join(format!("{name}.{LOCK}")))?
            else {
                continue;
            };
            let folder = parent.join(name);
            // The lock comes first, so that a folder without one is always left over.
            match DirBuilder::new().mode(0o700).create(&folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    // Of a process of the same id that died; and nobody else holds it.
                    remove(&folder)?;
                    DirBuilder::new().mode(0o700).create(&folder)?;
                }
                created => created?,
            }
            let within = |name: &str| folder.join(name);
            let (work, temporary, tree) = (within("work"), within("tmp"), within("tree"));
            let staging =
                Self { store: store.to_owned(), folder, work, temporary, tree, lock: Some(lock) };
            for folder in [&staging.work, &staging.temporary, &staging.tree] {
                DirBuilder::new().mode(0o700).create(folder)?;
            }
            return Ok(staging);
        }
    }

    /// The folder below which all of these are.
    pub(crate) fn store(&self) -> &Path {
        &self.store
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where an installer runs.
    pub(crate) fn work(&self) -> &Path {
        &self.work
    }

    /// Where it has its temporary files.
    pub(crate) fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Where packages go.
    pub(crate) fn tree(&self) -> &Path {
        &self.tree
    }

    /// Another descriptor of the lock.
    pub(crate) fn share_lock(&self) -> io::Result<File> {
        self.lock.as_ref().map_or_else(|| Err(io::ErrorKind::NotFound.into()), FileLock::share)
    }

    /// Deletes what nobody uses any more; how many folders that were.
    pub(crate) fn sweep(store: &Path) -> io::Result<usize> {
        let mut swept = 0;
        for entry in fs::read_dir(store.join(FOLDERS)).into_iter().flatten() {
            let path = entry?.path();
            let is_lock = path.extension().is_some_and(|extension| extension == LOCK);
            let folder = if is_lock { path.with_extension("") } else { path };
            let lock = folder.with_extension(LOCK);
            let Some(lock) = FileLock::try_exclusive(&lock)? else { continue };
            if folder.exists() {
                swept += 1;
                remove(&folder)?;
            }
            lock.delete()?;
        }
        Ok(swept)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What is left where this fails is found by the next sweep.
        if remove(&self.folder).is_ok()
            && let Some(lock) = self.lock.take()
        {
            let _ = lock.delete();
        }
    }
}

/// Deletes a folder that may vanish meanwhile.
fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_uses_is_swept() {
        let store = tempfile::tempdir().unwrap();
        let used = Staging::new(store.path()).unwrap();
        let abandoned = Staging::new(store.path()).unwrap();
        let orphan = store.path().join(FOLDERS).join("1-0");
        fs::create_dir_all(orphan.join("deep")).unwrap();
        fs::write(abandoned.tree().join("half"), "built").unwrap();
        // An installer that outlives its parent still has the lock.
        let (folder, orphans) = (abandoned.folder.clone(), abandoned.share_lock().unwrap());
        let mut abandoned = std::mem::ManuallyDrop::new(abandoned);
        drop(abandoned.lock.take());
        assert_eq!(Staging::sweep(store.path()).unwrap(), 1);
        assert!(used.tree().is_dir() && folder.is_dir() && !orphan.exists());
        drop(orphans);
        assert_eq!(Staging::sweep(store.path()).unwrap(), 1);
        assert!(used.tree().is_dir() && !folder.exists());
        drop(used);
        assert_eq!(fs::read_dir(store.path().join(FOLDERS)).unwrap().count(), 0);
    }
}
