//! Servers that are killed, and disks that are full: what was accepted is accounted for.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod disks;
mod keys;
mod kills;
mod leftovers;
mod server;
