//! The files of a group.

use rustix::{
    fd::{AsFd, OwnedFd},
    fs::{Mode, OFlags, openat},
    io::{Errno, Result},
};
use std::path::Path;

pub(super) fn open_folder(parent: impl AsFd, path: &Path) -> Result<OwnedFd> {
    openat(parent, path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

pub(super) fn write(folder: &OwnedFd, file: &str, text: &str) -> Result<()> {
    rustix::io::write(open_to_write(folder, file)?, text.as_bytes()).map(drop)
}

pub(super) fn open_to_write(folder: &OwnedFd, file: &str) -> Result<OwnedFd> {
    openat(folder, file, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())
}

pub(super) fn open(folder: &OwnedFd, file: &str) -> Result<OwnedFd> {
    openat(folder, file, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
}

pub(super) fn read(folder: &OwnedFd, file: &str) -> Result<String> {
    let file = open(folder, file)?;
    let mut bytes = vec![0; 4096];
    let read = rustix::io::read(&file, &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes[..read]).into_owned())
}

/// The only number in a file.
pub(super) fn number(folder: &OwnedFd, file: &str) -> Option<u64> {
    read(folder, file).ok()?.trim().parse().ok()
}

/// The number behind a name in a file of such lines.
pub(super) fn value(folder: &OwnedFd, file: &str, name: &str) -> Option<u64> {
    let text = read(folder, file).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(key, _)| *key == name)?.1.trim().parse().ok()
}

/// A file that kernels without the feature lack.
pub(super) fn optional(result: Result<()>) -> Result<()> {
    match result {
        Err(Errno::NOENT) => Ok(()),
        other => other,
    }
}
