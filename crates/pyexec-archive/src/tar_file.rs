//! Existing tars on disk.

use crate::{
    Archive, ArchiveError,
    archive::{Part, Plan},
    builder::regular_file_length,
    read::{
        ReadError,
        listing::{self, Source},
    },
};
use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

pub(crate) fn plan(path: &Path) -> Result<Archive, ArchiveError> {
    let length = regular_file_length(path)?;
    let file =
        File::open(path).map_err(|source| ArchiveError::Io { path: path.to_owned(), source })?;
    let source = Seeking { file: BufReader::new(file), left: length };
    let entries = listing::list(source).map_err(|source| match source {
        ReadError::Read(source) => ArchiveError::Io { path: path.to_owned(), source },
        source => ArchiveError::TarFile { path: path.to_owned(), source },
    })?;
    let tar = Part::File { path: path.to_owned(), length };
    Ok(Archive::new(Plan::of_tar(tar, length, entries)))
}

/// Passes over contents without reading them.
struct Seeking {
    file: BufReader<File>,
    left: u64,
}

impl Source for Seeking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }

    fn skip(&mut self, count: u64) -> io::Result<u64> {
        // Seeking past the end would succeed and hide that the file is too short.
        let count = count.min(self.left);
        let offset = i64::try_from(count).map_err(io::Error::other)?;
        self.file.seek_relative(offset)?;
        self.left -= count;
        Ok(count)
    }
}
