//! The server's end of the line to the minder of one sandbox's network.

use super::minder::FromMinder;
use crate::{SandboxError, Stop, channel};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::OwnedFd,
    io::Errno,
};

/// How long the minder may take; it is less patient itself.
const PATIENCE: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };

/// How long pasta may take to end once its sandbox has.
const GRACE: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };

/// Dropping it ends the sandbox's network.
#[derive(Debug)]
pub(crate) struct Line(OwnedFd);

impl Line {
    pub(crate) fn new(socket: OwnedFd) -> Self {
        Self(socket)
    }

    /// Waits until the sandbox is connected, or until nobody wants that any more.
    ///
    /// # Errors
    /// Where it can't be; the sandbox then has no network at all.
    pub(crate) fn wait(&self, stop: &Stop) -> Result<(), SandboxError> {
        let fds = &mut [
            PollFd::new(&self.0, PollFlags::IN),
            PollFd::from_borrowed_fd(stop.as_fd(), PollFlags::IN),
        ];
        let refused = |reason: &str| Err(SandboxError::NotConnected(reason.into()));
        match rustix::io::retry_on_intr(|| poll(fds, Some(&PATIENCE))) {
            Ok(0) => return refused("it takes too long"),
            Ok(_) if fds[0].revents().is_empty() => return Ok(()),
            Ok(_) => {}
            Err(errno) => return Err(SandboxError::Io("waiting for the network", errno.into())),
        }
        match channel::receive(&self.0) {
            Ok(Some((FromMinder::Connected, _))) => Ok(()),
            Ok(Some((FromMinder::Failed(error), _))) => refused(&error.to_string()),
            Ok(None) | Err(_) => refused("its helper ended"),
        }
    }

    /// Waits for the end of all that the sandbox's network consisted of; the sandbox itself has
    /// ended.
    pub(crate) fn finish(self) {
        let fds = &mut [PollFd::new(&self.0, PollFlags::empty())];
        while poll(fds, Some(&GRACE)) == Err(Errno::INTR) {}
    }
}
