//! Servers in processes of their own: what they keep when they are killed, and what they need.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod disks;
mod expiry;
mod keys;
mod kills;
mod leftovers;
mod memory;
mod server;
mod uploads;
