//! What sources import, and the packages that have it.

use pyexec_archive::read::{CanonicalKind, CanonicalReader};
use pyexec_packages::{Detector, Policy, Requirements};
use pyexec_sandbox::PythonVersion;
use std::{
    fs::File,
    io::{self, Read},
    os::fd::{AsFd, OwnedFd},
    os::unix::fs::FileExt,
};

/// Whether imports say what is needed.
pub(crate) const ARE_FOUND: bool = true;

/// Bytes of sources that are read for their imports; others wait meanwhile.
const MOST_SOURCES: u64 = 1 << 20;

/// Adds what the sources in an archive import and don't bring along.
pub(crate) fn add(
    requirements: &mut Requirements,
    archive: &OwnedFd,
    version: PythonVersion,
    policy: &Policy,
) -> io::Result<()> {
    let sources = Sources::read(archive)?;
    let found = detector(version, policy)
        .archive_files(&sources.paths)
        .detect(sources.texts.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    for left_out in found.left_out() {
        tracing::debug!(%left_out, "an import");
    }
    requirements.merge_detected(found.distributions());
    Ok(())
}

/// The packages that modules are in.
pub(crate) fn of_modules(
    modules: &[&str],
    version: PythonVersion,
    policy: &Policy,
) -> Result<Requirements, String> {
    let code: String = modules.iter().map(|module| format!("import {module}\n")).collect();
    let found = detector(version, policy).detect([("modules", code.as_str())]);
    if let Some(left_out) = found.left_out().first() {
        return Err(left_out.to_string());
    }
    let mut requirements = Requirements::default();
    requirements.merge_detected(found.distributions());
    Ok(requirements)
}

fn detector(version: PythonVersion, policy: &Policy) -> Detector<'_> {
    let version = pyexec_packages::PythonVersion::new(version.major(), version.minor());
    Detector::new(version).policy(policy)
}

/// What an archive says of imports.
#[derive(Debug, Default)]
struct Sources {
    /// Of all its files.
    paths: Vec<String>,
    texts: Vec<(String, String)>,
}

impl Sources {
    fn read(archive: &OwnedFd) -> io::Result<Self> {
        let file = File::from(archive.as_fd().try_clone_to_owned()?);
        let mut sources = Self::default();
        let mut left = MOST_SOURCES;
        let mut reader = CanonicalReader::new(io::BufReader::new(FromStart { file, next: 0 }));
        while let Some(mut entry) = reader.next_entry().map_err(io::Error::other)? {
            if entry.kind() == CanonicalKind::Directory {
                continue;
            }
            let (path, size) = (entry.path().to_owned(), entry.size());
            let is_source = entry.kind() == CanonicalKind::File && path.ends_with(".py");
            if is_source && size <= left {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes)?;
                left -= size;
                let text = String::from_utf8_lossy(&bytes).into_owned();
                sources.texts.push((path.clone(), text));
            }
            sources.paths.push(path);
        }
        Ok(sources)
    }
}

/// Reads a file without moving the position that its descriptors share.
#[derive(Debug)]
struct FromStart {
    file: File,
    next: u64,
}

impl Read for FromStart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.next)?;
        self.next += read as u64;
        Ok(read)
    }
}
