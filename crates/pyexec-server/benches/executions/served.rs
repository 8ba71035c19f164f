//! A server as `EmbeddedServer` runs it, whose backend remembers what its executions said.

use pyexec_blocking::Client;
use pyexec_sandbox::{
    Finished, Interpreter, Job, Observer, PythonVersion, Sandbox, SandboxOptions, Start, Stop,
    discover,
};
use pyexec_server::{
    Backend, BackendError, BoxFuture, MemoryStore, SandboxBackend, Server, ServerConfig,
};
use pyexec_types::Isolation;
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, runtime, sync::oneshot};

/// What came of an execution, and how long the backend had it.
pub(crate) type Seen = Vec<(Finished, Duration)>;

/// The interpreter of all executions here: the server's own choice.
pub(crate) fn interpreter() -> Interpreter {
    let all = discover();
    let usual = all.iter().find(|found| found.version().to_string() == "3.12");
    usual.or(all.first()).unwrap().clone()
}

/// The options of a sandbox with that interpreter, from the start.
pub(crate) fn options(ready: usize, start: Start) -> SandboxOptions {
    let warm = if start == Start::Strict { vec![] } else { vec![interpreter().version()] };
    SandboxOptions { ready, start, warm, ..SandboxOptions::default() }
}

pub(crate) struct Served {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    pub(crate) fn start(options: SandboxOptions) -> Self {
        Self::start_with(options, ServerConfig::default())
    }

    pub(crate) fn start_with(options: SandboxOptions, config: ServerConfig) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let is_strict = options.start == Start::Strict;
        let sandbox = SandboxBackend::new(Sandbox::start(options).unwrap());
        let backend = Recorder { sandbox, seen: Arc::clone(&seen) };
        let config = ServerConfig { grace: Duration::ZERO, ..config };
        let store = MemoryStore::new(config.result_ttl, config.result_bytes);
        let server = Server::with(config, Arc::new(backend), Arc::new(store)).unwrap();
        let runtime =
            runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, ended) = oneshot::channel::<()>();
        let ended = async { drop(ended.await) };
        let thread =
            thread::spawn(move || runtime.block_on(server.serve(listener, ended)).unwrap());
        let served = Self { address, seen, shutdown: Some(shutdown), thread: Some(thread) };
        served.warm_up(if is_strict { Start::Strict } else { Start::Zygote });
        served
    }

    /// Until executions start as they are to.
    fn warm_up(&self, start: Start) {
        let client = self.client();
        let request = pyexec_core::types::SimpleExecRequest::new("1");
        let before = Instant::now();
        let mut starts = 0;
        while starts < 5 {
            assert!(before.elapsed().as_secs() < 30, "no zygote");
            client.eval(&request).unwrap();
            starts += usize::from(self.take().iter().all(|(finished, _)| finished.start == start));
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// With a connection of its own, which stays.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.url()).unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was seen since the last time.
    pub(crate) fn take(&self) -> Seen {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.shutdown.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

#[derive(Debug)]
struct Recorder {
    sandbox: SandboxBackend,
    seen: Arc<Mutex<Seen>>,
}

impl Backend for Recorder {
    fn versions(&self) -> Vec<PythonVersion> {
        self.sandbox.versions()
    }

    fn isolation(&self) -> Isolation {
        self.sandbox.isolation()
    }

    fn run(
        &self,
        job: Job,
        observer: Box<dyn Observer + Send>,
        stop: Stop,
    ) -> BoxFuture<Result<Finished, BackendError>> {
        let before = Instant::now();
        let (run, seen) = (self.sandbox.run(job, observer, stop), Arc::clone(&self.seen));
        Box::pin(async move {
            let finished = run.await?;
            seen.lock().unwrap().push((finished.clone(), before.elapsed()));
            Ok(finished)
        })
    }
}
