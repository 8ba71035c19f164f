//! Async client of the python-executor HTTP API, on tokio and reqwest.
//!
//! ```no_run
//! use pyexec_async::{Archive, Client, types::Metadata};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new("http://localhost:8080")?;
//! let archive = Archive::from_map([("main.py", "print('hi')\n")])?;
//! let metadata = Metadata::new(archive.detect_entrypoint()?);
//! let result = client.execute_sync(&archive, &metadata).await?;
//! assert_eq!(result.stdout, "hi\n");
//! # Ok(())
//! # }
//! ```
//!
//! Code without an archive, and a value back:
//!
//! ```no_run
//! # use pyexec_async::{Client, types::SimpleExecRequest};
//! # async fn example(client: Client) -> Result<(), pyexec_async::Error> {
//! let result = client.eval(&SimpleExecRequest::new("2 + 2")).await?;
//! assert_eq!(result.result.as_deref(), Some("4"));
//! # Ok(())
//! # }
//! ```
//!
//! A long execution, looked at less and less often:
//!
//! ```no_run
//! # use pyexec_async::{Archive, Client, WaitPolicy, types::Metadata};
//! # use std::time::Duration;
//! # async fn example(client: Client, archive: Archive) -> Result<(), pyexec_async::Error> {
//! let id = client.execute_async(&archive, &Metadata::new("main.py")).await?;
//! let policy = WaitPolicy::every(Duration::from_millis(200)).backoff(Duration::from_secs(5));
//! let result = client.wait_for_completion(&id, policy).await?;
//! println!("{}", result.stdout);
//! # Ok(())
//! # }
//! ```
//!
//! Dropping a future ends what it does: an upload stops, a connection closes. An execution that
//! was submitted goes on; [`Client::kill_execution`] ends it.
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
mod pending;
mod stream;
#[cfg(feature = "rustls")]
mod tls;
mod upload;

pub use builder::ClientBuilder;
pub use client::Client;
pub use pending::Pending;
/// Kills an execution when it is dropped; see [`Client::kill_guard`].
pub type KillGuard = pyexec_core::KillGuard<Client>;
pub use pyexec_core::{
    Archive, ArchiveError, BaseUrl, CallOptions, Error, Executor, Result, RetryPolicy,
    TransportError, TransportErrorKind, WaitPolicy, archive, types,
};
pub use stream::FeedStream;
