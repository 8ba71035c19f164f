//! The JSON types of the python-executor HTTP API, version 1, as both sides of the wire see them.
//!
//! This crate knows what the wire *says*, and nothing of what it means, how bytes travel or who
//! runs what. It depends on `serde` alone.
//!
//! Three rules hold for every type, so that old and new peers understand each other:
//!
//! - **Unknown keys are ignored** when reading.
//! - **A missing key, `null` and the zero value read alike** (the original service is written in
//!   Go, whose `omitempty` drops zero values). The one exception is
//!   [`ExecutionConfig::network_disabled`], whose absence means something of its own.
//! - **An unknown word is kept**: a status that this version doesn't know becomes
//!   [`Status::Unknown`] and never an error.
//!
//! Fields marked *ext* are additions that the original service neither sends nor understands.
//!
//! ```
//! use pyexec_types::{ExecutionResult, Status};
//!
//! let result: ExecutionResult = serde_json::from_str(
//!     r#"{"execution_id":"exe_1","status":"completed","stdout":"hi\n","exit_code":0,"new":1}"#,
//! )?;
//! assert_eq!(result.status, Status::Completed);
//! assert_eq!(result.stdout, "hi\n");
//! # Ok::<(), serde_json::Error>(())
//! ```
#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods, clippy::disallowed_types, reason = "no I/O, no clock")]

mod config;
mod error_body;
mod eval;
mod events;
mod health;
mod id;
mod lenient;
mod list;
mod metadata;
mod outcome;
mod result;
mod status;

pub use config::ExecutionConfig;
pub use error_body::ErrorBody;
pub use eval::{CodeFile, SimpleExecRequest};
pub use events::{OutputChunk, StatusChange};
pub use health::{Health, HealthLimits, Isolation};
pub use id::ExecutionId;
pub use list::ExecutionList;
pub use metadata::Metadata;
pub use outcome::Outcome;
pub use result::{ExecutionResult, TracebackFrame};
pub use status::{KillResponse, Status, Submitted};
