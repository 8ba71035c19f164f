//! What a large upload costs.
#![cfg(feature = "fs")]

#[path = "../../pyexec-core/tests/suite/blocking.rs"]
mod adapter;
#[path = "../../pyexec-core/tests/suite/mod.rs"]
mod suite;

#[test]
fn upload_in_constant_memory() {
    suite::big::upload_in_constant_memory::<adapter::Blocking>();
}
