//! The sandbox as its users see it: real interpreters, real isolation.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod again;
mod doctor;
mod environments;
mod eval;
mod harness;
mod isolation;
mod launcher;
mod lifecycle;
mod limits;
mod network;
mod no_proc;
mod pre_commands;
mod preloads;
mod semantics;
mod zygotes;
