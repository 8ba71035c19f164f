//! Environments, made by real installers from packages made by hand.
#![cfg(all(unix, feature = "install"))]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "functions of tests")]

mod failures;
mod hostile;
mod index;
mod installing;
mod limits;
mod processes;
mod server;
mod store;
mod support;
mod trust;
