//! A request's body for reqwest, with its exact length and in constant memory.

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use pyexec_core::Body;
use std::{
    io::{self, Read},
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::{sync::mpsc, task::spawn_blocking};

/// How much is read at once, in bytes.
const CHUNK: u64 = 256 * 1024;

/// How many chunks may wait for the network.
const READ_AHEAD: usize = 2;

/// The body as reqwest sends it; none for an empty one.
pub(crate) fn body(body: Body) -> Option<reqwest::Body> {
    match body.as_bytes() {
        Some(bytes) if bytes.is_empty() => None,
        Some(bytes) => Some(bytes.clone().into()),
        None => Some(reqwest::Body::wrap(Upload { left: body.size(), source: Source::Idle(body) })),
    }
}

/// An upload. Reading, which may block on a disk, is left to another thread.
struct Upload {
    left: u64,
    source: Source,
}

enum Source {
    Idle(Body),
    Pumped(mpsc::Receiver<io::Result<Bytes>>),
}

impl http_body::Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let chunk = loop {
            match &mut self.source {
                Source::Idle(body) => self.source = Source::Pumped(pump(body)),
                Source::Pumped(chunks) => break ready!(chunks.poll_recv(cx)),
            }
        };
        if let Some(Ok(bytes)) = &chunk {
            self.left = self.left.saturating_sub(bytes.len() as u64);
        }
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Reads on the blocking pool, a little ahead. It stops when the receiver is dropped.
fn pump(body: &Body) -> mpsc::Receiver<io::Result<Bytes>> {
    let (sender, receiver) = mpsc::channel(READ_AHEAD);
    let mut reader = body.open();
    let mut left = body.size();
    spawn_blocking(move || {
        while left > 0 {
            let size = left.min(CHUNK);
            left -= size;
            let mut chunk = vec![0; size as usize];
            let chunk = reader.read_exact(&mut chunk).map(|()| chunk.into());
            let failed = chunk.is_err();
            if sender.blocking_send(chunk).is_err() || failed {
                return;
            }
        }
    });
    receiver
}
