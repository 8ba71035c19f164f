//! One execution from "go" to its last byte of output, on the caller's thread.

use crate::{
    Claims, End, Finished, Job, Observer, OutputStream, Phases, SandboxError, Start, Stop, Usage,
    channel, claims,
    keeper::Told,
    message::{FromInit, Go, GroupUsage, Order},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::{AsFd, BorrowedFd, OwnedFd},
    fs::{OFlags, fcntl_setfl},
    io::Errno,
    process::{Signal, pidfd_send_signal},
};
use std::{
    io,
    sync::mpsc::Receiver,
    time::{Duration, Instant},
};

/// How long a killed sandbox may take to vanish before it counts as lost.
pub(crate) const GRACE: Duration = Duration::from_secs(30);

/// How many descriptors a sandbox has: pidfd, control socket, three streams, claims.
pub(crate) const DESCRIPTORS: usize = 6;

/// Starts the job in a new sandbox, whose descriptors these are, and a mount of its packages where it
/// has any; sees it through.
pub(crate) fn supervise(
    mut fds: Vec<OwnedFd>,
    is_warm: bool,
    order: &Order,
    job: Job,
    told: &Receiver<Told>,
    observer: &mut dyn Observer,
    stop: &Stop,
) -> Result<Finished, SandboxError> {
    let packages = fds.split_off(DESCRIPTORS.min(fds.len())).pop();
    let Ok([pidfd, control, stdin, stdout, stderr, claims]) =
        <[OwnedFd; DESCRIPTORS]>::try_from(fds)
    else {
        return Err(SandboxError::Launcher("sent no descriptors", None));
    };
    let io = |what| move |error: io::Error| SandboxError::Io(what, error);
    let order = channel::to_memfd("pyexec-order", order).map_err(io("no memory for an order"))?;
    // A script can read from its own output pipes, or write to its input: never wait for one.
    for fd in [&control, &stdin, &stdout, &stderr, &claims] {
        let nonblocking = fcntl_setfl(fd, OFlags::NONBLOCK);
        nonblocking.map_err(|errno| io("no pipe for a stream")(errno.into()))?;
    }
    let started = Instant::now();
    // A PID 1 that is gone already is noticed below, by the end of its socket.
    let with = [&order, &job.archive].into_iter().chain(&packages).map(AsFd::as_fd);
    drop(channel::send(&control, &Go, &with.collect::<Vec<_>>()));
    drop((order, job.archive, packages));
    observer.started();

    let mut run = Running {
        pidfd,
        control: Some(control),
        stdin: (!job.stdin.is_empty()).then_some(stdin),
        input: job.stdin,
        written: 0,
        stdout: Stream { pipe: Some(stdout), bytes: 0 },
        stderr: Stream { pipe: Some(stderr), bytes: 0 },
        claims: Some(claims),
        claimed: Vec::new(),
        end: None,
        killed_at: None,
        by_copy: is_warm,
        prepared: Duration::ZERO,
        exited_at: None,
        deadline: started.checked_add(job.limits.timeout),
        output_limit: job.limits.output_bytes,
    };
    run.run_out(observer, stop)?;
    let closed = Instant::now();
    let usage = match told.recv_timeout(GRACE) {
        Ok(Told::Exited(usage)) => Some(usage),
        _ => None,
    };
    let exited = run.exited_at.unwrap_or(closed);
    let phases = Phases {
        sandbox: Duration::ZERO,
        preparation: run.prepared,
        script: exited.duration_since(started).saturating_sub(run.prepared),
        closing: closed.duration_since(exited),
        report: closed.elapsed(),
    };
    let finished = run.finish(started.elapsed(), usage);
    Ok(Finished { phases, ..finished })
}

struct Stream {
    pipe: Option<OwnedFd>,
    bytes: u64,
}

