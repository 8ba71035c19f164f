//! How connections get in.

use crate::{
    ConnectionLimits,
    linger::Connection,
    phase::{Overdue, PhaseCell},
    places::{Place, Places},
    tls::Tls,
};
use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use rustix::{io::Errno, net::sockopt};
use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

/// The first and the longest pause after a connection could not be taken.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];

/// After how long a silence the system asks whether the client is still there, and how often again.
const ALIVE: (Duration, Duration, u32) = (Duration::from_secs(60), Duration::from_secs(15), 4);

/// How connections get in, and what becomes of them.
#[derive(Debug, Clone)]
pub(crate) struct Doors {
    pub(crate) limits: ConnectionLimits,
    pub(crate) tls: Option<Tls>,
    /// Longest pause within an upload.
    pub(crate) patience: Duration,
    /// Set once the server ends.
    pub(crate) ending: watch::Receiver<bool>,
    pub(crate) router: Router,
}

impl Doors {
    /// Takes connections until the server ends, and sees those that there are to their end.
    ///
    /// # Errors
    /// Where the listener is none any more.
    pub(crate) async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let places = Places::new(self.limits.most, self.limits.most_per_address);
        let mut connections = JoinSet::new();
        let mut ending = self.ending.clone();
        let mut ended = pin!(async { drop(ending.wait_for(|now| *now).await) });
        loop {
            let next = async {
                let (stream, peer) = accept(&listener).await?;
                Ok::<_, io::Error>((places.enter(peer.ip()).await, stream))
            };
            let (place, stream) = tokio::select! {
                () = ended.as_mut() => break,
                next = next => next?,
            };
            while connections.try_join_next().is_some() {}
            if let Some(place) = place {
                connections.spawn(self.clone().attend(stream, place, places.wanted()));
            }
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
        Ok(())
    }

    /// Sees one connection through.
    async fn attend(self, stream: TcpStream, place: Place, wanted: Arc<Notify>) {
        if let Err(error) = keep_lively(&stream) {
            tracing::debug!(%error, "a connection keeps the system's settings");
        }
        let phase = PhaseCell::new();
        let ending = self.ending.clone();
        let connection = Connection::new(
            stream,
            self.patience,
            self.limits.stall_timeout,
            phase.clone(),
            ending,
        );
        match &self.tls {
            None => self.converse(connection, phase, wanted).await,
            Some(tls) => {
                let secure = timeout(self.limits.head_timeout, tls.accept(connection)).await;
                match secure {
                    Ok(Ok(secure)) => {
                        phase.restart();
                        self.converse(secure, phase, wanted).await;
                    }
                    Ok(Err(error)) => tracing::debug!(%error, "no TLS handshake"),
                    Err(_) => tracing::debug!("a TLS handshake took too long"),
                }
            }
        }
        drop(place);
    }

    /// Answers the requests of one connection.
    async fn converse(
        mut self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        phase: PhaseCell,
        wanted: Arc<Notify>,
    ) {
        let routes = TowerToHyperService::new(self.router);
        let of_connection = phase.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let busy = of_connection.busy();
            let answer = hyper::service::Service::call(&routes, request.map(Body::new));
            async move {
                let answer = answer.await?;
                Ok::<_, Infallible>(answer.map(|body| busy.until_sent(body)))
            }
        });
        let mut builder = http1::Builder::new();
        // The phase has a time for each part of a head, which this can't tell apart.
        builder.timer(TokioTimer::new()).header_read_timeout(None);
        builder.max_header_size(self.limits.head_bytes.max(8192)).max_headers(self.limits.headers);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let mut ended = pin!(async { drop(self.ending.wait_for(|now| *now).await) });
        let mut is_ending = false;
        let (head, idle) = (self.limits.head_timeout, self.limits.idle_timeout);
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection failed");
                    }
                    return;
                }
                why = phase.overdue(head, idle, &wanted), if !is_ending => match why {
                    // The rest of an answer may be on its way to a slow reader.
                    Overdue::Idle => {
                        phase.leave();
                        connection.as_mut().graceful_shutdown();
                    }
                    // To one that is late, nothing is owed.
                    Overdue::Late => return,
                },
                () = ended.as_mut(), if !is_ending => {
                    is_ending = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

/// The next connection. Where there are no descriptors or no memory for one, it waits until there
/// are: others end.
async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let [mut pause, longest] = PAUSES;
    let mut is_told = false;
    loop {
        let error = match listener.accept().await {
            Ok(accepted) => return Ok(accepted),
            Err(error) => error,
        };
        match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::OPNOTSUPP) => {
                return Err(error);
            }
            Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                if !is_told {
                    is_told = true;
                    tracing::warn!(%error, "connections have to wait");
                }
                sleep(pause).await;
                pause = longest.min(pause * 2);
            }
            // It was gone before it was taken.
            _ => tokio::task::yield_now().await,
        }
    }
}

/// Small answers go out at once, and a client that has vanished is noticed.
fn keep_lively(stream: &TcpStream) -> io::Result<()> {
    let (silence, interval, count) = ALIVE;
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, silence)?;
    sockopt::set_tcp_keepintvl(stream, interval)?;
    sockopt::set_tcp_keepcnt(stream, count)?;
    Ok(())
}
