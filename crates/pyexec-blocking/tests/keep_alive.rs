//! Connections that serve more than one request.

#[path = "../../pyexec-core/tests/suite/mod.rs"]
mod suite;

use pyexec_blocking::{Archive, Client, types::Metadata};
use std::{
    io::{BufReader, Read, Write},
    net::TcpListener,
    thread,
};
use suite::fake::Received;

#[test]
fn uploads_share_a_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // A second connection would be refused.
        drop(listener);
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        for _ in 0..3 {
            let head = Received::head(&mut reader).unwrap();
            let size = head.header("content-length").unwrap().parse().unwrap();
            reader.read_exact(&mut vec![0; size]).unwrap();
            let body = r#"{"execution_id":"exe_1"}"#;
            let head = format!("HTTP/1.1 202 Accepted\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        }
    });
    let client = Client::new(&url).unwrap();
    let archive = Archive::from_map([("main.py", "#".repeat(300_000))]).unwrap();
    for _ in 0..3 {
        let id = client.execute_async(&archive, &Metadata::new("main.py")).unwrap();
        assert_eq!(id.as_str(), "exe_1");
    }
    server.join().unwrap();
}
