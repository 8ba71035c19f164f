//! What an archive holds, member by member.

/// What a member of an archive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum EntryKind {
    File,
    Directory,
    /// Links, devices and whatever else an existing tar may hold.
    Other,
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
}
