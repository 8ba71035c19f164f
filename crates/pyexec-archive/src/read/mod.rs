//! Reads tars that strangers sent.
//!
//! Two tar readers seldom agree on every archive, and what one of them checks the other may
//! unpack differently. So one strict parser decides, and [`canonicalize`] writes what it found
//! anew: regular files and directories under plain relative paths, in the order in which they
//! came, without devices, owners or times. What unpacks it uses [`CanonicalReader`] and never sees
//! the stranger's bytes.
//!
//! Whatever doesn't fit is refused with a [`ReadError`] that names the member: absolute paths and
//! `..`, devices, sparse files, unknown types, names that aren't UTF-8 or hold control characters,
//! a path given twice, a file where a directory is, wrong checksums and numbers, global headers
//! that would rename or resize members, data after the end, and anything beyond the
//! [`ReadLimits`].
//!
//! Links need a decision. A symbolic link is refused, or kept under [`SymlinkPolicy::Keep`] where
//! it leads to a place within; those that are kept come last, so that nothing is written through
//! one. A hard link to an earlier file becomes a copy in [`canonicalize_seekable`], and is refused
//! by [`canonicalize`], which can't read back what it wrote.
//!
//! ```
//! use pyexec_archive::read::{ReadError, ReadOptions, canonicalize};
//!
//! let mut out = Vec::new();
//! let error = canonicalize(&b"\x1f\x8b\x08 and so on"[..], &mut out, &ReadOptions::default());
//! assert!(matches!(error, Err(ReadError::Compressed { .. })));
//! ```

mod canonical;
mod canonicalize;
mod compression;
mod error;
mod extension;
mod field;
mod limits;
pub(crate) mod listing;
mod manifest;
mod members;
mod options;
mod output;
mod source;

pub use crate::{
    link::{LinkTargetError, normalize_link_target},
    path::{PathError, normalize_path},
};
pub use canonical::{CanonicalEntry, CanonicalKind, CanonicalReader};
pub use canonicalize::{canonicalize, canonicalize_seekable};
pub use compression::Compression;
pub use error::{LinkKind, ReadError};
pub use limits::ReadLimits;
pub use manifest::{Manifest, ManifestFile, ManifestSymlink};
pub use options::{ReadOptions, SymlinkPolicy};
