//! One stream of an execution's output.

use crate::space::{Reservation, SpoolSpace};
use rustix::fs::{FallocateFlags, fallocate};
use std::{
    fs::File,
    io,
    ops::Range,
    os::unix::fs::FileExt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Up to here memory serves.
const IN_MEMORY: u64 = 256 << 10;

/// A piece of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Bytes of the stream that came before.
    pub offset: u64,
    /// The piece; never empty.
    pub bytes: Vec<u8>,
}

/// What is kept of a stream whose execution is over.
#[derive(Debug, Clone, Default)]
pub struct KeptStream {
    /// How many bytes were written.
    pub total: u64,
    /// Where the middle is left out, offsets in the stream.
    pub gap: Option<Range<u64>>,
    /// How many bytes may be shown as text.
    pub most: u64,
    /// Where the rest is.
    pub place: KeptPlace,
}

/// Where what is kept of a stream is.
#[derive(Debug, Clone)]
pub enum KeptPlace {
    /// Here, without the gap.
    Memory(Arc<Vec<u8>>),
    /// In a file that is open, every byte at its offset.
    Open(Arc<File>),
    /// In a file that is opened when it is read, every byte at its offset.
    Named(PathBuf),
}

impl Default for KeptPlace {
    fn default() -> Self {
        Self::Memory(Arc::default())
    }
}

#[derive(Debug)]
pub(super) struct Stream {
    kept: Mutex<KeptStream>,
    spool: Mutex<Option<Reservation>>,
}

impl Stream {
    pub(super) fn new(most: u64, space: &Arc<SpoolSpace>) -> Self {
        let kept = KeptStream { most, ..KeptStream::default() };
        Self { kept: Mutex::new(kept), spool: Mutex::new(Some(Reservation::new(space))) }
    }

    pub(super) fn from_kept(kept: KeptStream) -> Self {
        Self { kept: Mutex::new(kept), spool: Mutex::new(None) }
    }

    fn kept(&self) -> MutexGuard<'_, KeptStream> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> u64 {
        self.kept().total
    }

    pub(super) fn is_too_long(&self) -> bool {
        self.kept().middle().is_some()
    }

    pub(super) fn is_in_memory(&self) -> bool {
        matches!(self.kept().place, KeptPlace::Memory(_))
    }

    pub(super) fn kept_bytes(&self) -> u64 {
        let kept = self.kept();
        kept.total - kept.gap.as_ref().map_or(0, |gap| gap.end - gap.start)
    }

    pub(super) fn keep(&self) -> KeptStream {
        self.kept().clone()
    }

    /// Adds bytes. Readers wait for memory at most, never for the file.
    pub(super) fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut kept = self.kept();
        let offset = kept.total;
        let after = offset + bytes.len() as u64;
        let file = match &mut kept.place {
            KeptPlace::Memory(memory) if after <= IN_MEMORY => {
                Arc::make_mut(memory).extend_from_slice(bytes);
                kept.total = after;
                return Ok(());
            }
            KeptPlace::Memory(memory) => {
                let memory = Arc::clone(memory);
                drop(kept);
                self.reserve(offset)?;
                let file = {
                    let spool = self.spool();
                    let reservation = spool.as_ref().ok_or_else(sealed)?;
                    Arc::new(reservation.space().file()?)
                };
                file.write_all_at(&memory, 0)?;
                self.kept().place = KeptPlace::Open(Arc::clone(&file));
                file
            }
            KeptPlace::Open(file) => {
                let file = Arc::clone(file);
                drop(kept);
                file
            }
            KeptPlace::Named(_) => return Err(sealed()),
        };
        self.reserve(bytes.len() as u64)?;
        file.write_all_at(bytes, offset)?;
        self.kept().total = after;
        Ok(())
    }

    fn spool(&self) -> MutexGuard<'_, Option<Reservation>> {
        self.spool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes space; where there is none, what wouldn't be kept anyway goes first.
    fn reserve(&self, bytes: u64) -> io::Result<()> {
        let mut spool = self.spool();
        let reservation = spool.as_mut().ok_or_else(sealed)?;
        reservation.add(bytes).or_else(|_| {
            let freed = self.kept().drop_middle()?;
            reservation.give_back(freed);
            reservation.add(bytes)
        })
    }

    pub(super) fn seal(&self) {
        let freed = self.kept().drop_middle();
        match freed {
            Ok(freed) => {
                if let Some(reservation) = self.spool().as_mut() {
                    reservation.give_back(freed);
                }
            }
            // It stays as large as it is, and counts as such.
            Err(error) => tracing::debug!(%error, "this file system has no holes in files"),
        }
    }

    pub(super) fn read(&self, offset: u64, most: usize) -> io::Result<Option<Chunk>> {
        loop {
            let kept = self.keep();
            let Some(offset) = kept.first_from(offset) else { return Ok(None) };
            let end = kept.gap.as_ref().filter(|gap| offset < gap.start);
            let end = end.map_or(kept.total, |gap| gap.start);
            let size = usize::try_from(end - offset).unwrap_or(usize::MAX).min(most);
            let bytes = match &kept.place {
                KeptPlace::Memory(memory) => {
                    let left_out = kept.gap.as_ref().filter(|gap| gap.end <= offset);
                    let at = offset - left_out.map_or(0, |gap| gap.end - gap.start);
                    let at = usize::try_from(at).unwrap_or(usize::MAX);
                    memory.get(at..at + size).map(<[u8]>::to_vec).ok_or_else(lost)?
                }
                KeptPlace::Open(file) => exactly(file, offset, size)?,
                KeptPlace::Named(path) => exactly(&File::open(path)?, offset, size)?,
            };
            // It may have gone while it was read.
            if self.kept().first_from(offset) == Some(offset) {
                return Ok(Some(Chunk { offset, bytes }));
            }
        }
    }
}

impl KeptStream {
    /// The first byte from an offset on that is there.
    fn first_from(&self, offset: u64) -> Option<u64> {
        let gap = self.gap.as_ref().filter(|gap| gap.contains(&offset));
        Some(gap.map_or(offset, |gap| gap.end)).filter(|offset| *offset < self.total)
    }

    /// What is left out of one that is too long.
    pub(super) fn middle(&self) -> Option<Range<u64>> {
        let half = self.most / 2;
        (self.total > 2 * half).then(|| half..self.total - half)
    }

    /// Forgets the middle of one that is too long; how many bytes of a file that sets free.
    fn drop_middle(&mut self) -> io::Result<u64> {
        let Some(middle) = self.middle() else { return Ok(0) };
        // What went earlier is the beginning of it.
        let from = self.gap.as_ref().map_or(middle.start, |gap| gap.end);
        if from >= middle.end {
            return Ok(0);
        }
        let freed = middle.end - from;
        let freed = match &mut self.place {
            KeptPlace::Memory(memory) => {
                let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
                let (start, size) = (at(middle.start), at(freed));
                let memory = Arc::make_mut(memory);
                memory.drain(start..start + size);
                memory.shrink_to_fit();
                0
            }
            KeptPlace::Open(file) => {
                let how = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
                fallocate(file, how, from, freed)?;
                freed
            }
            KeptPlace::Named(_) => return Ok(0),
        };
        self.gap = Some(middle);
        Ok(freed)
    }
}

fn exactly(file: &File, offset: u64, size: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; size];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes)
}

fn sealed() -> io::Error {
    io::Error::other("this output takes nothing more")
}

pub(super) fn lost() -> io::Error {
    io::Error::other("a part of the output is missing")
}
