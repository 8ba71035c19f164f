//! A folder for what is too large for memory, and how much may be in it.

use std::{
    fs::File,
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// A folder, and how much may be in it.
#[derive(Debug)]
pub(crate) struct SpoolSpace {
    folder: PathBuf,
    most: u64,
    used: AtomicU64,
}

impl SpoolSpace {
    pub(crate) fn new(folder: PathBuf, most: u64) -> Arc<Self> {
        Arc::new(Self { folder, most, used: AtomicU64::new(0) })
    }

    /// A new file there that has no name: it goes with the process.
    pub(crate) fn file(&self) -> io::Result<File> {
        tempfile::tempfile_in(&self.folder)
    }

    /// Bytes that may be in it.
    pub(crate) fn most(&self) -> u64 {
        self.most
    }

    /// Bytes that are reserved.
    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Acquire)
    }
}

/// A part of the space; it returns when this is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    bytes: u64,
    space: Arc<SpoolSpace>,
}

impl Reservation {
    /// None of it so far.
    pub(crate) fn new(space: &Arc<SpoolSpace>) -> Self {
        Self { bytes: 0, space: Arc::clone(space) }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn space(&self) -> &SpoolSpace {
        &self.space
    }

    /// Takes more, where there is as much left.
    pub(crate) fn add(&mut self, bytes: u64) -> io::Result<()> {
        let reserve = |used: u64| used.checked_add(bytes).filter(|used| *used <= self.space.most);
        let used = &self.space.used;
        match used.fetch_update(Ordering::AcqRel, Ordering::Acquire, reserve) {
            Ok(_) => {
                self.bytes += bytes;
                Ok(())
            }
            Err(_) => Err(io::Error::new(io::ErrorKind::QuotaExceeded, "the spool is full")),
        }
    }

    /// Gives a part back.
    pub(crate) fn give_back(&mut self, bytes: u64) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.space.used.fetch_sub(bytes, Ordering::AcqRel);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.space.used.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}
