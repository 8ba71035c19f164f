//! Clients as the environment names them. Run in processes of their own, since the environment
//! belongs to all threads.

#[path = "../../pyexec-core/tests/suite/environment.rs"]
mod environment;

environment::named_by_the_environment!(pyexec_async);

#[test]
fn a_proxys_password_is_not_shown() {
    let builder = pyexec_async::Client::builder("http://host").proxy("http://u:s3cret@proxy:3128");
    let shown = format!("{builder:?}");
    assert!(!shown.contains("s3cret"), "{shown}");
    let shown = format!("{:?}", builder.build().unwrap());
    assert!(!shown.contains("s3cret") && !shown.contains("czNjcmV0"), "{shown}");
}
