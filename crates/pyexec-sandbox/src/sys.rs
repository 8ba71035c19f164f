//! The system calls that `rustix` doesn't wrap, or wraps as unsafe. All `unsafe` of the launcher
//! and of PID 1 is here.
#![allow(unsafe_code)]

use rustix::{
    fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
    io::{Errno, Result},
    process::Pid,
};
use std::{ffi::CString, mem, ptr};

/// Which side of a fork this is.
pub(crate) enum Fork {
    Child,
    Parent(Pid),
}

/// Which side of a clone this is; the parent holds the child's pidfd.
pub(crate) enum Clone {
    Child,
    Parent { pid: Pid, pidfd: OwnedFd },
}

/// The namespaces that every execution has of its own from the first; that of control groups comes
/// once it is in its group.
pub(crate) const NAMESPACES: libc::c_int = libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS;

fn check(result: libc::c_long) -> Result<libc::c_long> {
    if result >= 0 {
        return Ok(result);
    }
    let errno = std::io::Error::last_os_error().raw_os_error();
    Err(Errno::from_raw_os_error(errno.unwrap_or(libc::EIO)))
}

/// Makes a child in new namespaces, and in `cgroup` (cgroup v2) where one is given.
///
/// The caller must be single-threaded: the child goes on with a copy of its memory.
pub(crate) fn clone_into(namespaces: libc::c_int, cgroup: Option<BorrowedFd<'_>>) -> Result<Clone> {
    const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;
    let mut pidfd: libc::c_int = -1;
    // SAFETY: `clone_args` is plain old data for which all zeroes is a valid value.
    let mut args: libc::clone_args = unsafe { mem::zeroed() };
    args.flags = (namespaces | libc::CLONE_PIDFD) as u64;
    args.pidfd = ptr::addr_of_mut!(pidfd) as u64;
    args.exit_signal = libc::SIGCHLD as u64;
    if let Some(cgroup) = cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = cgroup.as_raw_fd() as u64;
    }
    // SAFETY: without CLONE_VM the child has its own copy of memory and stack, as after fork; the
    // kernel writes only to `pidfd`, which outlives the call.
    let pid = check(unsafe {
        libc::syscall(libc::SYS_clone3, ptr::addr_of_mut!(args), size_of_val(&args))
    })?;
    let Some(pid) = Pid::from_raw(pid as i32) else { return Ok(Clone::Child) };
    // SAFETY: the kernel has just made this descriptor for us and nobody else knows it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok(Clone::Parent { pid, pidfd })
}

/// Plain `fork`, in a single-threaded process.
pub(crate) fn fork() -> Result<Fork> {
    // SAFETY: the caller is single-threaded (launcher or PID 1), so the child may do anything.
    let pid = check(libc::c_long::from(unsafe { libc::fork() }))?;
    Ok(Pid::from_raw(pid as i32).map_or(Fork::Child, Fork::Parent))
}

/// Ends this process without running the exit handlers of the program that we are a copy of.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` has no preconditions.
    unsafe { libc::_exit(code) }
}

/// Ends every other process of the PID namespace whose PID 1 this process is.
pub(crate) fn kill_all() -> Result<()> {
    if rustix::process::getpid() != Pid::INIT {
        return Err(Errno::PERM);
    }
    // SAFETY: `kill` has no memory effects.
    check(libc::c_long::from(unsafe { libc::kill(-1, libc::SIGKILL) })).map(drop)
}

/// A program with its arguments and variables, put together before the process is forked that
/// becomes it.
pub(crate) struct Program {
    path: CString,
    argv: Strings,
    env: Strings,
}

impl Program {
    /// # Errors
    /// Where a text holds a NUL.
    pub(crate) fn new<T: Into<Vec<u8>>>(path: T, argv: Vec<T>, env: Vec<T>) -> Result<Self> {
        let path = CString::new(path).map_err(|_| Errno::INVAL)?;
        Ok(Self { path, argv: Strings::new(argv)?, env: Strings::new(env)? })
    }

    /// Replaces this process, without allocating. Returns only if that failed.
    pub(crate) fn exec(&self) -> Errno {
        let (argv, env) = (self.argv.pointers.as_ptr(), self.env.pointers.as_ptr());
        // SAFETY: all three are NUL-terminated, the arrays end with a null pointer, and everything
        // lives until the call returns or the process image is gone.
        let result = unsafe { libc::execve(self.path.as_ptr(), argv, env) };
        check(libc::c_long::from(result)).err().unwrap_or(Errno::IO)
    }
}

/// Strings as C wants them: pointers into the strings beside them, and a null at the end.
struct Strings {
    pointers: Vec<*const libc::c_char>,
    _strings: Vec<CString>,
}

impl Strings {
    fn new<T: Into<Vec<u8>>>(texts: Vec<T>) -> Result<Self> {
        let strings = texts.into_iter().map(|text| CString::new(text).map_err(|_| Errno::INVAL));
        let strings = strings.collect::<Result<Vec<_>>>()?;
        let pointers = strings.iter().map(|s| s.as_ptr()).chain([ptr::null()]).collect();
        Ok(Self { pointers, _strings: strings })
    }
}

/// Undoes what the Rust runtime and we did to signals, before a program of others starts.
pub(crate) fn reset_signals() {
    // SAFETY: an all-zero set is valid storage for `sigemptyset`; setting default dispositions
    // (numbers that have none fail harmlessly) and an empty mask has no memory effects.
    unsafe {
        for signal in 1..=64 {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none: libc::sigset_t = mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
    }
}

/// Turns a signal into something to poll for.
pub(crate) fn hear(signal: libc::c_int) -> Result<OwnedFd> {
    // SAFETY: an all-zero set is valid storage for `sigemptyset`; the set outlives every call, and
    // the descriptor is new and nobody else's.
    unsafe {
        let mut set: libc::sigset_t = mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut());
        let fd = check(libc::c_long::from(libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC)))?;
        Ok(OwnedFd::from_raw_fd(fd as i32))
    }
}

