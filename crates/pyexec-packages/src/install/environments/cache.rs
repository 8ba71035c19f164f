//! What installers downloaded, kept for the next environment, apart for each scope.

use crate::install::{
    InstallFailure,
    file_lock::{self, FileLock},
    patience::Patience,
    usage::Usage,
};
use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

const FOLDER: &str = "cache";
const LOCK: &str = "lock";

/// A cache that isn't deleted while this is held. Several may use it at once; the installers see
/// to that.
#[derive(Debug)]
pub(super) struct Cache {
    path: PathBuf,
    _lock: File,
}

impl Cache {
    pub(super) fn open(
        store: &Path,
        name: &str,
        patience: &Patience,
    ) -> Result<Self, InstallFailure> {
        let path = store.join(FOLDER).join(name);
        let make = |path: &Path| DirBuilder::new().recursive(true).mode(0o700).create(path);
        let io = |error| InstallFailure::storage("can't make a folder for downloads")(error);
        make(&store.join(FOLDER)).map_err(io)?;
        let lock = file_lock::shared(&path.with_extension(LOCK), patience)?;
        make(&path).map_err(io)?;
        Ok(Self { path, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Deletes caches that nobody uses until all together hold no more than `bytes`.
pub(super) fn trim(store: &Path, bytes: u64) -> io::Result<()> {
    let folder = store.join(FOLDER);
    let mut held = Usage::of(&folder, Usage::ALL).bytes;
    for entry in fs::read_dir(&folder).into_iter().flatten() {
        let path = entry?.path();
        if held <= bytes || !path.is_dir() {
            continue;
        }
        if let Some(lock) = FileLock::try_exclusive(&path.with_extension(LOCK))? {
            held -= Usage::of(&path, Usage::ALL).bytes.min(held);
            fs::remove_dir_all(&path)?;
            lock.delete()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_is_used_is_not_trimmed() {
        let store = tempfile::tempdir().unwrap();
        let patience = Patience::of(Duration::from_secs(60));
        let used = Cache::open(store.path(), "used", &patience).unwrap();
        let idle = Cache::open(store.path(), "idle", &patience).unwrap();
        for cache in [&used, &idle] {
            fs::write(cache.path().join("wheel"), vec![0; 1000]).unwrap();
        }
        let path = idle.path().to_owned();
        drop(idle);
        let idle = path;
        trim(store.path(), 2000).unwrap();
        assert!(idle.exists());
        trim(store.path(), 1500).unwrap();
        assert!(!idle.exists() && used.path().exists());
        trim(store.path(), 0).unwrap();
        assert!(used.path().exists());
    }
}
