//! `pyexec local serve`: what this user's own server does, in a process of its own.

use super::{Announcement, Folder, isolation};
use crate::{console, exit_code, failure::Failure, serve::Stop};
use pyexec_sandbox::{Network, SandboxOptions};
use pyexec_server::{Idle, PackageOptions, Server, ServerConfig};
use rustix::{process::setsid, stdio::dup2_stdout};
use std::{env, fs::File, io, time::Duration};
use tokio::{
    net::TcpListener,
    runtime,
    time::{sleep, timeout},
};

/// What it says once it can be reached.
pub(super) const READY: &str = "ready";

/// What of the environment it is given: it outlives the shell that it was started from, so that
/// nothing else of that, secrets among it, should.
pub(super) const ENVIRONMENT: &[&str] = &[
    "HOME",
    "LANG",
    "NETRC",
    "PATH",
    "PYENV_ROOT",
    "PYEXEC_CGROUP",
    "PYEXEC_ISOLATION",
    IDLE,
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
];

/// What further variables begin with: of the locale, and of what installs packages.
pub(super) const FAMILIES: [&str; 6] =
    ["LC_", "PIP_", "UV_", "SSL_CERT_", "REQUESTS_CA_", "CURL_CA_"];

/// What the variables of proxies end with, in either case.
pub(super) const PROXIES: [&str; 2] = ["_PROXY", "_proxy"];

/// Seconds without work after which it ends.
pub(super) const IDLE: &str = "PYEXEC_LOCAL_IDLE";
const USUAL_IDLE: Duration = Duration::from_secs(600);
/// How long results are kept.
const RESULT_TTL: Duration = Duration::from_secs(24 * 60 * 60);
/// Between two looks whether the turn is free.
const PAUSE: Duration = Duration::from_millis(100);
/// How long executions may go on once the server was asked to end.
const GRACE: Duration = Duration::from_secs(600);

/// Serves this user until it isn't needed.
///
/// # Errors
///
/// Where it can't.
pub(crate) fn serve() -> Result<u8, Failure> {
    let folder = Folder::open()?;
    let failed = |error: io::Error| folder.failed(&error);
    // Away from the terminal. Fails where it leads its group already, which does as well.
    let _ = setsid();
    let Some(_lock) = folder.serve().map_err(failed)? else {
        return Err(Failure::ours("another local server runs already"));
    };
    folder.forget().map_err(failed)?;
    crate::serve::log_to_stderr()?;
    let packages = PackageOptions {
        // What `run` and `eval` have installed serves here, too.
        folder: PackageOptions::default().folder().ok(),
        ..PackageOptions::default()
    };
    let config = ServerConfig {
        packages,
        tokens: vec![folder.make_token().map_err(failed)?],
        state_dir: Some(folder.state()),
        result_ttl: RESULT_TTL,
        max_timeout_seconds: super::MAX_TIMEOUT_SECONDS,
        grace: GRACE,
        ..ServerConfig::default()
    };
    let options = SandboxOptions {
        isolation: isolation()?,
        // For those that ask for it by name: it is this user's own machine.
        network: Network::Host,
        ..SandboxOptions::default()
    };
    let patience = patience()?;
    let server = Server::new(config, options)?;
    let idle = server.idle();
    let runtime = runtime::Builder::new_multi_thread()
        .thread_name("pyexec-server")
        .enable_all()
        .build()
        .map_err(failed)?;
    runtime.block_on(async {
        let stop = Stop::catch().map_err(failed)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        folder
            .announce(&Announcement {
                version: env!("CARGO_PKG_VERSION").into(),
                pid: rustix::process::getpid().as_raw_pid(),
                url: format!("http://{address}"),
            })
            .map_err(failed)?;
        console::print_line(READY)?;
        // Whoever started it reads no further.
        File::options()
            .write(true)
            .open("/dev/null")
            .and_then(|null| dup2_stdout(null).map_err(Into::into))
            .map_err(failed)?;
        let unneeded = folder.clone();
        let end = async move {
            tokio::select! {
                () = stop.wait() => unneeded.forget().unwrap_or_default(),
                () = unneeded_for(idle, patience, &unneeded) => {}
            }
        };
        Ok::<_, Failure>(server.serve(listener, end).await?)
    })?;
    Ok(exit_code::SUCCESS)
}

/// Returns once nobody has needed the server for so long, and nobody can find it any more.
async fn unneeded_for(idle: Idle, patience: Duration, folder: &Folder) {
    loop {
        idle.wait(patience).await;
        // Whoever looks for a server has the turn until it has shown that it needs this one.
        let Ok(Some(_turn)) = folder.try_turn() else {
            sleep(PAUSE).await;
            continue;
        };
        let is_idle = timeout(Duration::ZERO, idle.wait(patience)).await.is_ok();
        if is_idle && folder.forget().is_ok() {
            return;
        }
    }
}

fn patience() -> Result<Duration, Failure> {
    match env::var(IDLE) {
        Ok(text) if !text.is_empty() => text.parse().map(Duration::from_secs).map_err(|_| {
            Failure::usage(format!("{IDLE} is {text:?}, and has to be a number of seconds"))
        }),
        _ => Ok(USUAL_IDLE),
    }
}
