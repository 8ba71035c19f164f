//! Ending an execution from another thread.

use rustix::{
    event::{EventfdFlags, eventfd},
    fd::{AsFd, BorrowedFd, OwnedFd},
};
use std::{io, sync::Arc};

/// Ends an execution from another thread. Clones share one switch; once pressed it stays so.
///
/// ```
/// let stop = pyexec_sandbox::Stop::new()?;
/// let elsewhere = stop.clone();
/// std::thread::spawn(move || elsewhere.stop());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Stop(Arc<OwnedFd>);

impl Stop {
    /// A new switch.
    ///
    /// # Errors
    /// Where the process may open no more files.
    pub fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)))
    }

    /// Ends every process of the execution, now or as soon as it starts.
    pub fn stop(&self) {
        // Fails only where the counter is full, and then it is pressed already.
        let _ = rustix::io::write(&*self.0, &1u64.to_ne_bytes());
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