struct Running {
    pidfd: OwnedFd,
    control: Option<OwnedFd>,
    stdin: Option<OwnedFd>,
    input: Vec<u8>,
    written: usize,
    stdout: Stream,
    stderr: Stream,
    claims: Option<OwnedFd>,
    claimed: Vec<u8>,
    /// The first reason for its end counts.
    end: Option<End>,
    /// As far as is known, whether a copy of a zygote runs it.
    by_copy: bool,
    killed_at: Option<Instant>,
    /// What PID 1 says that its preparations took.
    prepared: Duration,
    exited_at: Option<Instant>,
    deadline: Option<Instant>,
    output_limit: u64,
}

/// What the loop waits for.
#[derive(Clone, Copy)]
enum Source {
    Control,
    Stdin,
    Stdout,
    Stderr,
    Claims,
    Stop,
}

impl Running {
    /// Until every channel has ended, which PID 1's end guarantees.
    fn run_out(&mut self, observer: &mut dyn Observer, stop: &Stop) -> Result<(), SandboxError> {
        let mut buffer = vec![0; 64 * 1024];
        while self.control.is_some()
            || self.stdout.pipe.is_some()
            || self.stderr.pipe.is_some()
            || self.claims.is_some()
        {
            let now = Instant::now();
            if self.end.is_none() && self.deadline.is_some_and(|deadline| deadline <= now) {
                self.kill(End::TimedOut);
            }
            if self.killed_at.is_some_and(|killed| killed + GRACE <= now) {
                return Ok(());
            }
            for source in self.wait(stop, now)? {
                match source {
                    Source::Control => self.hear(),
                    Source::Stdin => self.feed(),
                    Source::Stdout => self.pass(OutputStream::Stdout, &mut buffer, observer),
                    Source::Stderr => self.pass(OutputStream::Stderr, &mut buffer, observer),
                    Source::Claims => self.note(&mut buffer),
                    Source::Stop => self.kill(End::Killed),
                }
            }
        }
        Ok(())
    }

