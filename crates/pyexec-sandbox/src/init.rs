//! PID 1 of a sandbox: prepares the file systems, waits for "go", unpacks, gives up its
//! privileges, starts the script as PID 2, reaps and reports.
//!
//! It is a copy of the launcher that was never exec'd, alone in its namespaces. It ends with its
//! control socket, at any time; with it ends everything inside.

mod copy;
mod memory;
mod mounts;
pub(crate) mod privileges;
pub(crate) mod program;
mod unpack;

use crate::{
    IsolationLevel, channel,
    launcher::{
        cgroup::{self, Group},
        identity,
    },
    message::{FromInit, Go, Order, Step, StepError},
    seccomp::Filters,
    sys,
    weaken::{Layer, without},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::{AsFd, AsRawFd, OwnedFd},
    fs::{Mode, OFlags, open},
    io::Errno,
    process::{
        DumpableBehavior, Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, pidfd_open,
        set_dumpable_behavior, set_parent_process_death_signal, wait, waitpid,
    },
    thread::{set_thread_res_gid, set_thread_res_uid},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

pub(crate) use copy::NAMESPACES;
pub(crate) use mounts::{RESOLVER, attach_packages};

/// What PID 1 holds: its ends of every channel.
pub(crate) struct Ends {
    pub(crate) control: OwnedFd,
    pub(crate) stdin: OwnedFd,
    pub(crate) stdout: OwnedFd,
    pub(crate) stderr: OwnedFd,
    pub(crate) claims: OwnedFd,
    /// Readable once the user mapping is written.
    pub(crate) mapped: OwnedFd,
    /// The control group's count of memory, where the sandbox may do without `/proc`.
    pub(crate) memory: Option<OwnedFd>,
}

impl Ends {
    /// The numbers of all; one may be there twice.
    fn all(&self) -> [i32; 7] {
        let Self { control, stdin, stdout, stderr, claims, mapped, memory } = self;
        let memory = memory.as_ref().unwrap_or(control);
        [control, stdin, stdout, stderr, claims, mapped, memory].map(AsRawFd::as_raw_fd)
    }

    /// Gives every end the lowest number that is free, now that few are taken: PID 2 needs high
    /// ones, and any low one for a stream.
    fn renumber(self) -> Result<Self, StepError> {
        let low =
            |fd: OwnedFd| rustix::io::fcntl_dupfd_cloexec(&fd, 3).step("renumbering descriptors");
        Ok(Self {
            control: low(self.control)?,
            stdin: low(self.stdin)?,
            stdout: low(self.stdout)?,
            stderr: low(self.stderr)?,
            claims: low(self.claims)?,
            mapped: low(self.mapped)?,
            memory: self.memory.map(low).transpose()?,
        })
    }
}

/// Everything that PID 1 does.
pub(crate) fn main(ends: Ends, entrances: &[OwnedFd], network: bool, filters: &Filters) -> ! {
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let entered = Group::enter(entrances).step(cgroup::ENTERING);
        close_all_but(&ends)?;
        let ends = ends.renumber()?;
        let control = ends.control.try_clone().step("copying the control socket")?;
        let result = entered.and_then(|()| live(ends, network, filters));
        if let Err(error) = &result {
            // The reader may be gone, and then nobody needs to know.
            drop(channel::send(&control, &FromInit::Failed(error.clone()), &[]));
        }
        result
    }));
    sys::exit_now(if matches!(ended, Ok(Ok(()))) { 0 } else { 1 })
}

fn live(ends: Ends, network: bool, filters: &Filters) -> Result<(), StepError> {
    let mut byte = [0];
    if rustix::io::read(&ends.mapped, &mut byte).step("waiting for the user mapping")? == 0 {
        return Ok(());
    }
    // Its root is the group where we are now: the path to that would say which launcher's it is.
    if !without(Layer::CgroupNamespace) {
        sys::unshare(libc::CLONE_NEWCGROUP).step("creating namespaces")?;
    }
    become_inside_user()?;
    // Both look at `/proc`, which may be covered below. Older kernels tell the page size, and what
    // else a process starts with, nowhere else, and it is asked for once.
    let _ = rustix::param::page_size();
    let copy = if network { None } else { Some(copy::Channel::open()?) };
    let (copy, door) = copy.unzip();
    let level = mounts::prepare(network, ends.memory.is_some())?;
    let Ends { control, stdin, stdout, stderr, claims, mapped, memory } = ends;
    drop(mapped);
    let memory = memory.filter(|_| level == IsolationLevel::NoProc);
    let door = door.unwrap_or_default();
    let fds: Vec<_> = door.iter().map(AsFd::as_fd).collect();
    if channel::send(&control, &FromInit::Ready { level }, &fds).is_err() {
        return Ok(());
    }
    // The copy alone holds its end: that it is gone must be seen.
    drop(door);

    let copy = await_go(&control, copy)?;
    let told = Instant::now();
    let Some((Go, fds)) = channel::receive(&control).step("waiting for go")? else {
        return Ok(());
    };
    let mut fds = fds.into_iter();
    let (Some(order), Some(archive)) = (fds.next(), fds.next()) else { return Err(incomplete()) };
    let mut order: Order = channel::from_memfd(order).step("reading the order")?;
    let ours = program::DESCRIPTORS;
    order.open_files = privileges::raise_open_files(order.open_files + ours)?.saturating_sub(ours);
    mounts::apply(&order)?;
    match (&order.packages, fds.next()) {
        (Some(packages), Some(environment)) => mounts::attach(&environment, packages)?,
        (None, None) => {}
        _ => return Err(incomplete()),
    }
    unpack::unpack(archive.into())?;
    let copy = copy.and_then(|copy| copy.suits(&order));
    let by_copy = copy.is_some();
    let pid = match copy {
        Some(copy) => {
            copy.limit(&order)?;
            privileges::drop_all()?;
            filters.install(order.rlimits_only)?;
            drop((stdin, stdout, stderr, claims));
            copy.go(&order)?
        }
        None => {
            let script = program::Prepared::new(&order)?;
            // From here on nothing in the sandbox has a privilege, so that variables such as
            // LD_PRELOAD, which make the interpreter load files of the archive early, gain nothing.
            privileges::drop_all()?;
            filters.install(order.rlimits_only)?;
            let script = script.start(&order, [&stdin, &stdout, &stderr, &claims])?;
            // The script's process alone holds the pipes now: their end is its end.
            drop((stdin, stdout, stderr, claims));
            script.go()?
        }
    };
    let memory = memory::Watch::new(order.memory_bytes, order.disk_bytes, memory);
    watch(&Script { control, pid, by_copy, prepared: told.elapsed() }, &memory)
}

