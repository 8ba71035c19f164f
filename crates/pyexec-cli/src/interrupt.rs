//! Work that Ctrl-C, SIGTERM and SIGHUP end in an orderly way.

use crate::failure::Failure;

/// Signals that are caught from the moment that this was made. The first ends the wait for the
/// work, so that the caller can clean up and leave; a second ends the process at once.
#[derive(Debug)]
pub(crate) struct Interrupts(imp::Interrupts);

impl Interrupts {
    /// Takes signals from now on.
    ///
    /// # Errors
    ///
    /// Where the system refuses.
    pub(crate) fn catch() -> Result<Self, Failure> {
        imp::Interrupts::catch().map(Self)
    }

    /// Does `work` on a thread of its own and waits for what comes of it, or for a signal; then the
    /// thread ends with the process. After a signal `leave` cleans up, as long as there is no
    /// second one.
    ///
    /// # Errors
    ///
    /// The work's own, and a quiet one after a signal.
    pub(crate) fn during<T: Send + 'static>(
        self,
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
        leave: impl FnOnce(i32),
    ) -> Result<T, Failure> {
        self.0.during(work, leave)
    }
}

#[cfg(unix)]
mod imp {
    use crate::{exit_code, failure::Failure};
    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGTERM},
        iterator::Signals,
    };
    use std::{
        panic::{self, AssertUnwindSafe},
        process,
        sync::mpsc,
        thread,
    };

    #[derive(Debug)]
    pub(super) struct Interrupts(Signals);

    enum News<T> {
        Done(Result<T, Failure>),
        Signal(i32),
    }

    impl Interrupts {
        pub(super) fn catch() -> Result<Self, Failure> {
            let heeded = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&signal| !ignored(signal));
            let signals = Signals::new(heeded)
                .map_err(|error| Failure::ours("cannot wait for signals").because(&error))?;
            Ok(Self(signals))
        }

        pub(super) fn during<T: Send + 'static>(
            mut self,
            work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
            leave: impl FnOnce(i32),
        ) -> Result<T, Failure> {
            let (tell, news) = mpsc::channel();
            let interrupted = tell.clone();
            spawn("pyexec-signals", move || {
                let mut signals = self.0.forever();
                if let Some(signal) = signals.next() {
                    interrupted.send(News::Signal(signal)).unwrap_or_default();
                }
                if let Some(signal) = signals.next() {
                    process::exit(exit_code::of_signal(signal).into());
                }
            })?;
            spawn("pyexec-work", move || {
                let done = panic::catch_unwind(AssertUnwindSafe(work));
                let done = done.unwrap_or_else(|_| Err(Failure::ours("an internal error")));
                // Nobody listens any more after a signal.
                tell.send(News::Done(done)).unwrap_or_default();
            })?;
            match news.recv() {
                Ok(News::Done(result)) => result,
                Ok(News::Signal(signal)) => {
                    leave(signal);
                    Err(Failure::interrupted(signal))
                }
                Err(_) => Err(Failure::ours("an internal thread ended without an answer")),
            }
        }
    }

    /// Whether whoever started us wants a signal ignored, as `nohup` does, and a shell for what
    /// runs in the background.
    fn ignored(signal: i32) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        mask & (1 << (signal - 1)) != 0
    }

    fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
        let thread = thread::Builder::new().name(name.into()).spawn(work);
        thread.map(drop).map_err(|error| Failure::ours("cannot start a thread").because(&error))
    }
}

/// Elsewhere Ctrl-C ends the process by itself, and with it the connection.
#[cfg(not(unix))]
mod imp {
    use crate::failure::Failure;

    #[derive(Debug)]
    pub(super) struct Interrupts;

    impl Interrupts {
        pub(super) fn catch() -> Result<Self, Failure> {
            Ok(Self)
        }

        pub(super) fn during<T>(
            self,
            work: impl FnOnce() -> Result<T, Failure>,
            _leave: impl FnOnce(i32),
        ) -> Result<T, Failure> {
            work()
        }
    }
}
