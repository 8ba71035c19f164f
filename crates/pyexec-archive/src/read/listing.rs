//! Names and sizes of an existing tar, whatever its members are.

pub(crate) use super::source::{Source, Streamed};
use super::{
    ReadError, ReadLimits,
    members::{Bounds, Kind, Members},
};
use crate::{Entry, entry::EntryKind};

/// Lists a tar that the caller owns: no limits but the input's own size.
pub(crate) fn list(source: impl Source) -> Result<Vec<Entry>, ReadError> {
    let bounds = Bounds { total: u64::MAX, extension: ReadLimits::default().max_extension_bytes };
    let mut members = Members::new(source, bounds);
    let mut entries = Vec::new();
    while let Some(member) = members.next()? {
        let mut name = String::from_utf8_lossy(&member.name).into_owned();
        let kind = match member.kind {
            Kind::File => EntryKind::File,
            Kind::Directory => EntryKind::Directory,
            Kind::SymbolicLink => {
                EntryKind::Symlink(String::from_utf8_lossy(&member.link).into_owned())
            }
            _ => EntryKind::Other,
        };
        if kind == EntryKind::Directory && name.len() > 1 && name.ends_with('/') {
            name.pop();
        }
        entries.push(Entry {
            name,
            size: if kind == EntryKind::File { member.size } else { 0 },
            kind,
        });
    }
    Ok(entries)
}