fn incomplete() -> StepError {
    StepError {
        step: "reading the order".into(),
        errno: 0,
        detail: "it came without its descriptors".into(),
    }
}

/// Waits until there is something to do, and meanwhile for a copy of an interpreter.
fn await_go(
    control: &OwnedFd,
    mut channel: Option<copy::Channel>,
) -> Result<Option<copy::Copy>, StepError> {
    let mut copy = None;
    loop {
        let mut fds = vec![PollFd::new(control, PollFlags::IN)];
        fds.extend(channel.as_ref().map(|channel| PollFd::new(channel, PollFlags::IN)));
        match poll(&mut fds, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno).step("waiting for go"),
        }
        let seen: Vec<_> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        if seen.get(1) == Some(&true)
            && let Some(channel) = channel.take()
        {
            copy = channel.hear();
            // Without a listener, the end of the channel follows.
            drop(channel::send(control, &FromInit::Warmed { ok: copy.is_some() }, &[]));
        }
        if seen[0] {
            return Ok(copy);
        }
    }
}

/// Without an owner that it can see, a process has no capabilities to lose: so they survive.
fn become_inside_user() -> Result<(), StepError> {
    let uid = rustix::process::Uid::from_raw(identity::INSIDE);
    let gid = rustix::process::Gid::from_raw(identity::INSIDE);
    set_thread_res_gid(gid, gid, gid).step("setresgid")?;
    set_thread_res_uid(uid, uid, uid).step("setresuid")?;
    // After the last change of credentials, which clears both.
    set_parent_process_death_signal(Some(Signal::KILL)).step("setting the parent death signal")?;
    let dumpable = if without(Layer::HiddenInit) {
        DumpableBehavior::Dumpable
    } else {
        DumpableBehavior::NotDumpable
    };
    set_dumpable_behavior(dumpable).step("hiding PID 1's memory")
}

/// Closes what the launcher's copy brought along, its own socket (standard input) included.
fn close_all_but(ends: &Ends) -> Result<(), StepError> {
    sys::close_all_but(ends.all()).step("closing descriptors")?;
    let null = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
        .step("opening /dev/null")?;
    (0..3).try_for_each(|number| sys::duplicate_to(&null, number, true)).step("closing streams")
}

/// The script's process.
struct Script {
    control: OwnedFd,
    pid: Pid,
    /// Whether it is a copy of a zygote.
    by_copy: bool,
    /// How long it took to get everything in place for it.
    prepared: Duration,
}

/// Reaps, watches memory, and ends with the script or with the control socket.
fn watch(script: &Script, memory: &memory::Watch) -> Result<(), StepError> {
    let control = &script.control;
    let pidfd = pidfd_open(script.pid, PidfdFlags::empty()).step("watching the script")?;
    let mut pause = Timespec::default();
    loop {
        let mut fds = [PollFd::new(&pidfd, PollFlags::IN), PollFd::new(control, PollFlags::IN)];
        match poll(&mut fds, Some(&pause)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno).step("waiting for the script"),
        }
        let [ended, told] = fds.map(|fd| !fd.revents().is_empty());
        if ended {
            return script.report();
        }
        if told {
            // Nothing is ever said here after "go": the server is gone.
            return Ok(());
        }
        let Some(next) = memory.look() else {
            drop(channel::send(control, &FromInit::OutOfMemory, &[]));
            return Ok(());
        };
        // Always below a second.
        pause = Timespec { tv_sec: 0, tv_nsec: next.subsec_nanos().into() };
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if pid == script.pid {
                script.tell(status);
                return Ok(());
            }
        }
    }
}

impl Script {
    fn report(&self) -> Result<(), StepError> {
        let waited = rustix::io::retry_on_intr(|| waitpid(Some(self.pid), WaitOptions::empty()));
        if let Some((_, status)) = waited.step("waiting for the script")? {
            self.tell(status);
        }
        Ok(())
    }

    fn tell(&self, status: WaitStatus) {
        let (code, signal) = (status.exit_status(), status.terminating_signal());
        let prepared_us = u64::try_from(self.prepared.as_micros()).unwrap_or(u64::MAX);
        let by_copy = self.by_copy;
        let exited = FromInit::Exited { code, signal, prepared_us, by_copy };
        drop(channel::send(&self.control, &exited, &[]));
    }
}
