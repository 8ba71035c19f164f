//! Servers that are killed: what was accepted is accounted for.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod kills;
mod leftovers;
mod server;
