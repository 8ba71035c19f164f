//! How connections and callers get in, and what keeps others out.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod pages;
mod served;
mod tokens;
