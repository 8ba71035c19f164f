//! The cases that both clients share, against a scripted double of the service.

#[path = "../../pyexec-core/tests/suite/tokio.rs"]
mod adapter;
#[path = "../../pyexec-core/tests/suite/mod.rs"]
mod suite;

suite::scripted!(crate::adapter::Async);
