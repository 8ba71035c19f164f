//! The python-executor HTTP service as a library: routes, scheduler, store and backends.
//!
//! [`EmbeddedServer`] is the whole service on a loopback port of its own, for tests and for
//! programs that want everything in one process; [`Server`] serves on a listener of yours.
//!
//! ```no_run
//! use pyexec_server::EmbeddedServer;
//!
//! let server = EmbeddedServer::start()?;
//! println!("listening on {} for those with the token {}", server.url(), server.token());
//! # Ok::<(), pyexec_server::ServerError>(())
//! ```
//!
//! # Who does what
//!
//! A route reads a request into a [`Submission`], in which everything that can be refused has
//! been. The `scheduler` gives it an id, waits for a slot and hands it to a [`Backend`], which
//! runs it; the [`Store`] remembers what came of it.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

mod access;
mod activity;
mod answer;
mod auth;
mod backend;
mod body_limit;
mod caller;
mod clock;
mod config;
mod connection_limits;
mod doors;
mod duration;
mod embedded;
mod error;
mod events;
mod file_error;
mod file_watch;
mod host;
mod idempotency;
mod image;
mod incoming;
mod limits;
mod linger;
mod live;
mod metrics;
mod openapi;
mod output;
mod packages;
mod phase;
mod places;
mod plain_error;
mod queue;
mod request_id;
mod routes;
mod run;
mod sandbox_backend;
mod scheduler;
mod server;
mod space;
mod spool;
mod state;
mod store;
mod submission;
mod tls;
mod token_file;
mod upload;
mod verdict;

pub use activity::Idle;
pub use backend::{Backend, BackendError, BoxFuture};
pub use caller::{Caller, Owner, TokenLimits};
pub use config::{DefaultNetwork, ServerConfig};
pub use connection_limits::ConnectionLimits;
pub use embedded::EmbeddedServer;
pub use error::ServerError;
pub use file_error::FileError;
pub use openapi::openapi_json;
pub use output::{Chunk, KeptPlace, KeptStream, Output};
pub use packages::{PackageInstaller, PackageOptions};
pub use sandbox_backend::SandboxBackend;
pub use server::Server;
pub use store::{DurableStore, IdempotencyKey, ListQuery, MemoryStore, Record, Store, StoreError};
pub use submission::Submission;
pub use tls::TlsFiles;
