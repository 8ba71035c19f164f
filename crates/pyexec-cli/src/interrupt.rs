//! Work that Ctrl-C, SIGTERM and SIGHUP end in an orderly way, and so does a reader that leaves.

use crate::failure::Failure;

/// Signals that are caught from the moment that this was made. The first ends the wait for the
/// work, so that the caller can clean up and leave; a second ends the process at once. That nobody
/// reads our standard output any more counts as `SIGPIPE`.
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
    use rustix::{
        event::{PollFd, PollFlags, poll},
        io::Errno,
    };
    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGPIPE, SIGTERM},
        iterator::Signals,
    };
    use std::{
        io::{self, IsTerminal},
        panic::{self, AssertUnwindSafe},
        process,
        sync::mpsc,
        thread,
        time::Duration,
    };

    #[derive(Debug)]
    pub(super) struct Interrupts(Signals);

    /// How long work may go on that nobody reads the output of: a program that ends after what
    /// `head -n 1` took ended well.
    const AFTERMATH: Duration = Duration::from_secs(1);

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
            let abandoned = tell.clone();
            spawn("pyexec-reader", move || {
                if is_abandoned() {
                    // What is over by now had a reader for all that it wrote.
                    thread::sleep(AFTERMATH);
                    abandoned.send(News::Signal(SIGPIPE)).unwrap_or_default();
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

    /// Waits until nobody reads standard output any more; `false` where that isn't to be known.
    fn is_abandoned() -> bool {
        let stdout = io::stdout();
        if stdout.is_terminal() {
            // Which says so by SIGHUP.
            return false;
        }
        let mut polled = [PollFd::new(&stdout, PollFlags::empty())];
        loop {
            match poll(&mut polled, None) {
                Ok(_) => {
                    return polled[0].revents().intersects(PollFlags::ERR | PollFlags::HUP);
                }
                Err(Errno::INTR) => {}
                Err(_) => return false,
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
