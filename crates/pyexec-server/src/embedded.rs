//! The whole service in one process.

use crate::{Server, ServerConfig, ServerError};
use pyexec_sandbox::SandboxOptions;
use std::{
    net::{Ipv4Addr, SocketAddr},
    thread::JoinHandle,
};
use tokio::{net::TcpListener, runtime, sync::oneshot};

/// The whole service on a loopback port of its own, behind a random token, on a thread of its
/// own with a runtime of its own: it works from blocking and from async programs. Dropping it
/// ends every execution.
#[derive(Debug)]
pub struct EmbeddedServer {
    address: SocketAddr,
    is_secure: bool,
    token: String,
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), ServerError>>>,
}

impl EmbeddedServer {
    /// Starts one with every default.
    ///
    /// # Errors
    /// Where executions can't be isolated here, or no port or thread can be had.
    pub fn start() -> Result<Self, ServerError> {
        Self::start_with(ServerConfig::default(), SandboxOptions::default())
    }

    /// Starts one with settings of yours; its random token comes in addition to theirs.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_with(
        mut config: ServerConfig,
        sandbox: SandboxOptions,
    ) -> Result<Self, ServerError> {
        let io = |what| move |error| ServerError::Io(what, error);
        let token = uuid::Uuid::new_v4().simple().to_string();
        config.tokens.push(token.clone());
        // Whoever drops this server waits for nobody.
        config.grace = std::time::Duration::ZERO;
        let is_secure = config.tls.is_some();
        let server = Server::new(config, sandbox)?;
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("pyexec-server")
            .enable_all()
            .build()
            .map_err(io("no runtime for the server"))?;
        let listener = runtime
            .block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .map_err(io("no loopback port"))?;
        let address = listener.local_addr().map_err(io("no loopback port"))?;
        let (shutdown, ended) = oneshot::channel();
        let ended = async {
            // Dropping the sender is the word, too.
            drop(ended.await);
        };
        let thread = std::thread::Builder::new()
            .name("pyexec-embedded".into())
            .spawn(move || runtime.block_on(server.serve(listener, ended)))
            .map_err(io("no thread for the server"))?;
        Ok(Self { address, is_secure, token, shutdown: Some(shutdown), thread: Some(thread) })
    }

    /// Its base URL, without the token.
    pub fn url(&self) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The token that opens it.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Ends it and waits until nothing of it is left.
    ///
    /// # Errors
    /// Where the listener had failed.
    pub fn shutdown(mut self) -> Result<(), ServerError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), ServerError> {
        drop(self.shutdown.take());
        let ended = self.thread.take().map(JoinHandle::join);
        ended.and_then(Result::ok).unwrap_or(Ok(()))
    }
}

impl Drop for EmbeddedServer {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::error!(error = &error as &dyn std::error::Error, "the embedded server failed");
        }
    }
}
