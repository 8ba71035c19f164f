//! Writing a canonical archive into `/work`.
//!
//! The stream has passed the safe reader, so names are clean, links lead to places within, and
//! they come last; the kernel is told all the same to resolve names beneath `/work` and through no
//! link.

use crate::message::{Step, StepError};
use pyexec_archive::read::{CanonicalKind, CanonicalReader};
use rustix::{
    fd::{AsFd, OwnedFd},
    fs::{CWD, Mode, OFlags, ResolveFlags, mkdirat, openat, openat2, symlinkat},
    io::Errno,
};
use std::{
    fs::File,
    io::{BufReader, Seek},
};

/// Unpacks the archive into `/work`.
pub(crate) fn unpack(mut archive: File) -> Result<(), StepError> {
    archive.rewind().step("reading the archive")?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = openat(CWD, "/work", flags, Mode::empty()).step("opening /work")?;
    let mut folders = Folders { root, last: None };
    let mut reader = CanonicalReader::new(BufReader::with_capacity(64 * 1024, archive));
    let unreadable = |error: &dyn std::error::Error| StepError {
        step: "reading the archive".into(),
        errno: 0,
        detail: error.to_string(),
    };
    while let Some(mut entry) = reader.next_entry().map_err(|error| unreadable(&error))? {
        let path = entry.path().to_owned();
        let writing = format!("writing {path:?}");
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", &path));
        match entry.kind() {
            CanonicalKind::File => {}
            CanonicalKind::Directory => {
                folders.open(&path).map(|_| ()).step(writing)?;
                continue;
            }
            CanonicalKind::Symlink => {
                let target = entry.link_target().unwrap_or_default();
                let linked = folders.open(parent).and_then(|at| symlinkat(target, at, name));
                linked.step(writing)?;
                continue;
            }
        }
        let mode = if entry.is_executable() { 0o755 } else { 0o644 };
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
        let file = folders
            .open(parent)
            .and_then(|folder| openat2(folder, name, flags, Mode::from_raw_mode(mode), BENEATH))
            .step(writing.as_str())?;
        std::io::copy(&mut entry, &mut File::from(file)).step(writing)?;
    }
    Ok(())
}

const BENEATH: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);

struct Folders {
    root: OwnedFd,
    /// Files come folder by folder, so the last one is likely the next one.
    last: Option<(String, OwnedFd)>,
}

impl Folders {
    /// A folder, made with its parents where it is missing.
    fn open(&mut self, path: &str) -> rustix::io::Result<impl AsFd + '_> {
        if path.is_empty() {
            return Ok(self.root.as_fd());
        }
        if self.last.as_ref().is_none_or(|(last, _)| last != path) {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let open = || openat2(&self.root, path, flags, Mode::empty(), BENEATH);
            let folder = match open() {
                Err(Errno::NOENT) => {
                    self.make(path)?;
                    open()?
                }
                other => other?,
            };
            self.last = Some((path.to_owned(), folder));
        }
        Ok(self.last.as_ref().map_or(self.root.as_fd(), |(_, folder)| folder.as_fd()))
    }

    fn make(&self, path: &str) -> rustix::io::Result<()> {
        // All that lies above was made by us, since links come last, and is none.
        let make = || mkdirat(&self.root, path, Mode::from_raw_mode(0o755));
        match make() {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(Errno::NOENT) => {
                // From the top down only where something is missing: a path may be deep.
                let parent = path.rsplit_once('/').ok_or(Errno::NOENT)?.0;
                self.make(parent)?;
                make()
            }
            Err(errno) => Err(errno),
        }
    }
}
