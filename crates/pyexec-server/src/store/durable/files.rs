//! The folder: what is too large for the database, and the lock that keeps other servers out.

use crate::{KeptPlace, Record, StoreError};
use pyexec_sandbox::OutputStream;
use pyexec_types::ExecutionId;
use rustix::fs::{AtFlags, CWD, FlockOperation, flock, linkat, statvfs};
use std::{
    collections::HashSet,
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io,
    os::{
        fd::AsRawFd,
        unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

/// The database, and what lies beside it.
const DATABASE: &str = "executions.redb";
const PARTS: [&str; 5] = ["archives", "environments", "lock", "outputs", "spool"];

/// Nobody else reads code, input and output.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Held for as long as this is.
    _lock: File,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        Self::try_open(path).map_err(StoreError::new)
    }

    fn try_open(path: &Path) -> io::Result<Self> {
        let told = |what: String| {
            move |error: io::Error| io::Error::new(error.kind(), format!("{what}: {error}"))
        };
        let whole = DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path);
        whole.map_err(told(format!("{} can't be made", path.display())))?;
        let found = foreign(path).map_err(told(format!("{} can't be read", path.display())))?;
        if let Some(name) = found {
            let message = format!(
                "{} holds other files ({name}): name a folder that is for this server alone",
                path.display()
            );
            return Err(io::Error::new(io::ErrorKind::DirectoryNotEmpty, message));
        }
        fs::set_permissions(path, Permissions::from_mode(FOLDER_MODE))
            .map_err(told(format!("{} can't be made private", path.display())))?;
        let private = |name: &Path| {
            let mut how = OpenOptions::new();
            let opened = how.create(true).truncate(false).write(true).mode(FILE_MODE).open(name);
            opened.map_err(told(format!("{} can't be written", name.display())))
        };
        let name = path.join("lock");
        let lock = private(&name)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let message = format!("another server uses {}", path.display());
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, message));
            }
            Err(error) => {
                return Err(told(format!("{} can't be locked", name.display()))(error.into()));
            }
        }
        // Made by the database itself it would be for everybody to read.
        private(&path.join(DATABASE))?;
        let folder = Self { path: path.to_owned(), _lock: lock };
        for part in [folder.spool(), folder.path.join("archives"), folder.path.join("outputs")] {
            let made = DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&part);
            made.map_err(told(format!("{} can't be made", part.display())))?;
        }
        Ok(folder)
    }

    pub(super) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Where what has no name yet is.
    pub(super) fn spool(&self) -> PathBuf {
        self.path.join("spool")
    }

    pub(super) fn archive(&self, id: &str) -> PathBuf {
        self.path.join("archives").join(id)
    }

    pub(super) fn output(&self, id: &str, stream: OutputStream) -> PathBuf {
        let end = match stream {
            OutputStream::Stdout => "stdout",
            OutputStream::Stderr => "stderr",
        };
        self.path.join("outputs").join(format!("{id}.{end}"))
    }

    /// Whether there is so much room.
    pub(super) fn check_free(&self, bytes: u64) -> io::Result<()> {
        let space = statvfs(&self.path)?;
        if space.f_bavail.saturating_mul(space.f_frsize) < bytes {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "the disk is full"));
        }
        Ok(())
    }

    /// Gives an upload a name; it is on the disk then.
    pub(super) fn save_archive(&self, id: &ExecutionId, file: &File) -> io::Result<()> {
        save(file, &self.archive(id.as_str()))
    }

    /// Gives large outputs names; they are on the disk then.
    pub(super) fn save_output(&self, record: &Record) -> io::Result<()> {
        for stream in [OutputStream::Stdout, OutputStream::Stderr] {
            if let KeptPlace::Open(file) = record.output.keep(stream).place {
                save(&file, &self.output(record.id().as_str(), stream))?;
            }
        }
        Ok(())
    }

    pub(super) fn forget_archive(&self, id: &str) {
        forget(&self.archive(id));
    }

    pub(super) fn forget_output(&self, id: &str) {
        forget(&self.output(id, OutputStream::Stdout));
        forget(&self.output(id, OutputStream::Stderr));
    }

    /// Removes files that belong to no execution: these archives and those outputs stay.
    pub(super) fn clean(
        &self,
        archives: &HashSet<String>,
        outputs: &HashSet<String>,
    ) -> io::Result<()> {
        let parts = [("archives", Some(archives)), ("outputs", Some(outputs)), ("spool", None)];
        for (part, known) in parts {
            for entry in fs::read_dir(self.path.join(part))? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let id = name.split_once('.').map_or(name.as_str(), |(id, _)| id);
                if known.is_none_or(|known| !known.contains(id)) {
                    forget(&entry.path());
                }
            }
        }
        Ok(())
    }
}

/// A file that shows a folder to be somebody else's, whose mode had better stay as it is.
fn foreign(folder: &Path) -> io::Result<Option<String>> {
    if folder.join(DATABASE).exists() {
        return Ok(None);
    }
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        // An empty disk of its own has that folder.
        if name != "lost+found" && !PARTS.contains(&name.as_str()) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Gives a file a name. What the system can't name is copied.
fn save(file: &File, path: &Path) -> io::Result<()> {
    let here = format!("/proc/self/fd/{}", file.as_raw_fd());
    match linkat(CWD, &here, CWD, path, AtFlags::SYMLINK_FOLLOW) {
        Ok(()) => file.sync_all()?,
        Err(rustix::io::Errno::EXIST) => {}
        Err(_) => {
            let copied = copy(file, path);
            if copied.is_err() {
                forget(path);
            }
            copied?;
        }
    }
    // Its name, too.
    path.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}

/// Copies with the holes of a sparse file left out, whatever the file's own position is.
fn copy(from: &File, path: &Path) -> io::Result<()> {
    let to = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path)?;
    let mut buffer = vec![0; 256 << 10];
    let mut offset = 0;
    loop {
        let read = from.read_at(&mut buffer, offset)?;
        if read == 0 {
            break;
        }
        if buffer[..read].iter().any(|byte| *byte != 0) {
            to.write_all_at(&buffer[..read], offset)?;
        }
        offset += read as u64;
    }
    to.set_len(offset)?;
    to.sync_all()
}

fn forget(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, path = %path.display(), "a file stays behind");
        }
        _ => {}
    }
}
