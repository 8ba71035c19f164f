//! A server in a process of its own, which this test program becomes: it can be killed.

use pyexec_blocking::{Archive, Client, RetryPolicy, types::Metadata};
use pyexec_sandbox::{Finished, Job, Observer, PythonVersion, Sandbox, SandboxOptions, Stop};
use pyexec_server::{
    Backend, BackendError, BoxFuture, DurableStore, SandboxBackend, Server, ServerConfig,
};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
    time::Duration,
};

/// Names the folder of a server's files, in the process that becomes it.
const FOLDER: &str = "PYEXEC_TEST_FOLDER";

/// Milliseconds for which that server keeps results.
const TTL: &str = "PYEXEC_TEST_TTL";

/// Longest time that a running execution has once its server is to end.
const GRACE: Duration = Duration::from_millis(200);

/// The sandbox, and a line for each job that it gets, before it gets it. The line is as safe from
/// the death of this process as the kernel is.
#[derive(Debug)]
struct Witness {
    inner: SandboxBackend,
    starts: File,
}

impl Backend for Witness {
    fn versions(&self) -> Vec<PythonVersion> {
        self.inner.versions()
    }

    fn isolation(&self) -> pyexec_blocking::types::Isolation {
        self.inner.isolation()
    }

    fn run(
        &self,
        job: Job,
        observer: Box<dyn Observer + Send>,
        stop: Stop,
    ) -> BoxFuture<Result<Finished, BackendError>> {
        let line = format!("{}\n", job.args.first().map_or("-", String::as_str));
        (&self.starts).write_all(line.as_bytes()).unwrap();
        self.inner.run(job, observer, stop)
    }
}

/// Not a test: what the other process runs.
#[test]
fn serve() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let config = ServerConfig {
        slots: 3,
        result_ttl: Duration::from_millis(std::env::var(TTL).unwrap().parse().unwrap()),
        state_dir: Some(folder.join("state")),
        grace: GRACE,
        pending_bytes: 64 << 20,
        ..ServerConfig::default()
    };
    let store = match DurableStore::open(&folder.join("state"), config.result_ttl, 1 << 30) {
        Ok(store) => store,
        Err(error) => {
            writeln!(std::io::stdout(), "\nerror {error}").unwrap();
            return;
        }
    };
    let sandbox = Sandbox::start(SandboxOptions::default()).unwrap();
    let launcher = sandbox.launcher_id();
    let starts = OpenOptions::new().append(true).create(true).open(folder.join("starts")).unwrap();
    let backend = Witness { inner: SandboxBackend::new(sandbox), starts };
    let server = Server::with(config, Arc::new(backend), Arc::new(store)).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // The harness has begun a line.
        writeln!(std::io::stdout(), "\nserving {address} {launcher}").unwrap();
        // Until its standard input ends, or it is killed.
        let (tell, told) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            let _ = std::io::stdin().lines().count();
            drop(tell);
        });
        server.serve(listener, async { drop(told.await) }).await.unwrap();
    });
}

/// A server that is about to serve, or to say why it can't.
pub(crate) struct Started(Child);

/// A server that serves.
pub(crate) struct Running {
    process: Started,
    pub(crate) url: String,
    pub(crate) launcher: u32,
    /// The harness writes there at its end.
    _output: BufReader<ChildStdout>,
}

impl Started {
    /// Starts a server whose state, temporary files and list of starts are below a folder.
    pub(crate) fn new(folder: &Path) -> Self {
        Self::with(folder, Duration::from_secs(3600))
    }

    /// One that keeps results for so long.
    pub(crate) fn with(folder: &Path, ttl: Duration) -> Self {
        let temporary = folder.join("tmp");
        std::fs::create_dir_all(&temporary).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "server::serve", "--nocapture"]);
        command.env(FOLDER, folder).env("TMPDIR", temporary);
        command.env(TTL, ttl.as_millis().to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        Self(command.spawn().unwrap())
    }

    /// Its address once it serves, or what it says where it can't.
    pub(crate) fn ready(mut self) -> Result<Running, String> {
        let mut output = BufReader::new(self.0.stdout.take().unwrap());
        loop {
            let mut line = String::new();
            assert!(
                output.read_line(&mut line).unwrap() > 0,
                "it ended: {}",
                self.0.wait().unwrap()
            );
            if let Some(said) = line.strip_prefix("serving ") {
                let (address, launcher) = said.trim_end().split_once(' ').unwrap();
                let (url, launcher) = (format!("http://{address}"), launcher.parse().unwrap());
                return Ok(Running { process: self, url, launcher, _output: output });
            }
            if let Some(said) = line.strip_prefix("error ") {
                // What it still writes is read, or it couldn't end.
                std::io::copy(&mut output, &mut std::io::sink()).unwrap();
                assert!(self.0.wait().unwrap().success(), "an error is no crash");
                return Err(said.trim_end().to_owned());
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

/// At once, with nothing said: only the server itself, what it started has to notice.
impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended, and be waited for, already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server; what it says where it can't.
pub(crate) fn start(folder: &Path) -> Result<Running, String> {
    Started::new(folder).ready()
}

impl Running {
    pub(crate) fn client(&self) -> Client {
        // A server that is gone doesn't come back at the same address.
        Client::builder(&self.url).retry(RetryPolicy::never()).build().unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// In good order.
    pub(crate) fn end(mut self) {
        drop(self.process.0.stdin.take());
        assert!(self.process.0.wait().unwrap().success());
    }
}

/// So many letters that neither compress nor have holes.
pub(crate) fn noise(size: u64) -> String {
    (0..size).map(|n| char::from(b'a' + (n * n % 23) as u8)).collect()
}

pub(crate) fn archive(code: &str) -> Archive {
    Archive::from_map([("main.py", code)]).unwrap()
}

pub(crate) fn metadata(arg: &str) -> Metadata {
    Metadata { script_args: vec![arg.into()], ..Metadata::new("main.py") }
}

/// How many threads a server has.
pub(crate) fn threads(server: &Running) -> u64 {
    status(server, "Threads").parse().unwrap()
}

/// A server's memory in bytes: `VmRSS` is what it holds, `VmHWM` the most that it held.
pub(crate) fn memory(server: &Running, name: &str) -> u64 {
    let kib = status(server, name);
    kib.strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
}

fn status(server: &Running, name: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().to_owned()
}

/// Lets this process have as many connections as it may.
pub(crate) fn raise_files() {
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    setrlimit(Resource::Nofile, files).unwrap();
}
