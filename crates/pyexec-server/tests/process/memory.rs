//! What a server needs, whatever is sent, asked and watched.

use crate::server::{Running, archive, memory, metadata, raise_files, start, threads};
use pyexec_blocking::{
    Archive,
    types::{ExecutionConfig, ExecutionId, Metadata, Status},
};
use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    time::{Duration, Instant},
};

const SLEEPER: &str = "import time; time.sleep(600)";
const MIB: u64 = 1 << 20;

/// A file that has a size and takes no room.
fn hole(folder: &Path, size: u64) -> std::path::PathBuf {
    let path = folder.join("large.bin");
    File::create(&path).unwrap().set_len(size).unwrap();
    path
}

#[test]
fn a_large_upload_takes_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).unwrap();
    let client = server.client();
    let main = folder.path().join("main.py");
    std::fs::write(&main, "import os; print(os.path.getsize('large.bin'))").unwrap();
    let project = Archive::from_files([main, hole(folder.path(), 256 * MIB)]).unwrap();
    let config = ExecutionConfig { memory_mb: 64, disk_mb: 300, ..ExecutionConfig::default() };
    let metadata = Metadata { config: Some(config), ..Metadata::new("main.py") };
    let result = client.execute_sync(&project, &metadata).unwrap();
    assert_eq!(result.stdout, format!("{}\n", 256 * MIB), "{result:?}");
    let peak = memory(&server, "VmHWM");
    assert!(peak < 64 * MIB, "{} MiB", peak / MIB);
    server.end();
}

/// A watcher of an execution's events, by hand: a thousand clients would need a thousand threads.
struct Watcher(BufReader<TcpStream>);

impl Watcher {
    fn new(server: &Running, id: &ExecutionId) -> Self {
        let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let host = server.url.trim_start_matches("http://");
        let request =
            format!("GET /api/v1/executions/{id}/events HTTP/1.1\r\nhost: {host}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        Self(BufReader::with_capacity(1 << 10, stream))
    }

    /// Reads up to an event of this name.
    fn until(&mut self, name: &str) {
        let mut line = String::new();
        while line.trim_end() != format!("event: {name}") {
            line.clear();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "it ended before {name}");
        }
    }
}

#[test]
fn a_thousand_idle_watchers_are_no_threads_and_little_memory() {
    raise_files();
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).unwrap();
    let client = server.client();
    let submit = || client.execute_async(&archive(SLEEPER), &metadata("x")).unwrap();
    let running: Vec<_> = (0..3).map(|_| submit()).collect();
    for id in &running {
        while client.get_execution(id).unwrap().status == Status::Pending {
            std::thread::yield_now();
        }
    }
    let waiting = submit();
    let before = (threads(&server), memory(&server, "VmRSS"));
    let mut watchers: Vec<_> = (0..1000)
        .map(|n| Watcher::new(&server, if n % 2 == 0 { &running[0] } else { &waiting }))
        .collect();
    watchers.iter_mut().for_each(|watcher| watcher.until("status"));
    let now = (threads(&server), memory(&server, "VmRSS"));
    eprintln!("threads and memory: {before:?}, then {now:?}");
    assert!(now.0 <= before.0, "{} threads, then {}", before.0, now.0);
    let each = now.1.saturating_sub(before.1) / 1000;
    assert!(each < 64 << 10, "{each} bytes for each");
    // Each of them watches.
    for id in [&running[0], &waiting] {
        client.kill_execution(id).unwrap();
    }
    watchers.iter_mut().for_each(|watcher| watcher.until("result"));
    server.end();
}

/// Clients that ask for much and read nothing.
#[test]
fn large_answers_that_nobody_reads_take_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).unwrap();
    let client = server.client();
    let code = "import sys\nfor _ in range(40): sys.stdout.write('é\\n\\x00' * (1 << 18))";
    let result = client.execute_sync(&archive(code), &metadata("x")).unwrap();
    assert_eq!((result.status, result.stdout.len()), (Status::Completed, 40 << 20));
    let host = server.url.trim_start_matches("http://");
    let request = format!(
        "GET /api/v1/executions/{} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n",
        result.execution_id
    );
    let mut silent: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = TcpStream::connect(host).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            // The answer has begun.
            stream.read_exact(&mut [0; 12]).unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    let mut text = String::new();
    silent.pop().unwrap().read_to_string(&mut text).unwrap();
    let json = text[text.find('{').unwrap()..].len();
    assert!(json > 40 << 20, "{json} in {:?}", begun.elapsed());
    let peak = memory(&server, "VmHWM");
    assert!(peak < 96 * MIB, "{} MiB", peak / MIB);
    drop(silent);
    server.end();
}
