//! From a stranger's tar to a canonical one.

use super::{
    LinkKind, Manifest, ManifestFile, ManifestSymlink, ReadError, ReadOptions, SymlinkPolicy,
    error::shown,
    members::{Bounds, Kind, Member, Members},
    output::{Canonical, Output, Seekable, WriteOnly},
    source::Streamed,
};
use crate::{
    header::{Header, HeaderKind, padding},
    link::{LinkTargetError, normalize_link_target},
    path::{PathError, normalize_path},
    tree::{Clash, PathTree},
};
use std::io::{BufReader, Read, Seek, Write};

/// Large enough that system calls don't count, small enough for one per request.
const BUFFER: usize = 64 << 10;
/// What the tree knows a symbolic link by; files have their index.
const SYMLINK: usize = usize::MAX;

/// Reads a tar that a stranger sent and writes what it holds as a canonical stream.
///
/// The input is read to its end. What was written before an error is not to be used. Memory
/// doesn't grow with contents, only with the number of members.
///
/// Hard links are refused, since the content of an earlier file would have to be read again; see
/// [`canonicalize_seekable`].
///
/// ```
/// use pyexec_archive::{Archive, read::{ReadOptions, canonicalize}};
///
/// let received = Archive::from_map([("./main.py", "print(1)\n")])?.to_vec()?;
/// let mut canonical = Vec::new();
/// let manifest = canonicalize(&received[..], &mut canonical, &ReadOptions::default())?;
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
    options: &ReadOptions,
) -> Result<Manifest, ReadError> {
    run(input, WriteOnly(output), options)
}

/// [`canonicalize`] into an output that can be read back, such as a file: a hard link to an
/// earlier file becomes a copy of it.
///
/// The stream begins at the output's position, and the position afterwards is its end. Copies
/// count towards [`max_total_bytes`](super::ReadLimits::max_total_bytes), so that a small archive
/// of many links doesn't fill the disk.
///
/// ```
/// use pyexec_archive::read::{ReadOptions, canonicalize_seekable};
/// use std::io::Cursor;
/// # let received = pyexec_archive::Archive::from_map([("a", "1")])?.to_vec()?;
///
/// let mut canonical = Cursor::new(Vec::new());
/// canonicalize_seekable(&received[..], &mut canonical, &ReadOptions::default())?;
/// # assert_eq!(canonical.into_inner(), received);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`canonicalize`], but hard links are refused only where they name no earlier file.
pub fn canonicalize_seekable(
    input: impl Read,
    output: impl Read + Write + Seek,
    options: &ReadOptions,
) -> Result<Manifest, ReadError> {
    let output = Seekable::new(output).map_err(ReadError::Write)?;
    run(input, output, options)
}

fn run<O: Output>(
    input: impl Read,
    output: O,
    options: &ReadOptions,
) -> Result<Manifest, ReadError> {
    let limits = &options.limits;
    let bounds = Bounds { total: limits.max_total_bytes, extension: limits.max_extension_bytes };
    // Reading ahead is no loss, since the input is read to its end.
    let input = Streamed(BufReader::with_capacity(BUFFER, input));
    let mut members = Members::new(input, bounds);
    let mut policy = Policy {
        options,
        tree: PathTree::new(limits.max_entries),
        paths_left: limits.max_paths_bytes,
        contents_left: limits.max_total_bytes,
        copies_left: limits.max_copied_bytes,
        can_copy: O::CAN_READ_BACK,
    };
    let mut output = Canonical::new(output, BUFFER);
    let mut manifest = Manifest::default();
    // Of each file, where its content begins in the output and whether it may be executed.
    let mut written: Vec<(u64, bool)> = Vec::new();
    let mut buffer = vec![0; BUFFER];

    while let Some(member) = members.next()? {
        let Some(accepted) = policy.accept(&member, &manifest)? else {
            continue;
        };
        match accepted {
            Accepted::Directory { path } => {
                output.header(Header {
                    name: &path,
                    kind: HeaderKind::Directory,
                    size: 0,
                    mode: 0o755,
                    mtime: 0,
                })?;
                manifest.directories += 1;
            }
            Accepted::File { path } => {
                output.header(file_header(&path, member.size, member.is_executable))?;
                written.push((output.position(), member.is_executable));
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
            Accepted::Copy { path, of } => {
                let (from, is_executable) = written[of];
                let size = manifest.files[of].size;
                output.header(file_header(&path, size, is_executable))?;
                written.push((output.position(), is_executable));
                output.copy(from, size, &mut buffer)?;
                output.zeros(padding(size))?;
                manifest.files.push(ManifestFile { name: path, size });
            }
            Accepted::Symlink(link) => manifest.symlinks.push(link),
        }
    }
    members.drain()?;
    for link in &manifest.symlinks {
        output.header(Header {
            name: &link.name,
            kind: HeaderKind::Symlink(&link.target),
            size: 0,
            mode: 0o777,
            mtime: 0,
        })?;
    }
    manifest.stream_bytes = output.finish()?;
    Ok(manifest)
}

fn file_header(name: &str, size: u64, is_executable: bool) -> Header<'_> {
    let mode = if is_executable { 0o755 } else { 0o644 };
    Header { name, kind: HeaderKind::File, size, mode, mtime: 0 }
}

