//! Connections that are closed without a loss.
//!
//! An answer may come before the request is over: 401, 404, 413. Whoever closes a connection with
//! data in it that nobody has read resets it, and a client that sends first and reads later finds
//! a broken pipe in place of the answer. So what still comes after the last answer is read for
//! nothing, within bounds. It costs no memory, and no more time than a connection that is silent.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{Instant, Sleep, sleep, timeout},
};

/// How much is read for nothing, in bytes: more than most uploads that are refused, and far less
/// than a second's work.
const MOST: usize = 64 << 20;

/// How long a connection is read for nothing in all.
const LONGEST: Duration = Duration::from_secs(30);

/// How long a client may send nothing meanwhile. One that keeps its connection for later would
/// hold it for long.
const SILENCE: Duration = Duration::from_secs(5);

/// How much is read at once, in bytes.
const PIECE: usize = 16 << 10;

/// A listener whose connections linger.
pub(crate) struct Listener {
    pub(crate) inner: TcpListener,
    /// Longest pause within an upload, where that is less than the times above.
    pub(crate) patience: Duration,
    /// Set once the server ends, which waits for nobody.
    pub(crate) ending: watch::Receiver<bool>,
}

impl axum::serve::Listener for Listener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, peer) = axum::serve::Listener::accept(&mut self.inner).await;
        let (patience, ending) = (self.patience, self.ending.clone());
        (Connection { stream, has_ended: false, linger: None, patience, ending }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// A connection that lingers when it is shut down.
pub(crate) struct Connection {
    stream: TcpStream,
    /// The client sends no more.
    has_ended: bool,
    linger: Option<Linger>,
    patience: Duration,
    ending: watch::Receiver<bool>,
}

/// What is left of a connection that lingers.
struct Linger {
    bytes: usize,
    silence: Pin<Box<Sleep>>,
    /// Over when the time is, or when the server ends.
    end: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Connection {
    /// After the last answer; the client knows that nothing more comes.
    fn linger(&self) -> Linger {
        let (longest, mut ending) = (self.patience.min(LONGEST), self.ending.clone());
        Linger {
            bytes: MOST,
            silence: Box::pin(sleep(self.patience.min(SILENCE))),
            end: Box::pin(async move {
                drop(timeout(longest, ending.wait_for(|now| *now)).await);
            }),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        self.has_ended |= read.is_err() || buffer.filled().len() == before;
        Poll::Ready(read)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        }
        if this.has_ended {
            return Poll::Ready(Ok(()));
        }
        let patience = this.patience.min(SILENCE);
        let mut linger = this.linger.take().unwrap_or_else(|| this.linger());
        if linger.end.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        let mut space = [0; PIECE];
        while linger.bytes > 0 {
            let mut buffer = ReadBuf::new(&mut space);
            match Pin::new(&mut this.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    linger.bytes = linger.bytes.saturating_sub(buffer.filled().len());
                    linger.silence.as_mut().reset(Instant::now() + patience);
                }
                Poll::Pending if linger.silence.as_mut().poll(cx).is_pending() => {
                    this.linger = Some(linger);
                    return Poll::Pending;
                }
                _ => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}
