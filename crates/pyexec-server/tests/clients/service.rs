//! Servers for the cases.

use crate::suite::{Options, Subject};
use pyexec_core::{
    Archive,
    types::{ExecutionConfig, ExecutionResult, Metadata},
};
use pyexec_sandbox::SandboxOptions;
use pyexec_server::{EmbeddedServer, ServerConfig};
use std::{sync::LazyLock, time::Duration};

/// The server that most cases share.
pub(crate) static SHARED: LazyLock<EmbeddedServer> =
    LazyLock::new(|| EmbeddedServer::start().unwrap());

pub(crate) const POLL: Duration = Duration::from_millis(10);

pub(crate) fn client<S: Subject>(server: &EmbeddedServer) -> S {
    let token = Some(server.token().to_owned());
    S::build(Options { token, ..Options::new(server.url()) }).unwrap()
}

pub(crate) fn shared<S: Subject>() -> S {
    client(&SHARED)
}

/// A server of a case's own.
pub(crate) fn server(change: impl FnOnce(&mut ServerConfig)) -> EmbeddedServer {
    let mut config = ServerConfig::default();
    change(&mut config);
    EmbeddedServer::start_with(config, SandboxOptions::default()).unwrap()
}

pub(crate) fn main_py(code: &str) -> Archive {
    Archive::from_map([("main.py", code)]).unwrap()
}

pub(crate) fn run<S: Subject>(code: &str) -> ExecutionResult {
    shared::<S>().execute_sync(&main_py(code), &Metadata::new("main.py")).unwrap()
}

/// Whether control groups enforce the limits here.
pub(crate) fn has_groups<S: Subject>(client: &S) -> bool {
    client.health().unwrap().isolation.is_some_and(|isolation| isolation.limits != "rlimits")
}

pub(crate) fn with(config: ExecutionConfig) -> Metadata {
    Metadata { config: Some(config), ..Metadata::new("main.py") }
}
