//! Holes in files, which needn't be read to be known as zeros.

use rustix::{
    fs::{SeekFrom, seek},
    io::Errno,
};
use std::{fs::File, io, os::unix::fs::MetadataExt};

/// Below this a file is quicker read than asked about.
const WORTH_ASKING: u64 = 1 << 20;

/// Where a file has data and where holes, told as it is read from start to end.
#[derive(Debug)]
pub(crate) struct Holes {
    /// Up to here nothing needs to be asked.
    known_until: u64,
    is_hole: bool,
}

impl Holes {
    /// Of a file that takes less room than its length.
    pub(crate) fn of(file: &File, length: u64) -> io::Result<Option<Self>> {
        if length < WORTH_ASKING {
            return Ok(None);
        }
        let metadata = file.metadata()?;
        let has_some = metadata.blocks().saturating_mul(512) < metadata.len();
        Ok(has_some.then_some(Self { known_until: 0, is_hole: false }))
    }

    /// How many bytes from `position` on are of one kind, and whether that is a hole. The file is
    /// then at `position` if it isn't.
    pub(crate) fn stretch(
        &mut self,
        file: &File,
        position: u64,
        length: u64,
    ) -> io::Result<(u64, bool)> {
        if position >= self.known_until {
            // Beyond the last data there is none to find.
            let find = |what| match seek(file, what) {
                Err(Errno::NXIO) => Ok(length),
                other => other,
            };
            let data = match find(SeekFrom::Data(position)) {
                // The file system can't tell, so all of it is read.
                Err(Errno::INVAL | Errno::OPNOTSUPP) => {
                    (self.known_until, self.is_hole) = (length, false);
                    seek(file, SeekFrom::Start(position))?;
                    return Ok((length - position, false));
                }
                data => data?.min(length),
            };
            self.is_hole = data > position;
            self.known_until = data;
            if !self.is_hole {
                self.known_until = find(SeekFrom::Hole(position))?.clamp(position + 1, length);
                seek(file, SeekFrom::Start(position))?;
            }
        }
        Ok((self.known_until - position, self.is_hole))
    }
}
