//! Dropped futures.

use pyexec_async::{Archive, Client, types::Metadata};
use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

#[test]
fn a_failed_upload_stops_its_reader() {
    let rude = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", rude.local_addr().unwrap());
    // Hangs up as soon as somebody speaks.
    let server = std::thread::spawn(move || {
        let (mut stream, _) = rude.accept().unwrap();
        std::io::Read::read(&mut stream, &mut [0]).unwrap();
    });
    let archive = Archive::from_map([("main.py", "#".repeat(64 << 20))]).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let started = Instant::now();
    let error = runtime.block_on(async {
        let client = Client::new(&url).unwrap();
        client.execute_sync(&archive, &Metadata::new("main.py")).await.unwrap_err()
    });
    assert!(error.is_retryable(), "{error:?}");
    server.join().unwrap();
    drop(runtime);
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[test]
fn dropping_an_upload_stops_its_reader() {
    // Accepts, and never reads.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let archive = Archive::from_map([("main.py", "#".repeat(64 << 20))]).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let started = Instant::now();
    runtime.block_on(async {
        let client = Client::new(&url).unwrap();
        let metadata = Metadata::new("main.py");
        let upload = client.execute_sync(&archive, &metadata);
        let cut = tokio::time::timeout(Duration::from_millis(200), upload).await;
        assert!(cut.is_err());
    });
    // The runtime waits for its blocking threads here: a reader that goes on would hang it.
    drop(runtime);
    assert!(started.elapsed() < Duration::from_secs(60));
}
