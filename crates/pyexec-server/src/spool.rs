//! Where an upload waits for its slot: in a memfd while it is small, in an unlinked file under a
//! quota once it isn't.

use crate::space::{Reservation, SpoolSpace};
use rustix::{
    fd::OwnedFd,
    fs::{MemfdFlags, memfd_create},
};
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    sync::Arc,
};

/// Up to here memory serves.
const IN_MEMORY: u64 = 1 << 20;

/// One upload.
#[derive(Debug)]
pub(crate) struct Spool {
    file: File,
    bytes: u64,
    reservation: Reservation,
}

impl Spool {
    pub(crate) fn new(space: &Arc<SpoolSpace>) -> io::Result<Self> {
        let file = memfd_create("pyexec-upload", MemfdFlags::CLOEXEC)?.into();
        Ok(Self { file, bytes: 0, reservation: Reservation::new(space) })
    }

    /// The upload's only descriptor, and its part of the quota to hold for as long.
    pub(crate) fn into_parts(self) -> (OwnedFd, Reservation) {
        (self.file.into(), self.reservation)
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let after = self.bytes + bytes.len() as u64;
        if after > IN_MEMORY && self.reservation.bytes() == 0 {
            self.reservation.add(after)?;
            let mut file = self.reservation.space().file()?;
            self.file.rewind()?;
            io::copy(&mut self.file, &mut file)?;
            self.file = file;
        } else if after > IN_MEMORY {
            self.reservation.add(bytes.len() as u64)?;
        }
        self.file.write_all(bytes)?;
        self.bytes = after;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

// What was written is read back where an archive has the same file twice.
impl Read for Spool {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Seek for Spool {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_stays_in_memory_and_large_goes_to_the_folder_under_its_quota() {
        let folder = tempfile::tempdir().unwrap();
        let space = SpoolSpace::new(folder.path().into(), 3 << 20);
        let half = vec![7; 512 << 10];
        let mut spool = Spool::new(&space).unwrap();
        spool.write_all(&half).unwrap();
        assert_eq!(space.used(), 0);
        for _ in 0..4 {
            spool.write_all(&half).unwrap();
        }
        assert_eq!(space.used(), 5 * half.len() as u64);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
        let mut other = Spool::new(&space).unwrap();
        let error = other.write_all(&vec![0; 2 << 20]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::QuotaExceeded);

        let (file, reservation) = spool.into_parts();
        let mut file = File::from(file);
        file.rewind().unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, vec![7; 5 * half.len()]);
        drop((reservation, other));
        assert_eq!(space.used(), 0);
    }
}
