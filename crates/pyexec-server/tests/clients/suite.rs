//! What the adapters of the clients stand on.
#![allow(dead_code, unreachable_pub, reason = "shared with other suites")]

#[path = "../../../pyexec-core/tests/suite/subject.rs"]
mod subject;
pub(crate) use subject::{Options, Subject};
