//! Answers that come while the request is still being sent.
//!
//! A server may refuse an upload before it has all of it and hang up. ureq sends first and reads
//! then, so it would report the broken connection and never look at what the server said. The
//! connections here look, and where there is an answer they take the rest of the request for sent.

use pyexec_core::BodyReader;
use std::{
    cell::Cell,
    io::{self, Read},
    mem,
};
use ureq::{
    Error,
    unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport},
};

thread_local! {
    /// Whether the request that this thread sends is answered already. ureq sends on the thread
    /// that it is called on, and has no other way from the connection to the body.
    static ANSWERED: Cell<bool> = const { Cell::new(false) };
}

/// Makes connections that look for an early answer. Right above the socket, below TLS: that
/// couldn't be read any more once it failed to write.
#[derive(Debug)]
pub(crate) struct EarlyAnswers;

impl<In: Transport> Connector<In> for EarlyAnswers {
    type Out = Attentive<In>;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(|inner| Attentive { inner, is_answered: false, is_unread: false }))
    }
}

/// A connection that looks for an answer when it can't send any more.
#[derive(Debug)]
pub(crate) struct Attentive<T> {
    inner: T,
    /// Nothing can be sent any more, but something came back.
    is_answered: bool,
    /// What came is in the buffer, and nobody has been told.
    is_unread: bool,
}

impl<T: Transport> Transport for Attentive<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.is_answered {
            return Ok(());
        }
        let Err(error) = self.inner.transmit_output(amount, timeout) else { return Ok(()) };
        // The other end is gone, so this doesn't wait: there is something, or there is the end.
        if !is_hung_up(&error) || !matches!(self.inner.await_input(timeout), Ok(true)) {
            return Err(error);
        }
        (self.is_answered, self.is_unread) = (true, true);
        ANSWERED.set(true);
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if mem::take(&mut self.is_unread) {
            return Ok(true);
        }
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        !self.is_answered && self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

fn is_hung_up(error: &Error) -> bool {
    let Error::Io(error) = error else { return false };
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
    )
}

/// A body that is read no further once its request is answered: what would be sent of it then
/// isn't worth a disk's time, and an error in it nothing beside the answer.
pub(crate) struct Unanswered {
    body: BodyReader,
    left: u64,
}

impl Unanswered {
    /// For a request that is sent next, on this thread.
    pub(crate) fn new(body: BodyReader, size: u64) -> Self {
        ANSWERED.set(false);
        Self { body, left: size }
    }
}

impl Read for Unanswered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = if ANSWERED.get() {
            // ureq wants as many bytes as were announced; whatever they are, they go nowhere.
            usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()))
        } else {
            self.body.read(buffer)?
        };
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pyexec_core::Body;

    #[test]
    fn an_answered_body_keeps_its_size_and_is_not_read() {
        let body = Body::from(vec![b'#'; 100]);
        let mut reader = Unanswered::new(body.open(), body.size());
        let mut buffer = [0; 30];
        assert_eq!(reader.read(&mut buffer).unwrap(), 30);
        assert_eq!(buffer, [b'#'; 30]);
        ANSWERED.set(true);
        let mut rest = vec![0; 1000];
        assert_eq!(reader.read(&mut rest).unwrap(), 70);
        assert_eq!(rest, [0; 1000]);
        assert_eq!(reader.read(&mut rest).unwrap(), 0);
        // The next request starts anew.
        let mut reader = Unanswered::new(body.open(), body.size());
        assert_eq!(reader.read(&mut rest).unwrap(), 100);
        assert_eq!(rest[..100], [b'#'; 100]);
    }
}
