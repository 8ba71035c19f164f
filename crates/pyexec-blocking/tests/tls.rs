//! Servers with certificates of their own.
#![cfg(feature = "rustls")]

#[path = "../../pyexec-core/tests/suite/blocking.rs"]
mod adapter;
#[path = "../../pyexec-core/tests/suite/mod.rs"]
mod suite;
#[path = "../../pyexec-core/tests/suite/tls.rs"]
mod tls;

#[test]
fn own_root_certificates() {
    tls::own_root_certificates::<adapter::Blocking>();
}

#[test]
fn hung_up_on_in_the_middle() {
    tls::hung_up_on_in_the_middle::<adapter::Blocking>();
}
