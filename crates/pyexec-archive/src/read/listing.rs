//! Names and sizes of an existing tar, whatever its members are.

pub(crate) use super::source::{Source, Streamed};
use super::{
    ReadError, ReadLimits,
    error::shown,
    members::{Bounds, Kind, Members},
};
use crate::{Entry, entry::EntryKind};

/// Lists a tar and sees that nothing follows its end; of the limits only those on the number and
/// the length of names hold.
pub(crate) fn list(source: impl Source, limits: &ReadLimits) -> Result<Vec<Entry>, ReadError> {
    let bounds = Bounds { total: u64::MAX, extension: ReadLimits::default().max_extension_bytes };
    let mut members = Members::new(source, bounds);
    let mut entries = Vec::new();
    let mut names_left = limits.max_paths_bytes;
    while let Some(member) = members.next()? {
        let shown = || shown(&member.name);
        if entries.len() >= limits.max_entries {
            return Err(ReadError::TooManyEntries { member: shown(), limit: limits.max_entries });
        }
        names_left =
            names_left.checked_sub(member.name.len() + member.link.len()).ok_or_else(|| {
                ReadError::PathsTooLong { member: shown(), limit: limits.max_paths_bytes }
            })?;
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
    members.drain()?;
    Ok(entries)
}