/// What is written of a member that may stand in an archive.
enum Accepted {
    Directory {
        path: String,
    },
    File {
        path: String,
    },
    /// A copy of the file with that index.
    Copy {
        path: String,
        of: usize,
    },
    /// To be written when all files are.
    Symlink(ManifestSymlink),
}

/// What may stand in an archive.
struct Policy<'a> {
    options: &'a ReadOptions,
    tree: PathTree,
    paths_left: usize,
    contents_left: u64,
    copies_left: u64,
    can_copy: bool,
}

impl Policy<'_> {
    /// What to write of the member, or nothing where there is nothing to write.
    fn accept(
        &mut self,
        member: &Member,
        manifest: &Manifest,
    ) -> Result<Option<Accepted>, ReadError> {
        let name = || shown(&member.name);
        match member.kind {
            Kind::File | Kind::Directory => {}
            Kind::HardLink if self.can_copy => {}
            Kind::SymbolicLink if self.options.symlinks == SymlinkPolicy::Keep => {}
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
        let path = match normalize_path(&member.name, &self.options.limits) {
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
        match member.kind {
            Kind::Directory => {
                let added = self.tree.add_directory(&path);
                let is_new = added.map_err(|clash| self.clash(member, &clash))?;
                return Ok(is_new.then_some(Accepted::Directory { path }));
            }
            Kind::SymbolicLink => return self.symlink(member, path).map(Some),
            _ => {}
        }
        // The next file's index.
        let index = manifest.files.len();
        let of = match member.kind {
            Kind::HardLink => Some(self.linked_file(member)?),
            _ => None,
        };
        self.add_leaf(member, &path, index)?;
        let size = of.map_or(member.size, |of| manifest.files[of].size);
        self.check_size(member, size)?;
        if of.is_some() {
            let limit = self.options.limits.max_copied_bytes;
            self.copies_left = self
                .copies_left
                .checked_sub(size)
                .ok_or_else(|| ReadError::CopiesTooLarge { member: shown(&member.name), limit })?;
        }
        self.take_path_bytes(member, path.len())?;
        Ok(Some(match of {
            Some(of) => Accepted::Copy { path, of },
            None => Accepted::File { path },
        }))
    }

    fn symlink(&mut self, member: &Member, path: String) -> Result<Accepted, ReadError> {
        let target = normalize_link_target(&path, &member.link, &self.options.limits)
            .map_err(|reason| link_target(member, reason))?;
        self.add_leaf(member, &path, SYMLINK)?;
        self.take_path_bytes(member, path.len() + target.len())?;
        Ok(Accepted::Symlink(ManifestSymlink { name: path, target }))
    }

    /// The earlier file that a hard link names.
    fn linked_file(&self, member: &Member) -> Result<usize, ReadError> {
        let path = normalize_path(&member.link, &self.options.limits)
            .map_err(|reason| link_target(member, reason.into()))?;
        match self.tree.leaf(&path) {
            Some(SYMLINK) | None => Err(link_target(member, LinkTargetError::NotAnEarlierFile)),
            Some(index) => Ok(index),
        }
    }

    fn add_leaf(&mut self, member: &Member, path: &str, id: usize) -> Result<(), ReadError> {
        self.tree.add_leaf(path, id).map_err(|clash| self.clash(member, &clash))
    }

    fn clash(&self, member: &Member, clash: &Clash) -> ReadError {
        let limit = self.options.limits.max_entries;
        let member = shown(&member.name);
        match clash {
            Clash::Duplicate => ReadError::Duplicate { member },
            Clash::Kind => ReadError::Conflict { member },
            Clash::Full => ReadError::TooManyEntries { member, limit },
        }
    }

    fn check_size(&mut self, member: &Member, size: u64) -> Result<(), ReadError> {
        let limits = &self.options.limits;
        if size > limits.max_file_bytes {
            return Err(ReadError::FileTooLarge {
                member: shown(&member.name),
                size,
                limit: limits.max_file_bytes,
            });
        }
        // A lie about the size must not cost a read and a write first.
        self.contents_left = self
            .contents_left
            .checked_sub(size)
            .ok_or(ReadError::TooLarge { limit: limits.max_total_bytes })?;
        Ok(())
    }

    /// Paths are what stays in memory.
    fn take_path_bytes(&mut self, member: &Member, bytes: usize) -> Result<(), ReadError> {
        self.paths_left =
            self.paths_left.checked_sub(bytes).ok_or_else(|| ReadError::PathsTooLong {
                member: shown(&member.name),
                limit: self.options.limits.max_paths_bytes,
            })?;
        Ok(())
    }
}

fn link_target(member: &Member, reason: LinkTargetError) -> ReadError {
    ReadError::LinkTarget { member: shown(&member.name), target: shown(&member.link), reason }
}
