//! What an archive holds, member by member.

use crate::header::{Header, HeaderKind};

/// What a member of an archive is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum EntryKind {
    File,
    Directory,
    /// A symbolic link and its target.
    Symlink(String),
    /// Hard links, devices and whatever else an existing tar may hold.
    Other,
}

/// What is stored of a member beside its name and content.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attributes {
    /// Permission bits.
    pub(crate) mode: u32,
    /// Seconds since 1970.
    pub(crate) mtime: i64,
}

/// One member of an [`Archive`](crate::Archive).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) kind: EntryKind,
}

impl Entry {
    /// Its name as the archive has it, a directory's without the trailing slash.
    ///
    /// In an existing tar whose names aren't UTF-8, the bytes that aren't are shown as U+FFFD.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes of its content; 0 for anything but a file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether it is a regular file, not a directory, link or device.
    pub fn is_file(&self) -> bool {
        self.kind == EntryKind::File
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.kind == EntryKind::Directory
    }

    /// Where it leads, if it is a symbolic link.
    pub fn link_target(&self) -> Option<&str> {
        match &self.kind {
            EntryKind::Symlink(target) => Some(target),
            _ => None,
        }
    }

    /// The header that goes before its data.
    pub(crate) fn header(&self, attributes: Attributes) -> Header<'_> {
        let kind = match &self.kind {
            EntryKind::Directory => HeaderKind::Directory,
            EntryKind::Symlink(target) => HeaderKind::Symlink(target),
            EntryKind::File | EntryKind::Other => HeaderKind::File,
        };
        let Attributes { mode, mtime } = attributes;
        Header { name: &self.name, kind, size: self.size, mode, mtime }
    }
}
