//! Blocking client of the python-executor HTTP API, on ureq. No runtime, few dependencies.
//!
//! ```no_run
//! use pyexec_blocking::{Archive, Client, types::Metadata};
//!
//! let client = Client::new("http://localhost:8080")?;
//! let archive = Archive::from_map([("main.py", "print('hi')\n")])?;
//! let metadata = Metadata::new(archive.detect_entrypoint()?);
//! let result = client.execute_sync(&archive, &metadata)?;
//! assert_eq!(result.stdout, "hi\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Code without an archive, and a value back:
//!
//! ```no_run
//! # use pyexec_blocking::{Client, types::SimpleExecRequest};
//! # let client = Client::new("http://localhost:8080")?;
//! let result = client.eval(&SimpleExecRequest::new("2 + 2"))?;
//! assert_eq!(result.result.as_deref(), Some("4"));
//! # Ok::<(), pyexec_blocking::Error>(())
//! ```
//!
//! A long execution, looked at less and less often:
//!
//! ```no_run
//! # use pyexec_blocking::{Archive, Client, WaitPolicy, types::Metadata};
//! # use std::time::Duration;
//! # let client = Client::new("http://localhost:8080")?;
//! # let archive = Archive::from_map([("main.py", "")])?;
//! let id = client.execute_async(&archive, &Metadata::new("main.py"))?;
//! let policy = WaitPolicy::every(Duration::from_millis(200)).backoff(Duration::from_secs(5));
//! let result = client.wait_for_completion(&id, policy)?;
//! println!("{}", result.stdout);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! - `rustls` (default): TLS by rustls with ring and Mozilla's root certificates.
//! - `native-tls`: TLS by the platform's library. With neither, only `http://` works.
//! - `fs` (default): archives from files and directories.
#![forbid(unsafe_code)]

mod builder;
mod client;
mod exchange;
mod iterator;

pub use builder::ClientBuilder;
pub use client::Client;
pub use iterator::FeedIter;
/// Kills an execution when it is dropped; see [`Client::kill_guard`].
pub type KillGuard = pyexec_core::KillGuard<Client>;
pub use pyexec_core::{
    Archive, ArchiveError, BaseUrl, CallOptions, Error, Executor, Result, RetryPolicy,
    TransportError, TransportErrorKind, WaitPolicy, archive, types,
};
