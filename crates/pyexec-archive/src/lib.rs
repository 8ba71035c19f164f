//! Tar archives of Python projects: built to be sent, read as if an enemy had sent them.
//!
//! An [`Archive`] is a plan: names and sizes now, contents when it is read. So its exact
//! [`size`](Archive::size) is known before the first byte, it can be [opened](Archive::open) again
//! for a retry, and a project of any size streams from disk in constant memory. Equal input gives
//! equal bytes: entries carry no times, owners or permissions of the machine that wrote them.
//!
//! ```
//! use pyexec_archive::Archive;
//!
//! let archive = Archive::from_map([("main.py", "print('hi')\n")])?;
//! assert_eq!(archive.detect_entrypoint()?, "main.py");
//! # Ok::<(), pyexec_archive::ArchiveError>(())
//! ```
//!
//! Whatever reads can take it, and knows beforehand how much will come:
//!
//! ```
//! use pyexec_archive::Archive;
//!
//! let archive = Archive::builder()
//!     .add_bytes("app/__main__.py", "import app.work\n")?
//!     .add_bytes("app/work.py", "print('working')\n")?
//!     .build();
//!
//! let mut request_body = Vec::new();
//! let sent = std::io::copy(&mut archive.open(), &mut request_body)?;
//! assert_eq!(sent, archive.size());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Files and directories come from disk with the feature `fs` (on by default):
//!
#![cfg_attr(feature = "fs", doc = "```no_run")]
#![cfg_attr(not(feature = "fs"), doc = "```ignore")]
//! use pyexec_archive::Archive;
//!
//! let project = Archive::from_directory("my-project")?;
//! for entry in project.entries() {
//!     println!("{:>10} {}", entry.size(), entry.name());
//! }
//! # Ok::<(), pyexec_archive::ArchiveError>(())
//! ```
//!
//! What gets in is decided by the project's `.gitignore` and `.pyexecignore`, and by you; a
//! [`Report`] says what was left out:
//!
#![cfg_attr(feature = "fs", doc = "```no_run")]
#![cfg_attr(not(feature = "fs"), doc = "```ignore")]
//! use pyexec_archive::{DirectoryOptions, Symlinks};
//!
//! let project = DirectoryOptions::new()
//!     .exclude("tests/")
//!     .hidden(false)
//!     .symlinks(Symlinks::Keep)
//!     .preserve_mode(true)
//!     .archive("my-project")?;
//! for left_out in project.report().left_out {
//!     println!("not sent: {left_out}");
//! }
//! # Ok::<(), pyexec_archive::ArchiveError>(())
//! ```
//!
//! The other side, [`read`], trusts nothing. One parser decides what a tar holds and writes a
//! canonical stream of it, so that no second parser can read it differently:
//!
//! ```
//! use pyexec_archive::{Archive, read};
//!
//! let received = Archive::from_map([("./pkg//main.py", "print('hi')\n")])?.to_vec()?;
//!
//! let mut canonical = Vec::new();
//! let manifest = read::canonicalize(&received[..], &mut canonical, &read::ReadOptions::default())?;
//! assert!(manifest.contains_file("pkg/main.py"));
//!
//! let mut stream = read::CanonicalReader::new(&canonical[..]);
//! while let Some(mut entry) = stream.next_entry()? {
//!     assert_eq!(entry.path(), "pkg/main.py");
//!     assert_eq!(std::io::read_to_string(&mut entry)?, "print('hi')\n");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A server keeps links that stay within, and copies where a file has two names; for that the
//! output is one that can be read back:
//!
//! ```
//! use pyexec_archive::{Archive, read};
//! use std::io::Cursor;
//!
//! let mut builder = Archive::builder();
//! builder.add_bytes("v2/main.py", "print('hi')\n")?.add_symlink("latest", "v2")?;
//! let received = builder.build().to_vec()?;
//!
//! let mut options = read::ReadOptions::default();
//! options.symlinks = read::SymlinkPolicy::Keep;
//! options.limits.max_total_bytes = 10 << 20;
//! let mut spool = Cursor::new(Vec::new());
//! let manifest = read::canonicalize_seekable(&received[..], &mut spool, &options)?;
//! assert!(manifest.contains_file("latest/main.py"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! - `fs` (default): archives of files and directories on disk. Without it nothing here touches a
//!   file system, and nothing ever starts a thread or asks a clock.
//! - `gzip`: takes `.tar.gz` where a tar is taken, under a cap.
//! - `digest`: `Archive::digest`, for cache keys.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(feature = "fs"),
    deny(clippy::disallowed_methods, clippy::disallowed_types, reason = "no I/O, no clock")
)]

mod archive;
mod builder;
mod chunks;
#[cfg(feature = "digest")]
mod digest;
#[cfg(feature = "fs")]
mod directory;
mod entry;
mod entrypoint;
mod error;
mod existing;
#[cfg(feature = "fs")]
mod files;
#[cfg(feature = "gzip")]
mod gzip;
mod header;
mod link;
mod path;
mod plan;
pub mod read;
mod reader;
mod report;
#[cfg(feature = "fs")]
mod source_file;
#[cfg(all(feature = "fs", target_os = "linux"))]
mod sparse;
mod tree;

pub use archive::Archive;
pub use builder::ArchiveBuilder;
pub use chunks::ArchiveChunks;
#[cfg(feature = "digest")]
pub use digest::ArchiveDigest;
#[cfg(feature = "fs")]
pub use directory::{DirectoryOptions, Symlinks};
pub use entry::Entry;
pub use entrypoint::{detect_entrypoint, entrypoint_candidates};
pub use error::ArchiveError;
pub use reader::ArchiveReader;
pub use report::{LeftOut, LeftOutReason, Report};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
