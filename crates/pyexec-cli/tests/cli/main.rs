//! Sessions with the real program: what it prints where, and what it exits with.
#![forbid(unsafe_code)]
#![cfg(unix)]
// Clippy knows only functions marked #[test] as tests.
#![allow(clippy::unwrap_used)]

#[cfg(all(feature = "local", target_os = "linux"))]
mod background;
#[cfg(all(feature = "local", target_os = "linux"))]
mod completions;
#[cfg(all(feature = "local", target_os = "linux"))]
mod config;
mod config_show;
#[cfg(all(feature = "local", target_os = "linux"))]
mod deploy;
#[cfg(all(feature = "local", target_os = "linux"))]
mod doctor;
#[cfg(all(feature = "local", target_os = "linux"))]
mod doors;
#[cfg(all(feature = "local", target_os = "linux"))]
mod ends;
#[cfg(all(feature = "local", target_os = "linux"))]
mod eval;
#[cfg(all(feature = "local", target_os = "linux"))]
mod examples;
#[path = "../../../pyexec-core/tests/suite/fake.rs"]
#[allow(dead_code, unreachable_pub, reason = "others use more of it")]
mod fake;
mod help;
#[cfg(all(feature = "local", target_os = "linux"))]
mod input;
#[cfg(all(feature = "local", target_os = "linux"))]
mod json;
#[cfg(all(feature = "local", target_os = "linux"))]
mod live;
#[cfg(all(feature = "local", target_os = "linux"))]
mod local;
#[cfg(all(feature = "local", target_os = "linux"))]
mod logs;
#[cfg(all(feature = "local", target_os = "linux"))]
mod no_proc;
#[cfg(all(feature = "local", target_os = "linux"))]
mod older;
#[cfg(all(feature = "local", target_os = "linux"))]
mod packages;
#[cfg(all(feature = "local", target_os = "linux"))]
mod processes;
#[cfg(all(feature = "local", target_os = "linux"))]
mod profiles;
#[cfg(all(feature = "local", target_os = "linux"))]
mod readme;
#[cfg(all(feature = "local", target_os = "linux"))]
mod remote;
#[cfg(all(feature = "local", target_os = "linux"))]
mod scripted;
#[cfg(all(feature = "local", target_os = "linux"))]
mod serve;
#[cfg(all(feature = "local", target_os = "linux"))]
mod served;
mod session;
#[cfg(all(feature = "local", target_os = "linux"))]
mod shutdown;
#[cfg(all(feature = "local", target_os = "linux"))]
mod state;
#[cfg(all(feature = "local", target_os = "linux"))]
mod systemd;
#[cfg(all(feature = "local", target_os = "linux"))]
mod terminal;
mod usage;
#[cfg(all(feature = "local", target_os = "linux"))]
mod witness;
