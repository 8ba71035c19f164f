//! A client that goes away takes its execution with it.

use crate::{
    service::{main_py, server},
    suite::Subject,
};
use pyexec_async::Client;
use pyexec_core::types::{Metadata, SimpleExecRequest, Status};
use std::time::Duration;

/// There is one slot: whoever comes next runs only once the first is gone.
#[tokio::test]
async fn dropping_a_request_kills_what_it_started() {
    let server = tokio::task::spawn_blocking(|| server(|config| config.slots = 1)).await.unwrap();
    let client = Client::builder(server.url()).bearer_token(server.token()).build().unwrap();
    let forever = main_py("while True: pass");
    let metadata = Metadata::new("main.py");
    let eval = SimpleExecRequest::new("while True: pass");
    for round in 0..2 {
        let abandoned = async {
            if round == 0 {
                client.execute_sync(&forever, &metadata).await.unwrap();
            } else {
                client.eval(&eval).await.unwrap();
            }
        };
        let patience = Duration::from_millis(300);
        assert!(tokio::time::timeout(patience, abandoned).await.is_err());
        let next = client.eval(&SimpleExecRequest::new("1 + 1")).await.unwrap();
        assert_eq!((next.status, next.result.as_deref()), (Status::Completed, Some("2")));
    }
    tokio::task::spawn_blocking(move || drop(server)).await.unwrap();
}

/// Dropping the server ends what runs, without waiting for it.
#[test]
fn dropping_the_server_ends_everything() {
    let server = server(|_| {});
    let client = crate::service::client::<crate::blocking_client::Blocking>(&server);
    client.execute_async(&main_py("while True: pass"), &Metadata::new("main.py")).unwrap();
    drop(server);
    assert!(client.health().is_err());
}
