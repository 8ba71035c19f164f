//! Reads tars that strangers sent.
//!
//! Two tar readers seldom agree on every archive, and what one of them checks the other may
//! unpack differently. So one strict parser decides, and [`canonicalize`] writes what it found
//! anew: regular files and directories under plain relative paths, in the order in which they
//! came, without links, devices, owners or times. What unpacks it uses [`CanonicalReader`] and
//! never sees the stranger's bytes.
//!
//! Whatever doesn't fit is refused with a [`ReadError`] that names the member: absolute paths and
//! `..`, links, devices, sparse files, unknown types, names that aren't UTF-8 or hold control
//! characters, a path given twice, a file where a directory is, wrong checksums and numbers,
//! global headers that would rename or resize members, and anything beyond the [`ReadLimits`].
//!
//! ```
//! use pyexec_archive::read::{ReadError, ReadLimits, canonicalize};
//!
//! let mut out = Vec::new();
//! let error = canonicalize(&b"\x1f\x8b\x08 and so on"[..], &mut out, &ReadLimits::default());
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
mod source;

pub use crate::path::{PathError, normalize_path};
pub use canonical::{CanonicalEntry, CanonicalKind, CanonicalReader};
pub use canonicalize::canonicalize;
pub use compression::Compression;
pub use error::{LinkKind, ReadError};
pub use limits::ReadLimits;
pub use manifest::{Manifest, ManifestFile};
