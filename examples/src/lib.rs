//! What the examples share: where their server is.
//!
//! Start one with `cargo run -- serve` in another terminal, then, for example,
//! `cargo run -p pyexec-examples --bin hello_async`.
#![forbid(unsafe_code)]

/// `PYEXEC_SERVER`, or a server on this machine's usual port.
///
/// ```
/// assert!(pyexec_examples::server().starts_with("http"));
/// ```
pub fn server() -> String {
    std::env::var("PYEXEC_SERVER").unwrap_or_else(|_| "http://127.0.0.1:8080".to_owned())
}
