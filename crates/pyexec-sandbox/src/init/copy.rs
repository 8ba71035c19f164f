//! A zygote's copy that waits in this sandbox, before it hears what to run.

use super::{privileges, program};
use crate::message::{Order, Step, StepError};
use rustix::{
    fd::{AsFd, BorrowedFd, OwnedFd},
    fs::{Mode, OFlags, open},
    io::Errno,
    net::{
        AddressFamily, SendFlags, Shutdown, SocketFlags, SocketType, send, shutdown, socketpair,
    },
    process::{Pid, Signal, WaitOptions, kill_process, waitpid},
};

/// The namespaces that a copy enters; the first gives it the right to enter the others.
pub(crate) const NAMESPACES: [&str; 7] = ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"];

/// The channel to a copy, which may not be there yet.
pub(crate) struct Channel(OwnedFd);

/// A copy that waits for its order.
pub(crate) struct Copy {
    channel: OwnedFd,
    pid: Pid,
    /// Whether it can be made to run another script than the one it was started with.
    renames: bool,
}

impl Channel {
    /// The channel, and what a zygote needs to send a copy: the namespaces of this sandbox and the
    /// copy's end.
    pub(crate) fn open() -> Result<(Self, Vec<OwnedFd>), StepError> {
        let namespace = |name: &&str| {
            let path = format!("/proc/self/ns/{name}");
            open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
                .step(format!("opening the {name} namespace"))
        };
        let mut fds = NAMESPACES.iter().map(namespace).collect::<Result<Vec<_>, _>>()?;
        let (ours, its) =
            socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
                .step("making a socket")?;
        fds.push(its);
        Ok((Self(ours), fds))
    }

    /// The copy's first word; none if it ended on its way.
    pub(crate) fn hear(self) -> Option<Copy> {
        let mut bytes = [0; 5];
        let read = rustix::io::retry_on_intr(|| rustix::io::read(&self.0, &mut bytes));
        let (pid, renames) =
            (i32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]), bytes[4]);
        let pid = Pid::from_raw(pid).filter(|_| read == Ok(5))?;
        Some(Copy { channel: self.0, pid, renames: renames == 1 })
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Copy {
    /// Whether what it would do is what a new interpreter would do. Otherwise it is ended.
    pub(crate) fn suits(self, order: &Order) -> Option<Self> {
        if !matches!(waitpid(Some(self.pid), WaitOptions::NOHANG), Ok(None)) {
            // It has ended.
            return None;
        }
        let renamed = self.renames || program::opened(order) == program::MAIN;
        // Read when an interpreter starts, and then added to `sys.path`.
        let packages = format!("/work/.local/lib/python{}/site-packages", order.version);
        if order.may_be_warm && renamed && !std::path::Path::new(&packages).exists() {
            return Some(self);
        }
        let _ = kill_process(self.pid, Signal::KILL);
        let _ = rustix::io::retry_on_intr(|| waitpid(Some(self.pid), WaitOptions::empty()));
        None
    }

    /// Sets its limits, while we still may.
    pub(crate) fn limit(&self, order: &Order) -> Result<(), StepError> {
        privileges::limit(Some(self.pid), order)
    }

    /// Lets it go.
    pub(crate) fn go(self, order: &Order) -> Result<Pid, StepError> {
        let message = program::go_message(order, &program::environment(order, None));
        let mut rest = message.as_slice();
        while !rest.is_empty() {
            match send(&self.channel, rest, SendFlags::NOSIGNAL) {
                Ok(sent) => rest = &rest[sent..],
                Err(Errno::INTR) => {}
                // It has ended, which is noticed soon.
                Err(_) => break,
            }
        }
        let _ = shutdown(&self.channel, Shutdown::Write);
        Ok(self.pid)
    }
}
