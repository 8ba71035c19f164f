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
//! The other side, [`read`], trusts nothing. One parser decides what a tar holds and writes a
//! canonical stream of it, so that no second parser can read it differently:
//!
//! ```
//! use pyexec_archive::{Archive, read};
//!
//! let received = Archive::from_map([("./pkg//main.py", "print('hi')\n")])?.to_vec()?;
//!
//! let mut canonical = Vec::new();
//! let manifest = read::canonicalize(&received[..], &mut canonical, &read::ReadLimits::default())?;
//! assert!(manifest.contains_file("pkg/main.py"));
//!
//! let mut stream = read::CanonicalReader::new(&canonical[..]);
//! while let Some(mut entry) = stream.next_entry()? {
//!     assert_eq!(entry.path(), "pkg/main.py");
//!     assert_eq!(std::io::read_to_string(&mut entry)?, "print('hi')\n");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod archive;
mod builder;
#[cfg(feature = "fs")]
mod directory;
mod entry;
mod entrypoint;
mod error;
#[cfg(feature = "fs")]
mod files;
mod header;
mod path;
pub mod read;
mod reader;
#[cfg(feature = "fs")]
mod tar_file;
mod tree;

pub use archive::Archive;
pub use builder::ArchiveBuilder;
pub use entry::Entry;
pub use entrypoint::detect_entrypoint;
pub use error::ArchiveError;
pub use reader::ArchiveReader;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
