//! The environments that are complete: each in a folder of its own, named by its address.

use crate::install::{
    InstallFailure, Package,
    environment::{Depth, Environment, Manifest, sync_folder},
    file_lock::{self, FileLock},
    patience::Patience,
    staging::Staging,
};
use std::{
    collections::HashMap,
    fs::{self, DirBuilder, File, FileTimes, OpenOptions, Permissions},
    io,
    os::unix::fs::{
        DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
    },
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

const FOLDER: &str = "environments";
const TREE: &str = "tree";
const MANIFEST: &str = "manifest";
/// Its time is that of the last use; those who use it hold a shared lock on it.
const USED: &str = "used";

/// Its time is that of the last check of every byte, by whoever.
const CHECKED: &str = "checked";
/// The time of a file lags behind the clock, by no more than this.
const TICK: Duration = Duration::from_millis(50);

/// The environments that are complete.
#[derive(Debug)]
pub(super) struct Shelf {
    store: PathBuf,
    /// For how long a check by somebody else is enough.
    trust: Duration,
    /// Those whose every byte was checked by this process, by device and inode of [`USED`].
    checked: Mutex<HashMap<String, (u64, u64)>>,
}

/// What a look at an environment gave.
#[derive(Debug)]
pub(super) enum Found {
    Whole(Environment),
    Damaged(String),
    Nothing,
}

impl Shelf {
    pub(super) fn new(store: &Path, trust: Duration) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o755).create(store.join(FOLDER))?;
        Ok(Self { store: store.to_owned(), trust, checked: Mutex::default() })
    }

    pub(super) fn folder(&self, address: &str) -> PathBuf {
        self.store.join(FOLDER).join(address)
    }

    /// The addresses of all that are there.
    pub(super) fn addresses(&self) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(self.store.join(FOLDER))?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
    }

    /// Takes an environment off the shelf, for use. The first time it is checked: completely, or
    /// what changed since somebody whose word is enough did so.
    pub(super) fn take(
        &self,
        address: &str,
        packages: &[Package],
        patience: &Patience,
    ) -> Result<Found, InstallFailure> {
        let folder = self.folder(address);
        let io = |error| InstallFailure::storage("can't open an environment")(error);
        let used = folder.join(USED);
        let lease = loop {
            match file_lock::try_shared(&used).map_err(io)? {
                Some(lease) => break lease,
                // Somebody looks whether it is used, or is about to remove it.
                None if used.exists() => patience.pause(Duration::from_millis(1))?,
                None if folder.symlink_metadata().is_ok_and(|_| !used.exists()) => {
                    return Ok(Found::Damaged("it has no record of its use".to_owned()));
                }
                None => return Ok(Found::Nothing),
            }
        };
        let metadata = lease.metadata().map_err(io)?;
        let identity = (metadata.dev(), metadata.ino());
        let checked = || self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked().get(address) != Some(&identity) {
            let began = SystemTime::now();
            let depth = self.depth(&folder);
            if let Err(reason) = self.check(address, depth) {
                return Ok(Found::Damaged(reason));
            }
            if depth == Depth::Contents {
                // Who can't know that it was checked checks it.
                let _ = record(&folder, Some(began - TICK));
            }
            checked().insert(address.to_owned(), identity);
        }
        // It isn't worth a failure that the time of its use is unknown.
        let _ = lease.set_times(FileTimes::new().set_modified(SystemTime::now()));
        let tree = folder.join(TREE);
        let packages = packages.to_vec();
        let found = Environment::new(address.to_owned(), tree, packages, String::new(), lease);
        Ok(Found::Whole(found))
    }

    /// How thoroughly to look at one that is used for the first time.
    fn depth(&self, folder: &Path) -> Depth {
        let checked = fs::symlink_metadata(folder.join(CHECKED)).ok();
        let fresh = checked.filter(|checked| is_within(checked, self.trust));
        fresh.map_or(Depth::Contents, |it| Depth::Since((it.mtime(), it.mtime_nsec())))
    }

    pub(super) fn manifest(&self, address: &str) -> Result<Manifest, String> {
        Manifest::read(&self.folder(address).join(MANIFEST))
    }

    /// Whether it is what its manifest says.
    pub(super) fn check(&self, address: &str, depth: Depth) -> Result<(), String> {
        self.manifest(address)?.check(&self.folder(address).join(TREE), depth)
    }

    /// When it was used last, and whether it is used now.
    pub(super) fn use_of(&self, address: &str) -> io::Result<(SystemTime, bool)> {
        let file = File::open(self.folder(address).join(USED))?;
        let modified = file.metadata()?.modified()?;
        Ok((modified, matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock))))
    }

    /// Puts a staged tree onto the shelf: at once or not at all.
    pub(super) fn put(
        &self,
        address: &str,
        staging: &Staging,
        manifest: &Manifest,
    ) -> io::Result<()> {
        let whole = staging.folder().join("environment");
        DirBuilder::new().mode(0o755).create(&whole)?;
        fs::set_permissions(&whole, Permissions::from_mode(0o755))?;
        fs::rename(staging.tree(), whole.join(TREE))?;
        manifest.write(&whole.join(MANIFEST))?;
        let mut how = OpenOptions::new();
        let used = how.write(true).create_new(true).mode(0o600).open(whole.join(USED))?;
        let metadata = used.metadata()?;
        // Every byte was read when the manifest was made.
        record(&whole, None)?;
        sync_folder(&whole)?;
        fs::rename(&whole, self.folder(address))?;
        sync_folder(&self.store.join(FOLDER))?;
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.insert(address.to_owned(), (metadata.dev(), metadata.ino()));
        Ok(())
    }

    /// Removes an environment unless it is used; whether it is gone.
    pub(super) fn remove_unused(&self, address: &str) -> io::Result<bool> {
        let used = self.folder(address).join(USED);
        if !used.exists() {
            return self.remove(address).map(|()| true);
        }
        let _lock = match FileLock::try_exclusive(&used) {
            Ok(Some(lock)) => lock,
            Ok(None) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(error),
        };
        self.remove(address).map(|()| true)
    }

    /// Removes an environment: it is no more before anything of it is deleted.
    pub(super) fn remove(&self, address: &str) -> io::Result<()> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner).remove(address);
        let staging = Staging::new(&self.store)?;
        let gone = fs::rename(self.folder(address), staging.folder().join("removed"));
        match gone {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            // With the staging folder it goes.
            gone => gone,
        }
    }
}

/// Remembers when every byte of an environment was checked: now, by the clock that changes of files
/// are dated by, or then.
fn record(folder: &Path, then: Option<SystemTime>) -> io::Result<()> {
    let mut how = OpenOptions::new();
    let file =
        how.write(true).create(true).truncate(false).mode(0o600).open(folder.join(CHECKED))?;
    match then {
        Some(then) => file.set_times(FileTimes::new().set_modified(then)),
        None => Ok(()),
    }
}

/// Whether something was written no longer ago than this, and not in the future.
pub(super) fn is_within(written: &fs::Metadata, time: Duration) -> bool {
    let written = written.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    written.elapsed().is_ok_and(|age| age < time)
}
