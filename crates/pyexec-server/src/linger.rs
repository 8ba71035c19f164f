//! Connections that are closed without a loss.
//!
//! An answer may come before the request is over: 401, 404, 413. Whoever closes a connection with
//! data in it that nobody has read resets it, and a client that sends first and reads later finds
//! a broken pipe in place of the answer. So what still comes after the last answer is read for
//! nothing, within bounds. It costs no memory, and no more time than a connection that is silent.

use crate::phase::{Phase, PhaseCell};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
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

/// A connection that lingers when it is shut down.
pub(crate) struct Connection {
    stream: TcpStream,
    /// The client sends no more.
    has_ended: bool,
    linger: Option<Linger>,
    /// Longest pause within an upload, where that is less than the times above.
    patience: Duration,
    phase: PhaseCell,
    /// How long the client may take nothing, and the time that it has left where it takes nothing.
    stall_timeout: Duration,
    stall: Option<Pin<Box<Sleep>>>,
    /// Set once the server ends, which waits for nobody.
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
    pub(crate) fn new(
        stream: TcpStream,
        patience: Duration,
        stall_timeout: Duration,
        phase: PhaseCell,
        ending: watch::Receiver<bool>,
    ) -> Self {
        let (linger, stall) = (None, None);
        Self { stream, has_ended: false, linger, patience, phase, stall_timeout, stall, ending }
    }

    /// Looks at what comes next, and leaves it there.
    #[cfg(feature = "tls")]
    pub(crate) async fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.peek(buffer).await
    }

    /// What became of a write, which fails where the client takes nothing for too long.
    fn wrote(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stall = None;
            self.phase.sent();
            return written;
        }
        let longest = self.stall_timeout;
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(longest)));
        ready!(stall.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing")))
    }

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
        let is_empty = buffer.filled().len() == before;
        self.has_ended |= read.is_err() || is_empty;
        if !is_empty {
            self.phase.received();
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.wrote(cx, written)
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
        // Who is sent away for want of requests has none on its way that would be lost.
        if this.has_ended || matches!(this.phase.get(), Phase::Leaving(_)) {
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
