//! HTTP clients of the user's own.

use pyexec_async::{Client, Error};
use std::time::Duration;

#[tokio::test]
async fn an_http_clients_settings_do_not_break_the_client() {
    let mut server = mockito::Server::new_async().await;
    let mock = server
        .mock("GET", "/api/v1/executions/exe_1")
        .match_header("user-agent", "mine/1")
        .with_status(404)
        .with_body(r#"{"error":"execution not found"}"#)
        .create_async()
        .await;
    let http = reqwest::Client::builder().user_agent("mine/1").timeout(Duration::from_nanos(1));
    #[cfg(feature = "rustls")]
    let http = {
        let roots = rustls::RootCertStore::empty();
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap();
        http.tls_backend_preconfigured(tls.with_root_certificates(roots).with_no_client_auth())
    };
    let client = Client::with_http_client(server.url(), http.build().unwrap()).unwrap();
    let error = client.get_execution(&"exe_1".into()).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
    mock.assert_async().await;
}
