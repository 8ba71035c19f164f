//! Clients as the environment names them.
#![allow(clippy::unwrap_used)]

use std::{env, process::Command};

/// What a child says of its client, with these variables and no others.
pub(crate) fn child(variables: &[(&str, &str)]) -> String {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "says_what_it_is", "--nocapture"])
        .env_remove("PYEXEC_SERVER")
        .env_remove("PYEXEC_TOKEN")
        .env("SAY", "1")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let said = text.lines().find_map(|line| line.split_once("client: "));
    said.map_or_else(|| panic!("{text}"), |(_, said)| said.to_owned())
}

/// The tests, for a client of this crate.
macro_rules! named_by_the_environment {
    ($client:ident) => {
        #[test]
        #[allow(clippy::print_stdout, reason = "what the parent reads")]
        fn says_what_it_is() {
            if std::env::var_os("SAY").is_none() {
                return;
            }
            match $client::Client::from_env() {
                Ok(client) => println!("client: {} {client:?}", client.base_url().as_str()),
                Err(error) => println!("client: {error}"),
            }
        }

        #[test]
        fn named_by_the_environment() {
            let url = "http://127.0.0.1:1";
            let said = environment::child(&[("PYEXEC_SERVER", url)]);
            assert!(said.starts_with(url) && !said.contains("\"authorization\""), "{said}");
            let said = environment::child(&[("PYEXEC_SERVER", url), ("PYEXEC_TOKEN", "s3cret")]);
            assert!(said.contains("\"authorization\"") && !said.contains("s3cret"), "{said}");
            let said = environment::child(&[("PYEXEC_TOKEN", "s3cret")]);
            assert!(said.starts_with("PYEXEC_SERVER isn't set"), "{said}");
            let said = environment::child(&[("PYEXEC_SERVER", "nonsense")]);
            assert!(said.starts_with("invalid base URL \"nonsense\""), "{said}");
        }
    };
}
pub(crate) use named_by_the_environment;
