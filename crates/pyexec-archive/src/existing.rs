//! Archives from tars that are there already.

#[cfg(feature = "gzip")]
use crate::gzip;
use crate::{
    Archive, ArchiveError,
    plan::{Part, Plan},
    read::{
        ReadError, ReadLimits,
        listing::{self, Streamed},
    },
};
#[cfg(feature = "fs")]
pub(crate) use on_disk::*;
use std::io::Read;

pub(crate) fn in_memory(mut reader: impl Read) -> Result<Archive, ArchiveError> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(ReadError::Read)?;
    #[cfg(feature = "gzip")]
    if gzip::is_gzip(&bytes) {
        return Ok(gzip::plan(bytes.into(), gzip::default_max_bytes())?);
    }
    let entries = listing::list(Streamed(&bytes[..]), &ReadLimits::none())?;
    let size = bytes.len() as u64;
    Ok(Archive::new(Plan::of_tar(Part::Bytes(bytes), size, entries)))
}

#[cfg(feature = "fs")]
mod on_disk {
    use super::*;
    use crate::{read::listing::Source, source_file};
    use std::{
        fs::File,
        io::{self, BufReader},
        path::Path,
    };

    pub(crate) fn on_disk(path: &Path) -> Result<Archive, ArchiveError> {
        let io_error = |source| ArchiveError::Io { path: path.to_owned(), source };
        let length = source_file::inspect(path)?.len();
        #[cfg_attr(not(feature = "gzip"), allow(unused_mut))]
        let mut file = BufReader::new(source_file::open(path).map_err(io_error)?);
        #[cfg(feature = "gzip")]
        {
            use std::io::BufRead;
            if gzip::is_gzip(file.fill_buf().map_err(io_error)?) {
                let tar = gzip::Source::File { path: path.to_owned(), length };
                let planned = gzip::plan(tar, gzip::default_max_bytes());
                return planned.map_err(|error| about(path, error));
            }
        }
        let source = Seeking { file, left: length };
        let entries =
            listing::list(source, &ReadLimits::none()).map_err(|error| about(path, error))?;
        let tar = Part::File { path: path.to_owned(), length, may_be_link: true };
        Ok(Archive::new(Plan::of_tar(tar, length, entries)))
    }

    #[cfg(feature = "gzip")]
    pub(crate) fn gzip_on_disk(path: &Path, max_bytes: u64) -> Result<Archive, ArchiveError> {
        let length = source_file::inspect(path)?.len();
        let source = gzip::Source::File { path: path.to_owned(), length };
        gzip::plan(source, max_bytes).map_err(|error| about(path, error))
    }

    fn about(path: &Path, error: ReadError) -> ArchiveError {
        let path = path.to_owned();
        match error {
            ReadError::Read(source) => ArchiveError::Io { path, source },
            source => ArchiveError::TarFile { path, source },
        }
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
}
