//! Regular files on disk that contents come from.

#[cfg(target_os = "linux")]
use crate::sparse::Holes;
use crate::{ArchiveError, reader::fitting};
use std::{
    cmp::Ordering,
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read},
    path::Path,
};

/// What is known of a regular file that may be read, links followed.
///
/// Whether it may is asked now, so that one that may not is known before anything is sent.
pub(crate) fn inspect(path: &Path) -> Result<Metadata, ArchiveError> {
    let metadata =
        fs::metadata(path).map_err(|source| ArchiveError::Io { path: path.to_owned(), source })?;
    if !metadata.is_file() {
        return Err(ArchiveError::NotAFile { path: path.to_owned() });
    }
    check_readable(path, &metadata)?;
    Ok(metadata)
}

/// Whether a file may be read. One that everybody may read isn't asked about: it costs a system
/// call a file, and where an access list says otherwise, reading it says so later.
#[cfg(unix)]
pub(crate) fn check_readable(path: &Path, metadata: &Metadata) -> Result<(), ArchiveError> {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    const EVERYBODY: u32 = 0o444;
    if mode(metadata) & EVERYBODY == EVERYBODY {
        return Ok(());
    }
    accessat(CWD, path, Access::READ_OK, AtFlags::EACCESS)
        .map_err(|errno| ArchiveError::Io { path: path.to_owned(), source: errno.into() })
}

#[cfg(not(unix))]
pub(crate) fn check_readable(_: &Path, _: &Metadata) -> Result<(), ArchiveError> {
    Ok(())
}

/// A file that is read for an archive planned before.
#[derive(Debug)]
pub(crate) struct OpenFile {
    file: File,
    /// Whether a read has shown that it ends where it should.
    is_at_end: bool,
    #[cfg(target_os = "linux")]
    holes: Option<Holes>,
}

impl OpenFile {
    /// Opens a file that was planned with this length.
    pub(crate) fn new(path: &Path, length: u64, may_be_link: bool) -> io::Result<Self> {
        let file = open_as(path, may_be_link).map_err(|error| about(path, &error))?;
        // Only Linux tells of holes.
        #[cfg(not(target_os = "linux"))]
        let _ = length;
        Ok(Self {
            #[cfg(target_os = "linux")]
            holes: Holes::of(&file, length).map_err(|error| about(path, &error))?,
            file,
            is_at_end: false,
        })
    }

    /// Reads from `position`, where the last read ended; 0 at the planned length.
    pub(crate) fn read(
        &mut self,
        path: &Path,
        length: u64,
        position: u64,
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        let left = length - position;
        if left == 0 {
            return self.expect_end(path, length).map(|()| 0);
        }
        #[cfg(target_os = "linux")]
        if let Some(holes) = &mut self.holes {
            let stretch = holes.stretch(&self.file, position, length);
            let (count, is_hole) = stretch.map_err(|error| about(path, &error))?;
            let room = fitting(count, buffer.len());
            if is_hole {
                buffer[..room].fill(0);
                return Ok(room);
            }
            let count = self.read_some(path, &mut buffer[..room])?;
            return self.check_progress(path, length, position, count);
        }
        // One byte more than there should be shows in the same call that it has grown.
        let wanted = fitting(left.saturating_add(1), buffer.len());
        let count = self.read_some(path, &mut buffer[..wanted])?;
        if count as u64 > left {
            return Err(self.changed(path, length));
        }
        self.is_at_end = count as u64 == left && count < wanted;
        self.check_progress(path, length, position, count)
    }

    fn read_some(&mut self, path: &Path, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer).map_err(|error| about(path, &error))
    }

    fn check_progress(
        &self,
        path: &Path,
        length: u64,
        position: u64,
        count: usize,
    ) -> io::Result<usize> {
        if count > 0 {
            return Ok(count);
        }
        Err(match self.file.metadata() {
            Ok(now) if now.len() >= length => changed(path, length, position),
            _ => self.changed(path, length),
        })
    }

    /// All of it was read; it may have grown or shrunk meanwhile.
    fn expect_end(&mut self, path: &Path, length: u64) -> io::Result<()> {
        if self.is_at_end {
            return Ok(());
        }
        #[cfg(target_os = "linux")]
        let position_is_known = self.holes.is_none();
        #[cfg(not(target_os = "linux"))]
        let position_is_known = true;
        // Rather than its length, which some file systems make up.
        let has_more = position_is_known && self.read_some(path, &mut [0])? > 0;
        let now = self.file.metadata().map_err(|error| about(path, &error))?;
        if has_more || now.len() != length || !now.is_file() {
            return Err(self.changed(path, length));
        }
        self.is_at_end = true;
        Ok(())
    }

    /// What became of it.
    fn changed(&self, path: &Path, length: u64) -> io::Error {
        match self.file.metadata() {
            Ok(now) if now.is_file() => changed(path, length, now.len()),
            Ok(_) => no_longer_regular(path),
            Err(error) => about(path, &error),
        }
    }
}

/// Opens a file that was planned with this length, if it still has it.
#[cfg(feature = "gzip")]
pub(crate) fn reopen(path: &Path, length: u64) -> io::Result<File> {
    let file = open(path).map_err(|error| about(path, &error))?;
    let metadata = file.metadata().map_err(|error| about(path, &error))?;
    match metadata.len() {
        _ if !metadata.is_file() => Err(no_longer_regular(path)),
        now if now != length => Err(changed(path, length, now)),
        _ => Ok(file),
    }
}

/// Opens a file without waiting for the other end of what may have become a pipe.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    open_as(path, true)
}

/// The same, where what was no link when it was planned may not have become one since.
#[cfg_attr(not(unix), allow(unused_variables))]
fn open_as(path: &Path, may_be_link: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        flags.set(OFlags::NOFOLLOW, !may_be_link);
        options.custom_flags(flags.bits().cast_signed());
    }
    options.open(path)
}

fn changed(path: &Path, planned: u64, now: u64) -> io::Error {
    let how = match now.cmp(&planned) {
        Ordering::Less => "shrank",
        Ordering::Equal => {
            return invalid(path, &format!("has more content than its length of {now} bytes"));
        }
        Ordering::Greater => "grew",
    };
    let change = format!("{how} from {planned} to {now} bytes while it was being archived");
    invalid(path, &change)
}

fn no_longer_regular(path: &Path) -> io::Error {
    invalid(path, "is no longer a regular file")
}

fn invalid(path: &Path, what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{} {what}", path.display()))
}

/// The error with the file that it is about.
pub(crate) fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Its permission bits.
#[cfg(unix)]
pub(crate) fn mode(metadata: &Metadata) -> u32 {
    use std::os::unix::fs::MetadataExt;
    metadata.mode() & 0o777
}

/// What a system without permission bits would show.
#[cfg(not(unix))]
pub(crate) fn mode(metadata: &Metadata) -> u32 {
    if metadata.is_dir() { 0o755 } else { 0o644 }
}

/// When it was last changed, in whole seconds since 1970, negative before.
pub(crate) fn mtime(metadata: &Metadata) -> io::Result<i64> {
    let modified = metadata.modified()?;
    let seconds = |duration: std::time::Duration| i64::try_from(duration.as_secs()).ok();
    let since = match modified.duration_since(std::time::UNIX_EPOCH) {
        Ok(after) => seconds(after),
        // Rounded down, as for all others.
        Err(before) => seconds(before.duration()).map(|whole| {
            let has_fraction = before.duration().subsec_nanos() > 0;
            -whole - i64::from(has_fraction)
        }),
    };
    since.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "its time is out of range"))
}
