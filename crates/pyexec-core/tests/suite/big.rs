//! Large uploads. A test of its own, for its memory to be its own.

use super::{
    Subject,
    fake::{Received, json},
};
use pyexec_core::{Archive, types::Metadata};
use std::{
    fs::{self, File},
    io::{BufReader, Read, Write},
    net::TcpListener,
    thread,
};

const SIZE: u64 = 256 << 20;

/// Sends a project of 256 MiB and looks at the process's highest memory use.
pub fn upload_in_constant_memory<S: Subject>() {
    let path = std::env::temp_dir().join(format!("pyexec-big-{}", std::process::id()));
    File::create(&path).unwrap().set_len(SIZE).unwrap();
    let archive = Archive::from_files([&path]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let head = Received::head(&mut reader).unwrap();
        if head.header("expect").is_some() {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        }
        let size: u64 = head.header("content-length").unwrap().parse().unwrap();
        let read = std::io::copy(&mut reader.take(size), &mut std::io::sink()).unwrap();
        let answer = json("202 Accepted", r#"{"execution_id":"exe_1"}"#);
        stream.write_all(answer.as_bytes()).unwrap();
        (size, read)
    });
    let before = highest_memory_kib();
    let submitted = S::new(&url).execute_async(&archive, &Metadata::new("main.py"));
    let grown = highest_memory_kib() - before;
    fs::remove_file(&path).unwrap();
    assert_eq!(submitted.unwrap().as_str(), "exe_1");
    let (size, read) = server.join().unwrap();
    assert!(read == size && size > SIZE);
    assert!(grown < 16 * 1024, "{grown} KiB");
}

/// 0 where the system doesn't say.
fn highest_memory_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
