//! The sandbox as its users see it: real interpreters, real isolation.
#![cfg(target_os = "linux")]
#![allow(missing_docs, reason = "tests")]

mod eval;
mod harness;
mod isolation;
mod lifecycle;
mod limits;
mod pre_commands;
mod semantics;
