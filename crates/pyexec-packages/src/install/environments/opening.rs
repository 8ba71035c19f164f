//! Opening a folder of environments: what a crash left goes, what is there is looked over.

use super::{Environments, Failures, LOCKS, Shelf, private, resolutions, shelf};
use crate::install::{
    answers::Answers,
    environment::{self, Depth},
    file_lock::FileLock,
    staging::Staging,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64},
    time::Duration,
};

/// Its time is that of the last look at everything.
const LOOKED_OVER: &str = "looked-over";

/// How much there may be, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentsOptions {
    pub(super) bytes: u64,
    pub(super) environment_bytes: u64,
    pub(super) environment_files: u64,
    pub(super) download_bytes: u64,
    pub(super) resolutions_for: Duration,
    pub(super) trust_checks: Duration,
    pub(super) shown_at: PathBuf,
}

impl Default for EnvironmentsOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl EnvironmentsOptions {
    /// Up to 10 GiB of environments, 4 GiB and 200,000 files of each, 2 GiB of downloads; what
    /// requirements led to is looked up again after an hour.
    pub fn new() -> Self {
        Self {
            bytes: 10 << 30,
            environment_bytes: 4 << 30,
            environment_files: 200_000,
            download_bytes: 2 << 30,
            resolutions_for: Duration::from_secs(3600),
            trust_checks: Duration::ZERO,
            shown_at: PathBuf::from("/opt/pyexec/site-packages"),
        }
    }

    /// How many bytes all environments together may take, files that they share counted once.
    /// More is evicted, the least recently used first; those in use are never, so that there is
    /// more for as long as they take more.
    #[must_use]
    pub fn bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }

    /// How many bytes the files of one environment may have. An installer that writes twice as
    /// much, downloads included, is ended.
    #[must_use]
    pub fn environment_bytes(mut self, bytes: u64) -> Self {
        self.environment_bytes = bytes;
        self
    }

    /// How many files and folders one environment may have.
    #[must_use]
    pub fn environment_files(mut self, files: u64) -> Self {
        self.environment_files = files;
        self
    }

    /// How many bytes of downloads are kept for the next environment. It is looked at after each
    /// installation.
    #[must_use]
    pub fn download_bytes(mut self, bytes: u64) -> Self {
        self.download_bytes = bytes;
        self
    }

    /// For how long requirements lead to the same packages without asking an index.
    #[must_use]
    pub fn resolutions_for(mut self, time: Duration) -> Self {
        self.resolutions_for = time;
        self
    }

    /// For how long it is enough that anyone who has this folder open checked every byte of an
    /// environment: until then, only what changed since is read, and [`Environments::open`] looks
    /// nothing over that was looked over in that time. For processes that use one environment once;
    /// by default each checks for itself.
    #[must_use]
    pub fn trust_checks(mut self, time: Duration) -> Self {
        self.trust_checks = time;
        self
    }

    /// Where scripts will find an environment: what tracebacks show, so that the modules are
    /// compiled for it.
    #[must_use]
    pub fn shown_at(mut self, path: impl Into<PathBuf>) -> Self {
        self.shown_at = path.into();
        self
    }
}

/// What was found when a folder of environments was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opened {
    /// How many environments are there.
    pub environments: usize,
    /// Those that were damaged, with what was wrong. They are gone, and made again when asked for.
    pub damaged: Vec<(String, String)>,
    /// How many installations and removals were interrupted. Nothing of them is left.
    pub interrupted: usize,
}

impl Environments {
    /// Opens the folder, which is made where it isn't there, and private (0700). It belongs to
    /// this alone; other processes may have it open as well.
    ///
    /// What a crash left is deleted. Every environment is looked over (names, kinds, modes and
    /// sizes of files); every byte is checked the first time that one is used. Where
    /// [checks are trusted](EnvironmentsOptions::trust_checks), neither is done again so soon.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn open(folder: impl AsRef<Path>, options: EnvironmentsOptions) -> io::Result<Self> {
        let folder = folder.as_ref();
        private(folder)?;
        let store = folder.canonicalize()?;
        private(&store.join(LOCKS))?;
        let mut opened = Opened { interrupted: Staging::sweep(&store)?, ..Opened::default() };
        for lock in fs::read_dir(store.join(LOCKS))? {
            // Those that nobody holds.
            if let Some(lock) = FileLock::try_exclusive(&lock?.path())? {
                lock.delete()?;
            }
        }
        let shelf = Shelf::new(&store, options.trust_checks)?;
        let looked_over = store.join(LOOKED_OVER);
        let last = fs::symlink_metadata(&looked_over);
        if last.is_ok_and(|last| shelf::is_within(&last, options.trust_checks)) {
            opened.environments = shelf.addresses()?.len();
        } else {
            look_over(&store, &shelf, &mut opened)?;
            fs::write(looked_over, "")?;
        }
        Ok(Self {
            answers: Answers::new(&store),
            store,
            options,
            shelf,
            failures: Failures::default(),
            opened,
            running: AtomicU64::new(0),
            crowded: AtomicBool::new(false),
        })
    }
}

/// Looks at everything that is kept, and removes what is damaged or old.
fn look_over(store: &Path, shelf: &Shelf, opened: &mut Opened) -> io::Result<()> {
    for address in shelf.addresses()? {
        match shelf.check(&address, Depth::Sizes) {
            Ok(()) => opened.environments += 1,
            // Evicted meanwhile, or in use: then the one who uses it next finds out.
            Err(reason) => {
                if shelf.folder(&address).exists() && shelf.remove_unused(&address)? {
                    opened.damaged.push((address, reason));
                }
            }
        }
    }
    resolutions::forget(store, false);
    environment::sweep_objects(store);
    Ok(())
}
