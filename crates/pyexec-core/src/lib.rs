//! The python-executor API as pure data.
//!
//! This crate knows what a request *means*: which path it has, what its body is, how its answer
//! reads, when it is asked again, when to give up. It opens no socket, reads no clock and needs no
//! runtime; `pyexec-async` and `pyexec-blocking` do that, each with a short loop. So everything
//! here is tested with a scripted clock, and both clients behave alike.
//!
//! | to | use |
//! |---|---|
//! | call the service, whichever client it is | [`Executor`] |
//! | describe one request and its answer | [`Endpoint`], [`endpoints`] |
//! | describe a conversation: polling, retrying, falling back | [`Call`], [`Retry`], [`Wait`] |
//! | follow an execution as it runs | [`Events`] |
//! | describe a streamed answer | [`Feed`], [`SseParser`] |
//!
//! # Writing a call
//!
//! A [`Call`] is a state machine: it is told what happened and says what to do next.
//!
//! ```
//! use pyexec_core::{Call, Endpoint, Event, Step, endpoints::GetHealth};
//! use std::time::Instant;
//!
//! let mut call = GetHealth.once();
//! let now = Instant::now();
//! let Step::Send(exchange) = call.step(Event::Start, now)? else { unreachable!() };
//! assert_eq!(exchange.request.uri(), "/health");
//!
//! // A client sends the request; here is the answer.
//! let answer = http::Response::new(br#"{"status":"ok"}"#.to_vec());
//! let Step::Done(health) = call.step(Event::Answered(answer), now)? else { unreachable!() };
//! assert_eq!(health.status, "ok");
//! # Ok::<(), pyexec_core::Error>(())
//! ```
//!
//! # Features
//!
//! `fs` (default) lets archives hold files and directories. Without it the crate touches nothing
//! outside its arguments and builds for `wasm32-unknown-unknown`.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(feature = "fs"),
    deny(clippy::disallowed_methods, clippy::disallowed_types, reason = "no I/O, no clock")
)]

mod answer;
mod backoff;
mod base_url;
mod body;
mod call;
mod credentials;
mod discovery;
mod embedded;
mod endpoint;
pub mod endpoints;
mod error;
mod events;
mod executor;
mod feed;
mod kill_guard;
mod multipart;
mod options;
mod pages;
mod project;
mod random;
mod retry;
mod settings;
mod sse;
mod submit;
mod transport;
mod wait;

pub use base_url::BaseUrl;
pub use body::{Body, BodyReader};
pub use call::{Call, Event, Exchange, Once, Step};
pub use discovery::Discovery;
pub use endpoint::Endpoint;
pub use error::{Error, Result};
pub use events::{Events, ExecutionEvent, Output};
pub use executor::Executor;
pub use feed::{Feed, FeedEvent, FeedStep};
pub use kill_guard::{KillGuard, Killer};
pub use options::CallOptions;
pub use pages::Pages;
pub use project::Project;
pub use pyexec_archive::{self as archive, Archive, ArchiveError};
pub use pyexec_types as types;
pub use retry::{Retry, RetryPolicy};
pub use settings::{DEFAULT_MAX_RESPONSE, DEFAULT_TIMEOUT, Settings};
pub use sse::{SseEvent, SseParser};
pub use submit::{Submission, Submit};
pub use transport::{TransportError, TransportErrorKind, UploadError};
pub use wait::{Wait, WaitPolicy};