    fn wait(&self, stop: &Stop, now: Instant) -> Result<Vec<Source>, SandboxError> {
        fn entry(
            source: Source,
            fd: Option<&OwnedFd>,
            flags: PollFlags,
        ) -> Option<(Source, BorrowedFd<'_>, PollFlags)> {
            fd.map(|fd| (source, fd.as_fd(), flags))
        }
        let pressed = (self.end.is_none()).then(|| (Source::Stop, stop.as_fd(), PollFlags::IN));
        let watched: Vec<_> = [
            entry(Source::Control, self.control.as_ref(), PollFlags::IN),
            entry(Source::Stdin, self.stdin.as_ref(), PollFlags::OUT),
            entry(Source::Stdout, self.stdout.pipe.as_ref(), PollFlags::IN),
            entry(Source::Stderr, self.stderr.pipe.as_ref(), PollFlags::IN),
            entry(Source::Claims, self.claims.as_ref(), PollFlags::IN),
            pressed,
        ]
        .into_iter()
        .flatten()
        .collect();
        let mut fds: Vec<_> =
            watched.iter().map(|(_, fd, flags)| PollFd::from_borrowed_fd(*fd, *flags)).collect();
        let until = match self.killed_at {
            Some(killed) => Some(killed + GRACE),
            None if self.end.is_none() => self.deadline,
            None => None,
        };
        let timeout =
            until.and_then(|until| Timespec::try_from(until.saturating_duration_since(now)).ok());
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Vec::new()),
            Err(errno) => return Err(SandboxError::Io("waiting for the script", errno.into())),
        }
        let ready = watched.iter().zip(&fds).filter(|(_, fd)| !fd.revents().is_empty());
        Ok(ready.map(|((source, ..), _)| *source).collect())
    }

    /// What PID 1 says, or that it is gone.
    fn hear(&mut self) {
        let Some(control) = &self.control else { return };
        match channel::receive(control) {
            Ok(Some((FromInit::Ready { .. } | FromInit::Warmed { .. }, _))) => {}
            Ok(Some((FromInit::Exited { code, signal, prepared_us, by_copy }, _))) => {
                self.by_copy = by_copy;
                self.prepared = Duration::from_micros(prepared_us);
                self.exited_at = Some(Instant::now());
                let end = match (code, signal) {
                    (Some(code), _) => End::Exited(code),
                    (None, Some(signal)) => End::Signaled(signal),
                    (None, None) => End::Lost,
                };
                self.end.get_or_insert(end);
            }
            Ok(Some((FromInit::OutOfMemory, _))) => {
                self.end.get_or_insert(End::OutOfMemory);
            }
            Ok(Some((FromInit::Failed(error), _))) => {
                self.end.get_or_insert(End::Refused(error.to_string()));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Ok(None) | Err(_) => {
                self.control = None;
                // Everyone inside is gone. Only another execution that shares the host's network
                // could still hold a pipe that was passed to it, and it can't keep us. A PID 1 that
                // makes no sense any more is ended.
                let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
                self.killed_at.get_or_insert_with(Instant::now);
            }
        }
    }

    fn feed(&mut self) {
        let Some(stdin) = &self.stdin else { return };
        match rustix::io::write(stdin, &self.input[self.written..]) {
            Ok(written) => self.written += written,
            Err(Errno::AGAIN | Errno::INTR) => {}
            // Nobody reads it any more.
            Err(_) => self.written = self.input.len(),
        }
        if self.written == self.input.len() {
            self.stdin = None;
            self.input = Vec::new();
        }
    }

    fn pass(&mut self, which: OutputStream, buffer: &mut [u8], observer: &mut dyn Observer) {
        let stream = match which {
            OutputStream::Stdout => &mut self.stdout,
            OutputStream::Stderr => &mut self.stderr,
        };
        let Some(read) = read(&mut stream.pipe, buffer) else {
            return;
        };
        let room = self.output_limit.saturating_sub(stream.bytes);
        let within = usize::try_from(room).unwrap_or(usize::MAX).min(read);
        stream.bytes = stream.bytes.saturating_add(read as u64);
        if within > 0 {
            observer.output(which, &buffer[..within]);
        }
        // Its end may be heard before its last bytes.
        if within < read && self.end.as_ref().is_none_or(End::is_own) {
            self.end = None;
            self.kill(End::OutputLimit);
        }
    }

    fn note(&mut self, buffer: &mut [u8]) {
        let Some(read) = read(&mut self.claims, buffer) else {
            return;
        };
        let room = claims::MOST_BYTES.saturating_sub(self.claimed.len());
        self.claimed.extend_from_slice(&buffer[..read.min(room)]);
    }

    /// Ends PID 1, and with it every process inside.
    fn kill(&mut self, reason: End) {
        self.end.get_or_insert(reason);
        self.killed_at.get_or_insert_with(Instant::now);
        // Fails only where it is gone already.
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
    }

    fn finish(self, duration: Duration, usage: Option<GroupUsage>) -> Finished {
        let oom = usage.is_some_and(|usage| usage.oom_kills > 0);
        let end = match self.end {
            // The kernel may have ended the script, one of its children, or PID 1 itself.
            None | Some(End::Exited(_) | End::Signaled(_)) if oom => End::OutOfMemory,
            Some(end) => end,
            None => End::Lost,
        };
        let mut claims = Claims::parse(&self.claimed);
        if end == End::Exited(0) {
            claims = Claims { result: claims.result, ..Claims::default() };
        } else {
            claims.result = None;
        }
        let usage = usage.unwrap_or_default();
        let usage = Usage {
            cpu: Duration::from_millis(usage.cpu_ms),
            peak_memory_bytes: usage.peak_memory_bytes,
        };
        let phases = Phases::default();
        let start = if self.by_copy { Start::Zygote } else { Start::Strict };
        Finished { end, duration, usage, claims, start, phases }
    }
}

/// Reads once; closes the pipe at its end.
fn read(pipe: &mut Option<OwnedFd>, buffer: &mut [u8]) -> Option<usize> {
    match rustix::io::read(pipe.as_ref()?, &mut *buffer) {
        Ok(0) => *pipe = None,
        Ok(read) => return Some(read),
        Err(Errno::INTR | Errno::AGAIN) => {}
        Err(_) => *pipe = None,
    }
    None
}