/// A peer that is gone is an error on write, not a signal.
pub(crate) fn ignore_sigpipe() {
    // SAFETY: ignoring a signal has no memory effects.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// Closes every descriptor from 3 on but these, without allocating.
pub(crate) fn close_all_but<const N: usize>(mut keep: [i32; N]) -> Result<()> {
    keep.sort_unstable();
    let mut first = 3;
    for last in keep.into_iter().map(|fd| fd.unsigned_abs() - 1).chain([u32::MAX]) {
        if first <= last {
            // SAFETY: the caller has just become a new process, and uses no `OwnedFd` of those
            // that its memory still names.
            check(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) })?;
        }
        first = last.saturating_add(2);
    }
    Ok(())
}

/// Makes the number `to` a copy of `from`.
pub(crate) fn duplicate_to(from: impl AsFd, to: i32, survives_exec: bool) -> Result<()> {
    let flags = if survives_exec { 0 } else { libc::O_CLOEXEC };
    // SAFETY: only called in a new process, where nothing else uses the number `to`.
    check(libc::c_long::from(unsafe { libc::dup3(from.as_fd().as_raw_fd(), to, flags) })).map(drop)
}

/// Writes to a descriptor that is known by its number alone, between fork and exec.
pub(crate) fn write_to(number: i32, bytes: &[u8]) {
    // SAFETY: the number was placed by `duplicate_to`; a wrong one only makes the write fail.
    let _ = rustix::io::write(unsafe { BorrowedFd::borrow_raw(number) }, bytes);
}

/// Takes ownership of an inherited descriptor.
pub(crate) fn adopt(fd: i32) -> OwnedFd {
    // SAFETY: only called once, at the launcher's start, for the descriptor that its parent put
    // there for it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Adds `attributes` (`MOUNT_ATTR_*`) to a mount and everything below it. It can only tighten,
/// so flags that the kernel has locked stay.
pub(crate) fn tighten_mount(mount: BorrowedFd<'_>, attributes: u64) -> Result<()> {
    // SAFETY: `mount_attr` is plain old data for which all zeroes is a valid value.
    let mut attr: libc::mount_attr = unsafe { mem::zeroed() };
    attr.attr_set = attributes;
    // SAFETY: the path is NUL-terminated and `attr` has the size that is passed along.
    check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | libc::AT_RECURSIVE,
            ptr::addr_of_mut!(attr),
            size_of_val(&attr),
        )
    })
    .map(drop)
}

/// New namespaces for this process.
pub(crate) fn unshare(flags: libc::c_int) -> Result<()> {
    // SAFETY: the flags never hold CLONE_FILES or CLONE_VM, so no memory or descriptor table
    // changes hands.
    check(libc::c_long::from(unsafe { libc::unshare(flags) })).map(drop)
}

/// Brings the loopback interface of a new network namespace up.
pub(crate) fn raise_loopback(socket: impl AsFd) -> Result<()> {
    // SAFETY: `ifreq` is plain old data for which all zeroes is a valid value.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    request.ifr_name[0] = b'l' as libc::c_char;
    request.ifr_name[1] = b'o' as libc::c_char;
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: SIOCSIFFLAGS reads one `ifreq`, which outlives the call.
    let result = unsafe {
        libc::ioctl(socket.as_fd().as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw const request)
    };
    check(libc::c_long::from(result)).map(drop)
}

/// Gives a process, but not its children, this priority and short turns at the processor, which
/// come the sooner. Kernels before 6.12 know only turns of one length.
pub(crate) fn take_short_turns(pid: Pid, nice: i32) -> Result<()> {
    const SHORTEST_NS: u64 = 100_000;
    // SAFETY: `sched_attr` is plain old data for which all zeroes is a valid value.
    let mut attributes: libc::sched_attr = unsafe { mem::zeroed() };
    attributes.size = size_of_val(&attributes) as u32;
    attributes.sched_flags = libc::SCHED_FLAG_RESET_ON_FORK as u64;
    attributes.sched_nice = nice;
    attributes.sched_runtime = SHORTEST_NS;
    let pid = pid.as_raw_nonzero().get();
    // SAFETY: the kernel only reads the attributes, whose size they say themselves.
    check(unsafe { libc::syscall(libc::SYS_sched_setattr, pid, &raw const attributes, 0) })
        .map(drop)
}

/// What a child had used when it ended: exit status, processor time and the largest process.
pub(crate) struct Reaped {
    pub(crate) cpu_ms: u64,
    pub(crate) max_rss_bytes: u64,
}

/// Waits for a child that has ended, with the resources that it and its descendants used.
pub(crate) fn reap(pid: Pid) -> Result<Reaped> {
    let mut status = 0;
    // SAFETY: `rusage` is plain old data for which all zeroes is a valid value.
    let mut usage: libc::rusage = unsafe { mem::zeroed() };
    // SAFETY: both pointers are to locals that outlive the call.
    check(libc::c_long::from(unsafe {
        libc::wait4(pid.as_raw_nonzero().get(), &raw mut status, 0, &raw mut usage)
    }))?;
    let ms = |time: libc::timeval| time.tv_sec as u64 * 1000 + time.tv_usec as u64 / 1000;
    Ok(Reaped {
        cpu_ms: ms(usage.ru_utime) + ms(usage.ru_stime),
        max_rss_bytes: usage.ru_maxrss as u64 * 1024,
    })
}
