//! Many who send slowly, or much.

use crate::server::{Running, archive, memory, metadata, raise_files, start};
use pyexec_blocking::types::Status;
use std::{
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};

const MIB: u64 = 1 << 20;

/// A request that has begun and isn't over.
fn begin(server: &Running, path: &str, content_type: &str, body: &[&[u8]]) -> TcpStream {
    let host = server.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: {content_type}\r\n\
         content-length: 60000000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    // One that is turned away meanwhile isn't read any more.
    let _ = body.iter().try_for_each(|part| stream.write_all(part));
    stream
}

const FORM: &str = "multipart/form-data; boundary=B";
const METADATA: &[u8] = b"--B\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n\
    {\"entrypoint\":\"main.py\"}\r\n";
const TAR: &[u8] =
    b"--B\r\nContent-Disposition: form-data; name=\"tar\"; filename=\"code.tar\"\r\n\r\n";

/// Those that hang, small and large, are more than there are threads for what blocks.
#[test]
fn uploads_that_hang_hold_nobody_up() {
    raise_files();
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).unwrap();
    let client = server.client();
    let large = client.execute_async(&archive("print('x' * 1_000_000)"), &metadata("x")).unwrap();
    let tar = archive("#").to_vec().unwrap();
    let noise = [&tar[..512], &vec![b'#'; 200_000]].concat();
    let hanging: Vec<_> = (0..600)
        .map(|n| {
            let sent = if n % 10 == 0 { &noise[..] } else { &tar[..600] };
            begin(&server, "/api/v1/exec/async", FORM, &[METADATA, TAR, sent])
        })
        .collect();
    let begun = Instant::now();
    let result = client.execute_sync(&archive("print('on')"), &metadata("x")).unwrap();
    assert_eq!(result.stdout, "on\n");
    // One whose output is in a file.
    let result = client.wait_for_completion(&large, Duration::from_millis(10)).unwrap();
    assert_eq!((result.status, result.stdout.len()), (Status::Completed, 1_000_001));
    // Those that hang are sent away after half a minute.
    assert!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());
    drop(hanging);
    server.end();
}

/// They may hold as much as waiting executions may.
#[test]
fn what_arrives_is_held_within_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).unwrap();
    let part = b"--B\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{\"stdin\":\"";
    let text = vec![b'x'; 40 * MIB as usize];
    let json = b"{\"stdin\":\"";
    let _under_way: Vec<_> = (0..8)
        .map(|n| match n % 2 {
            0 => begin(&server, "/api/v1/exec/async", FORM, &[part, &text]),
            _ => begin(&server, "/api/v1/eval", "application/json", &[json, &text]),
        })
        .collect();
    // Others are admitted as soon as the last of what is too much has been turned away.
    let begun = Instant::now();
    let result = loop {
        match server.client().execute_sync(&archive("print('on')"), &metadata("x")) {
            Err(error) if error.is_retryable() && begun.elapsed() < Duration::from_secs(60) => {}
            result => break result.unwrap(),
        }
    };
    assert_eq!(result.stdout, "on\n");
    let peak = memory(&server, "VmHWM");
    assert!(peak < 192 * MIB, "{} MiB", peak / MIB);
    drop(server);
}
