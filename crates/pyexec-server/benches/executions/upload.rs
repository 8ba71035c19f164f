//! What a large upload needs of the server's memory. The server is a process of its own, which
//! this program becomes: what it needs can't be told from ours otherwise.

use crate::stats::goal;
use pyexec_blocking::Client;
use pyexec_core::{
    Archive,
    types::{ExecutionConfig, Metadata},
};
use pyexec_sandbox::SandboxOptions;
use pyexec_server::{Server, ServerConfig};
use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// In the process that becomes the server: the folder of its state, or nothing for one in memory.
const SERVER: &str = "PYEXEC_BENCH_SERVER";
const MIB: u64 = 1 << 20;
const SIZE: [u64; 2] = [2048 * MIB, 256 * MIB];
const MAIN: &str = "import os; print(os.path.getsize('large.bin'))";

/// Serves until its standard input ends, where that is asked for.
pub(crate) fn is_server() -> bool {
    let Some(state) = std::env::var_os(SERVER) else { return false };
    let state_dir = (!state.is_empty()).then(|| state.into());
    let config = ServerConfig { max_body_bytes: 4096 * MIB, state_dir, ..ServerConfig::default() };
    let server = Server::new(config, SandboxOptions::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("http://{}", listener.local_addr().unwrap());
        let (tell, told) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            let _ = std::io::stdin().lines().count();
            drop(tell);
        });
        server.serve(listener, async { drop(told.await) }).await.unwrap();
    });
    true
}

struct Apart {
    child: Child,
    url: String,
}

impl Apart {
    fn start(state: Option<&Path>) -> Self {
        let state = state.map_or_else(Default::default, |state| state.as_os_str().to_owned());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env(SERVER, state)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim_end().to_owned() }
    }

    fn memory_mib(&self, what: &str) -> f64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(what)).unwrap();
        let kib = line.trim_start_matches(':').trim().trim_end_matches(" kB");
        kib.parse::<f64>().unwrap() / 1024.0
    }

    fn end(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

pub(crate) fn run(quick: bool) {
    let size = SIZE[usize::from(quick)];
    let folder = tempfile::tempdir().unwrap();
    let (main, large) = (folder.path().join("main.py"), folder.path().join("large.bin"));
    fs::write(&main, MAIN).unwrap();
    // A hole: what is sent is the same as of a full one.
    File::create(&large).unwrap().set_len(size).unwrap();
    let project = Archive::from_files([main, large]).unwrap();
    let disk_mb = i64::try_from(size / MIB + 64).unwrap();
    let config = ExecutionConfig { memory_mb: 64, disk_mb, ..ExecutionConfig::default() };
    let metadata = Metadata { config: Some(config), ..Metadata::new("main.py") };
    println!("\nan upload of {} MiB through exec/sync, unpacked and run", size / MIB);
    println!("{:32}{:>13}{:>13}{:>13}", "memory of the server (RSS)", "before", "peak", "took");
    let state = folder.path().join("state");
    for (name, state) in [("store in memory", None), ("--state-dir", Some(state.as_path()))] {
        let server = Apart::start(state);
        let client =
            Client::builder(&server.url).timeout(Duration::from_secs(600)).build().unwrap();
        client.health().unwrap();
        let before = server.memory_mib("VmRSS");
        let begun = Instant::now();
        let result = client.execute_sync(&project, &metadata).unwrap();
        let took = begun.elapsed().as_secs_f64();
        assert_eq!(result.stdout, format!("{size}\n"));
        let peak = server.memory_mib("VmHWM");
        println!("{name:32}{before:>9.1} MiB{peak:>9.1} MiB{took:>11.1} s");
        println!("goal {}", goal("less than 64 MiB", peak < 64.0));
        server.end();
    }
}
