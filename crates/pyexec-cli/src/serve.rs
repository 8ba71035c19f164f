//! `pyexec serve`: the service for others.

mod config;
mod duration;
mod legacy;
mod logging;
mod processors;
mod systemd;

pub(crate) use duration::parse_duration;
pub(crate) use processors::parse_processors;

use crate::{args::ServeArgs, console, exit_code, failure::Failure};
use pyexec_server::Server;
use sd_notify::NotifyState;
use std::{
    io,
    net::{self, SocketAddr},
    process,
};
use tokio::{
    net::TcpListener,
    runtime,
    signal::unix::{Signal, SignalKind, signal},
};

/// Serves until Ctrl-C or SIGTERM.
///
/// # Errors
///
/// Where the server can't start, or its listener fails.
pub(crate) fn serve(mut args: ServeArgs) -> Result<u8, Failure> {
    if let Some(effective) = args.effective.take() {
        // What contradicts itself is no configuration to show.
        config::resolve(args)?;
        console::print(effective.as_bytes())?;
        return Ok(exit_code::SUCCESS);
    }
    let passed = systemd::listener()?;
    let format = args.log_format;
    logging::start(&args.log_level, format)?;
    let warnings = legacy::warnings(|name| std::env::var_os(name));
    for warning in args.warning.take().into_iter().chain(warnings) {
        logging::warn(format, &warning);
    }
    let place = match passed {
        Some(listener) => Place::Passed(listener),
        None => Place::Address(args.host.clone(), args.port),
    };
    let (config, options) = config::resolve(args)?;
    let has_token = !config.tokens.is_empty() || config.token_file.is_some();
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let server = Server::new(config, options)?;
    let runtime = runtime::Builder::new_multi_thread()
        .thread_name("pyexec-server")
        .enable_all()
        .build()
        .map_err(failed("cannot start the server"))?;
    let announce = |address: SocketAddr| {
        // Unless it refuses to serve there.
        if address.ip().is_loopback() || has_token {
            logging::announce(format, &format!("listening on {scheme}://{address}"));
            systemd::tell(format, NotifyState::Ready);
        }
    };
    runtime.block_on(async {
        let stop = Stop::catch().map_err(failed("cannot wait for signals"))?;
        let listener = place.listen().await?;
        // From here on the system holds connections until the server takes them.
        announce(listener.local_addr().map_err(failed("cannot listen"))?);
        let stop = async move {
            stop.wait().await;
            systemd::tell(format, NotifyState::Stopping);
        };
        server.serve(listener, stop).await.map_err(Failure::from)
    })?;
    Ok(exit_code::SUCCESS)
}

/// Where to listen.
enum Place {
    /// On a socket that the service manager holds, whatever the flags say.
    Passed(net::TcpListener),
    Address(String, u16),
}

impl Place {
    async fn listen(self) -> Result<TcpListener, Failure> {
        let (host, port) = match self {
            Self::Passed(listener) => {
                return TcpListener::from_std(listener).map_err(failed("cannot listen"));
            }
            Self::Address(host, port) => (host, port),
        };
        TcpListener::bind((host.as_str(), port)).await.map_err(|error| {
            let failure = Failure::ours(format!("cannot listen on {host}:{port}")).because(&error);
            match error.kind() {
                io::ErrorKind::AddrInUse => {
                    failure.hint("choose another --port; 0 is any free one")
                }
                _ => failure,
            }
        })
    }
}

/// Logs what a server does to standard error, as text.
///
/// # Errors
///
/// Never, as the level is one.
pub(crate) fn log_to_stderr() -> Result<(), Failure> {
    logging::start("info", crate::args::LogFormat::Text)
}

/// The signals that end the server.
pub(crate) struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Ends at the first signal; the second ends the process at once.
    pub(crate) async fn wait(mut self) {
        self.next().await;
        tokio::spawn(async move {
            let signal = self.next().await;
            process::exit(exit_code::of_signal(signal.as_raw_value()).into());
        });
    }

    async fn next(&mut self) -> SignalKind {
        tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
        }
    }
}

fn failed(what: &str) -> impl FnOnce(io::Error) -> Failure + use<'_> {
    move |error| Failure::ours(what).because(&error)
}
