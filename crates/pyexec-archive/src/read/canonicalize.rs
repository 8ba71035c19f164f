//! From a stranger's tar to a canonical one.

use super::{
    LinkKind, Manifest, ManifestFile, ReadError, ReadLimits,
    error::shown,
    members::{Bounds, Kind, Member, Members},
    source::Streamed,
};
use crate::{
    header::{END, Header, padding},
    path::{PathError, normalize_path},
    tree::{Clash, PathTree},
};
use std::io::{BufReader, Read, Write};

/// Large enough that system calls don't count, small enough for one per request.
const BUFFER: usize = 64 << 10;

/// Reads a tar that a stranger sent and writes what it holds as a canonical stream.
///
/// The input is read to its end, also past the archive's own. What was written before an error is
/// not to be used. Memory doesn't grow with contents, only with the number of members.
///
/// ```
/// use pyexec_archive::{Archive, read::{ReadLimits, canonicalize}};
///
/// let received = Archive::from_map([("./main.py", "print(1)\n")])?.to_vec()?;
/// let mut canonical = Vec::new();
/// let manifest = canonicalize(&received[..], &mut canonical, &ReadLimits::default())?;
///
/// assert_eq!(manifest.files[0].name, "main.py");
/// assert_eq!(manifest.total_bytes(), 9);
/// assert_eq!(manifest.stream_bytes, canonical.len() as u64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// A [`ReadError`] that says what isn't accepted, and where; [`ReadError::is_io`] where the
/// input or output failed.
pub fn canonicalize(
    input: impl Read,
    output: impl Write,
    limits: &ReadLimits,
) -> Result<Manifest, ReadError> {
    let bounds = Bounds { total: limits.max_total_bytes, extension: limits.max_extension_bytes };
    // Reading ahead is no loss, since the input is read to its end.
    let input = Streamed(BufReader::with_capacity(BUFFER, input));
    let mut members = Members::new(input, bounds);
    let mut policy = Policy {
        limits,
        tree: PathTree::new(limits.max_entries),
        paths_left: limits.max_paths_bytes,
    };
    let mut output = Canonical { inner: output, pending: Vec::with_capacity(BUFFER), written: 0 };
    let mut manifest = Manifest::default();
    let mut buffer = vec![0; BUFFER];

    while let Some(member) = members.next()? {
        let Some(path) = policy.accept(&member)? else {
            continue;
        };
        let header = Header {
            name: &path,
            size: member.size,
            is_directory: member.kind == Kind::Directory,
            is_executable: member.is_executable,
        };
        output.write(&header.to_blocks())?;
        if header.is_directory {
            manifest.directories += 1;
            continue;
        }
        loop {
            let count = members.read_data(&mut buffer)?;
            if count == 0 {
                break;
            }
            output.write(&buffer[..count])?;
        }
        output.zeros(padding(member.size))?;
        manifest.files.push(ManifestFile { name: path, size: member.size });
    }
    members.drain()?;
    output.zeros(END)?;
    manifest.stream_bytes = output.finish()?;
    Ok(manifest)
}

/// What may stand in an archive.
struct Policy<'a> {
    limits: &'a ReadLimits,
    tree: PathTree,
    paths_left: usize,
}

impl Policy<'_> {
    /// The member's normalised path, or nothing where there is nothing to write.
    fn accept(&mut self, member: &Member) -> Result<Option<String>, ReadError> {
        let name = || shown(&member.name);
        match member.kind {
            Kind::File | Kind::Directory => {}
            Kind::HardLink => {
                return Err(ReadError::Link { member: name(), kind: LinkKind::Hard });
            }
            Kind::SymbolicLink => {
                return Err(ReadError::Link { member: name(), kind: LinkKind::Symbolic });
            }
            Kind::Other(kind) => {
                return Err(ReadError::Unsupported { member: name(), kind });
            }
        }
        let is_directory = member.kind == Kind::Directory;
        let path = match normalize_path(&member.name, self.limits) {
            // `tar -C directory .` names the directory itself.
            Err(PathError::Empty) if is_directory => return Ok(None),
            Ok(_) if !is_directory && member.name.ends_with(b"/") => {
                return Err(ReadError::Path { member: name(), reason: PathError::TrailingSlash });
            }
            Ok(path) => path,
            Err(reason) => {
                return Err(ReadError::Path { member: name(), reason });
            }
        };
        let added = if is_directory {
            self.tree.add_directory(&path)
        } else {
            self.tree.add_file(&path).map(|()| true)
        };
        let is_new = added.map_err(|clash| match clash {
            Clash::Duplicate => ReadError::Duplicate { member: name() },
            Clash::Kind => ReadError::Conflict { member: name() },
            Clash::Full => {
                ReadError::TooManyEntries { member: name(), limit: self.limits.max_entries }
            }
        })?;
        if is_directory {
            return Ok(is_new.then_some(path));
        }
        self.check_sizes(member, &path)?;
        Ok(Some(path))
    }

    fn check_sizes(&mut self, member: &Member, path: &str) -> Result<(), ReadError> {
        if member.size > self.limits.max_file_bytes {
            return Err(ReadError::FileTooLarge {
                member: shown(&member.name),
                size: member.size,
                limit: self.limits.max_file_bytes,
            });
        }
        // A lie about the size must not cost a read and a write first.
        if member.size > self.limits.max_total_bytes {
            return Err(ReadError::TooLarge { limit: self.limits.max_total_bytes });
        }
        self.paths_left =
            self.paths_left.checked_sub(path.len()).ok_or_else(|| ReadError::PathsTooLong {
                member: shown(&member.name),
                limit: self.limits.max_paths_bytes,
            })?;
        Ok(())
    }
}

/// Counts and collects what is written.
struct Canonical<W> {
    inner: W,
    pending: Vec<u8>,
    written: u64,
}

impl<W: Write> Canonical<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        if self.pending.len() + bytes.len() > BUFFER {
            self.flush()?;
        }
        if bytes.len() >= BUFFER {
            self.inner.write_all(bytes).map_err(ReadError::Write)?;
        } else {
            self.pending.extend_from_slice(bytes);
        }
        self.written += bytes.len() as u64;
        Ok(())
    }

    fn zeros(&mut self, count: u64) -> Result<(), ReadError> {
        self.write(&[0; END as usize][..count as usize])
    }

    fn flush(&mut self) -> Result<(), ReadError> {
        self.inner.write_all(&self.pending).map_err(ReadError::Write)?;
        self.pending.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<u64, ReadError> {
        self.flush()?;
        self.inner.flush().map_err(ReadError::Write)?;
        Ok(self.written)
    }
}
