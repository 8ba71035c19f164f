//! The private folder of this user's own server: who serves, how to reach it, what it keeps.

use crate::failure::Failure;
use rustix::{
    process::geteuid,
    rand::{GetRandomFlags, getrandom},
};
use serde::{Deserialize, Serialize};
use std::{
    env,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Held by the server for as long as it lives.
const LOCK: &str = "lock";
/// Held by whoever looks whether there is a server, and starts one.
const DOOR: &str = "door";
const ANNOUNCEMENT: &str = "server.json";
const TOKEN: &str = "token";

/// The folder, which nobody else can look into.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

/// How a server that runs is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Announcement {
    /// Of the program that serves.
    pub(crate) version: String,
    pub(crate) pid: i32,
    pub(crate) url: String,
}

/// Where a user's own server is at home, whether it has been there or not.
///
/// # Errors
///
/// Where there is no such place.
pub(crate) fn state_folder() -> Result<PathBuf, Failure> {
    let path = |name: &str| env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let state = path("XDG_STATE_HOME")
        .or_else(|| path("HOME").map(|home| home.join(".local/state")))
        .ok_or_else(|| {
            Failure::usage("there is no folder for the local server: HOME isn't set")
                .hint("set XDG_STATE_HOME or HOME, or name a server with --server")
        })?;
    Ok(state.join("pyexec/local"))
}

impl Folder {
    /// The folder, if there has been a server.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub(crate) fn find() -> Result<Option<Self>, Failure> {
        if state_folder()?.exists() { Self::open().map(Some) } else { Ok(None) }
    }

    /// `pyexec/local` where the XDG specification has a user's state.
    ///
    /// # Errors
    ///
    /// Where there is no such place, or others could have put something there.
    pub(crate) fn open() -> Result<Self, Failure> {
        let folder = state_folder()?;
        let failed = |error: io::Error| Failure::ours(cannot_use(&folder)).because(&error);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
        let metadata = fs::symlink_metadata(&folder).map_err(failed)?;
        if !metadata.is_dir()
            || metadata.uid() != geteuid().as_raw()
            || metadata.mode() & 0o077 != 0
        {
            let hint =
                format!("it has to be a folder of yours alone: chmod 700 {}", folder.display());
            return Err(Failure::ours(cannot_use(&folder)).hint(hint));
        }
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// What the server stores.
    pub(crate) fn state(&self) -> PathBuf {
        self.0.join("state")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    /// The log of a server that starts; the one before it is kept as `log.1`.
    pub(crate) fn new_log(&self) -> io::Result<File> {
        match fs::rename(self.log(), self.0.join("log.1")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => self.file(&self.log()),
        }
    }

    pub(crate) fn failed(&self, error: &io::Error) -> Failure {
        Failure::ours(cannot_use(&self.0)).because(error)
    }

    /// A file in here that only this user can read.
    pub(crate) fn file(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)
    }

    /// Waits for its turn to look whether there is a server, or to start one. The turn ends when
    /// the file is dropped.
    pub(crate) fn turn(&self) -> io::Result<File> {
        let door = self.file(&self.0.join(DOOR))?;
        door.lock()?;
        Ok(door)
    }

    /// The turn, unless somebody else has it.
    pub(crate) fn try_turn(&self) -> io::Result<Option<File>> {
        locked(self.file(&self.0.join(DOOR))?)
    }

    /// Becomes the server; none where another is.
    pub(crate) fn serve(&self) -> io::Result<Option<File>> {
        locked(self.file(&self.0.join(LOCK))?)
    }

    /// Whether a server lives.
    pub(crate) fn is_served(&self) -> io::Result<bool> {
        Ok(self.serve()?.is_none())
    }

    /// Waits for the end of the server.
    pub(crate) fn await_end(&self) -> io::Result<()> {
        self.file(&self.0.join(LOCK))?.lock()
    }

    /// What the server said of itself; none before it listens.
    pub(crate) fn announcement(&self) -> io::Result<Option<Announcement>> {
        match fs::read(self.0.join(ANNOUNCEMENT)) {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Says how to reach the server, all at once.
    pub(crate) fn announce(&self, announcement: &Announcement) -> io::Result<()> {
        self.replace(ANNOUNCEMENT, &serde_json::to_vec(announcement)?)
    }

    /// Forgets how an earlier server was reached.
    pub(crate) fn forget(&self) -> io::Result<()> {
        match fs::remove_file(self.0.join(ANNOUNCEMENT)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The token of this user's servers, the same for all, so that what one keeps is the next
    /// one's, too. Made where there is none; call it while holding the server's lock.
    pub(crate) fn make_token(&self) -> io::Result<String> {
        if let Some(token) = self.token()? {
            return Ok(token);
        }
        let mut random = [0; 32];
        getrandom(&mut random[..], GetRandomFlags::empty())?;
        let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        self.replace(TOKEN, token.as_bytes())?;
        Ok(token)
    }

    /// The token, if there has been a server.
    pub(crate) fn token(&self) -> io::Result<Option<String>> {
        match fs::read_to_string(self.0.join(TOKEN)) {
            Ok(token) => Ok(Some(token).filter(|token| !token.is_empty())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn replace(&self, name: &str, contents: &[u8]) -> io::Result<()> {
        let new = self.0.join(format!("{name}.new"));
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(contents)?;
        file.sync_all()?;
        fs::rename(new, self.0.join(name))
    }
}

fn locked(file: File) -> io::Result<Option<File>> {
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn cannot_use(folder: &Path) -> String {
    format!("cannot use the local server's folder {}", folder.display())
}
