//! What the service does beyond the original: owners, events, long polls, lists, keys.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod events;
mod http;
mod keys;
mod lists;
mod output;
mod owners;
mod queue;
