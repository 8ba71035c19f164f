//! Somebody, or a language model, hands your program Python code, and it should run somewhere
//! else: isolated, with limits, and with its output, its exit code and its errors in your hands.
//! This is the client for that, on ureq: no runtime, few dependencies; `pyexec-async` is the same
//! on tokio. It speaks the API of *python-executor*, to the original and to `pyexec serve`. Names of
//! the Go and Python clients in Rust: `docs/migrating.md` of the repository.
//!
//! A snippet, and the value of its last line:
//!
//! ```no_run
//! use pyexec_blocking::{Client, types::SimpleExecRequest};
//!
//! # fn example() -> Result<(), pyexec_blocking::Error> {
//! let client = Client::new("http://localhost:8080")?;
//! let result = client.eval(&SimpleExecRequest::new("2 + 2"))?;
//! assert_eq!(result.result.as_deref(), Some("4"));
//! # Ok(())
//! # }
//! ```
//!
//! A project of many files, with a time limit. A script that fails is a result like any other; an
//! [`Error`] means that there is none:
//!
//! ```no_run
//! use pyexec_blocking::{
//!     Archive,
//!     types::{ExecutionConfig, Metadata},
//! };
//! # use pyexec_blocking::Client;
//! # fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
//! let archive = Archive::from_map([("main.py", "import app\n"), ("app.py", "print('hi')\n")])?;
//! let metadata = Metadata {
//!     config: Some(ExecutionConfig { timeout_seconds: 60, ..Default::default() }),
//!     ..Metadata::new(archive.detect_entrypoint()?)
//! };
//! let result = client.execute_sync(&archive, &metadata)?;
//! assert_eq!((result.stdout.as_str(), result.exit_code), ("hi\n", 0));
//! # Ok(())
//! # }
//! ```
//!
//! A long one, looked at less and less often, and killed where nobody waits for it any more:
//!
//! ```no_run
//! use pyexec_blocking::WaitPolicy;
//! use std::time::Duration;
//! # use pyexec_blocking::{Archive, Client, types::Metadata};
//! # fn example(client: Client, archive: Archive) -> Result<(), pyexec_blocking::Error> {
//! let id = client.execute_async(&archive, &Metadata::new("main.py"))?;
//! let guard = client.kill_guard(&id);
//! let policy = WaitPolicy::every(Duration::from_millis(200)).backoff(Duration::from_secs(5));
//! let result = client.wait_for_completion(&id, policy)?;
//! guard.disarm();
//! println!("{}", result.stdout);
//! # Ok(())
//! # }
//! ```
//!
//! Its output as it is written, byte for byte, from a server with live events; from any other
//! server the same at the end:
//!
//! ```no_run
//! use pyexec_blocking::ExecutionEvent;
//! use std::io::{Write, stderr, stdout};
//! # use pyexec_blocking::{Archive, Client, types::Metadata};
//! # fn example(client: Client, archive: Archive) -> Result<(), Box<dyn std::error::Error>> {
//! let id = client.execute_async(&archive, &Metadata::new("main.py"))?;
//! for event in client.events(&id) {
//!     match event? {
//!         ExecutionEvent::Stdout(output) => stdout().write_all(&output.bytes)?,
//!         ExecutionEvent::Stderr(output) => stderr().write_all(&output.bytes)?,
//!         ExecutionEvent::Result(result) => println!("exit code {}", result.exit_code),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A service behind a proxy, with a certificate and a token of its own, and a network that fails
//! now and then:
//!
//! ```no_run
//! use pyexec_blocking::{Client, RetryPolicy};
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder("https://pyexec.internal/api")
//!     .bearer_token("s3cret")
//!     .proxy("http://proxy.internal:3128")
//!     .root_certificates(std::fs::read("internal-ca.pem")?)
//!     .retry(RetryPolicy::new().attempts(8))
//!     .build()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! - `rustls` (default): TLS by rustls with ring and Mozilla's root certificates.
//! - `native-tls`: TLS by the platform's library. With neither, only `http://` works.
//! - `fs` (default): archives from files and directories.
//! - `gzip`: takes `.tar.gz` where a tar is taken.
#![forbid(unsafe_code)]

mod builder;
mod client;
mod connection_check;
mod early_answer;
mod exchange;
mod iterator;

pub use builder::ClientBuilder;
pub use client::Client;
pub use iterator::FeedIter;
/// Kills an execution when it is dropped; see [`Client::kill_guard`].
pub type KillGuard = pyexec_core::KillGuard<Client>;
pub use pyexec_core::{
    Archive, ArchiveError, BaseUrl, CallOptions, Error, Events, ExecutionEvent, Executor, Output,
    Pages, Result, RetryPolicy, TransportError, TransportErrorKind, WaitPolicy, archive,
    endpoints::ListExecutions, types,
};
