//! `pyexec serve`: the service for others.

mod config;
mod duration;
mod legacy;
mod logging;
mod processors;

pub(crate) use duration::parse_duration;
pub(crate) use processors::parse_processors;

use crate::{args::ServeArgs, exit_code, failure::Failure};
use pyexec_server::Server;
use std::{io, net::SocketAddr, process};
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
pub(crate) fn serve(args: ServeArgs) -> Result<u8, Failure> {
    let format = args.log_format;
    logging::start(&args.log_level, format)?;
    for warning in legacy::warnings(|name| std::env::var_os(name)) {
        logging::warn(format, &warning);
    }
    let address = (args.host.clone(), args.port);
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
        }
    };
    runtime.block_on(listen(server, address, announce))?;
    Ok(exit_code::SUCCESS)
}

async fn listen(
    server: Server,
    (host, port): (String, u16),
    announce: impl FnOnce(SocketAddr),
) -> Result<(), Failure> {
    let stop = Stop::catch().map_err(failed("cannot wait for signals"))?;
    let cannot = format!("cannot listen on {host}:{port}");
    let listener = TcpListener::bind((host.as_str(), port)).await.map_err(|error| {
        let failure = Failure::ours(&cannot).because(&error);
        match error.kind() {
            io::ErrorKind::AddrInUse => failure.hint("choose another --port; 0 is any free one"),
            _ => failure,
        }
    })?;
    // From here on the system holds connections until the server takes them.
    announce(listener.local_addr().map_err(failed(&cannot))?);
    Ok(server.serve(listener, stop.wait()).await?)
}

/// The signals that end the server.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    fn catch() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Ends at the first signal; the second ends the process at once.
    async fn wait(mut self) {
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
