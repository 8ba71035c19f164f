//! What the death of the sandbox's processes means for those who wait.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use pyexec_blocking::{
    Archive, Client,
    types::{ExecutionResult, Metadata, Outcome, Status},
};
use pyexec_sandbox::{Sandbox, SandboxOptions};
use pyexec_server::{MemoryStore, SandboxBackend, Server, ServerConfig};
use rustix::process::{Pid, Signal, kill_process};
use std::{sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::oneshot};

fn submit(client: &Client, code: &str) -> pyexec_blocking::types::ExecutionId {
    let archive = Archive::from_map([("main.py", code)]).unwrap();
    client.execute_async(&archive, &Metadata::new("main.py")).unwrap()
}

/// Whether a process has this name.
fn runs(name: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut names = processes.map(|entry| std::fs::read_to_string(entry.path().join("comm")));
    names.any(|found| found.is_ok_and(|found| found.trim_end() == name))
}

/// One runs, three wait, the launcher is killed: the first is lost, and says so; the others run.
#[test]
fn a_queue_survives_the_launcher() {
    let sandbox = Sandbox::start(SandboxOptions::default()).unwrap();
    let launcher = Pid::from_raw(sandbox.launcher_id() as i32).unwrap();
    let config = ServerConfig { slots: 1, ..ServerConfig::default() };
    let store = MemoryStore::new(Duration::from_secs(300), 1 << 20);
    let backend = Arc::new(SandboxBackend::new(sandbox));
    let server = Server::with(config, backend, Arc::new(store)).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let client = Client::new(format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let (end, ended) = oneshot::channel::<()>();
    let serving = runtime.spawn(server.serve(listener, async move { drop(ended.await) }));

    let name = format!("first-{}", std::process::id());
    let code = format!(
        "import time; print('up'); open('/proc/self/comm', 'w').write('{name}'); time.sleep(600)"
    );
    let first = submit(&client, &code);
    let waiting: Vec<_> = (0..3).map(|n| submit(&client, &format!("print({n})"))).collect();
    let now = |id| client.get_execution(id).unwrap();
    while !runs(&name) {
        std::thread::yield_now();
    }
    assert_eq!(now(&waiting[2]).status, Status::Pending);
    kill_process(launcher, Signal::KILL).unwrap();

    let wait = |id| -> ExecutionResult {
        loop {
            let result = now(id);
            if result.status.is_terminal() {
                return result;
            }
            std::thread::yield_now();
        }
    };
    let lost = wait(&first);
    assert_eq!((lost.status, lost.outcome), (Status::Failed, Some(Outcome::Lost)));
    assert_eq!(lost.stdout, "up\n");
    assert!(lost.error.unwrap().contains("vanished"));
    for (n, id) in waiting.iter().enumerate() {
        let result = wait(id);
        assert_eq!((result.outcome, result.stdout), (Some(Outcome::Exited), format!("{n}\n")));
    }
    drop(end);
    runtime.block_on(serving).unwrap().unwrap();
}
