//! Agents of the user's own.

use pyexec_blocking::{Client, Error};
use ureq::Agent;

#[test]
fn an_agents_settings_do_not_break_the_client() {
    let mut server = mockito::Server::new();
    let mock = server
        .mock("GET", "/api/v1/executions/exe_1")
        .match_header("user-agent", "mine/1")
        .with_status(404)
        .with_body(r#"{"error":"execution not found"}"#)
        .create();
    let config = Agent::config_builder().http_status_as_error(true).user_agent("mine/1").build();
    let client = Client::with_agent(server.url(), config.into()).unwrap();
    let error = client.get_execution(&"exe_1".into()).unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
    mock.assert();
}
