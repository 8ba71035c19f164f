//! How connections and callers get in, and what keeps others out.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod browser;
#[path = "../chromium/mod.rs"]
mod chromium;
mod crowds;
mod end;
mod heads;
mod pages;
mod served;
mod slowness;
mod tokens;
