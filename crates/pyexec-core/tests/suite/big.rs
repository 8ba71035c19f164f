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

const SIZE: u64 = 2 << 30;

/// Of the whole process: the client, the sink and the test harness.
const MOST_KIB: u64 = 32_000_000 / 1024;

/// Sends a directory of 2 GiB and looks at the process's highest memory use.
pub fn upload_in_constant_memory<S: Subject>() {
    let directory = std::env::temp_dir().join(format!("pyexec-big-{}", std::process::id()));
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("main.py"), "print(1)\n").unwrap();
    // Holes cost no disk; what is sent is as long as any other file.
    for name in ["a.bin", "b.bin"] {
        File::create(directory.join(name)).unwrap().set_len(SIZE / 2).unwrap();
    }
    let archive = Archive::from_directory(&directory).unwrap();
    let exact = archive.size();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::with_capacity(64 << 10, stream.try_clone().unwrap());
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
    let submitted = S::new(&url).execute_async(&archive, &Metadata::new("main.py"));
    let peak = highest_memory_kib();
    fs::remove_dir_all(&directory).unwrap();
    assert_eq!(submitted.unwrap().as_str(), "exe_1");
    let (size, read) = server.join().unwrap();
    assert!(read == size && size > exact && exact > SIZE);
    println!("2 GiB sent, {peak} KiB of memory at the peak");
    assert!(peak < MOST_KIB, "{peak} KiB at the peak");
}

/// 0 where the system doesn't say.
fn highest_memory_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
