//! The minder of one sandbox's network: PID 1 of a PID namespace in which pasta lives, so that
//! pasta can't outlive it however it ends; and it ends with the sandbox or with the server.

use super::{close, pasta::Pasta};
use crate::{
    channel,
    init::privileges,
    message::{Step, StepError},
    sys,
};
use rustix::{
    event::{PollFd, PollFlags, poll},
    fd::{AsFd, OwnedFd},
    io::Errno,
    process::{DumpableBehavior, WaitOptions, set_dumpable_behavior, wait},
    thread::{
        CapabilitySet, CapabilitySets, LinkNameSpaceType, move_into_link_name_space,
        set_capabilities, set_name,
    },
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// Minder to server.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum FromMinder {
    /// Interfaces, routes and resolver are in place.
    Connected,
    Failed(StepError),
}

/// Tells the server why there is no network. The server may be gone, and then nobody needs to know.
pub(super) fn tell_failure(line: &OwnedFd, error: StepError) {
    drop(channel::send(line, &FromMinder::Failed(error), &[]));
}

/// The same for a system call.
pub(super) fn fail(line: &OwnedFd, errno: Errno, step: &str) {
    if let Err(error) = Err::<(), _>(errno).step(step) {
        tell_failure(line, error);
    }
}

/// Everything that a minder does.
pub(super) fn main(line: &OwnedFd, sandbox: &OwnedFd, network: &OwnedFd, program: &Path) -> ! {
    let ended = catch_unwind(AssertUnwindSafe(|| live(line, sandbox, network, program)));
    if let Ok(Err(error)) = ended {
        tell_failure(line, error);
    }
    end_everything();
    sys::exit_now(0)
}

fn live(
    line: &OwnedFd,
    sandbox: &OwnedFd,
    network: &OwnedFd,
    program: &Path,
) -> Result<(), StepError> {
    let _ = set_name(c"pyexec-network");
    let of_host = close::addresses_of_host()?;
    // Its own number as /proc of the host has it; in its PID namespace it is 1.
    let own = fs::read_link("/proc/self").step("looking at /proc/self")?;
    let pasta = Pasta::fork(program, &Path::new("/proc").join(own).join("ns/net"))?;

    move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))
        .step("entering the network namespace")?;
    let ipv6 = close::loopback()?;
    // Nobody else is there to have the same address, so none needs to be waited for (RFC 4862).
    let _ = fs::write("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
    // pasta finds the namespace by way of this process, which it must be allowed to look at: only
    // what hides nothing and has no more capabilities than it has itself.
    let few = CapabilitySet::NET_ADMIN;
    let few = CapabilitySets { effective: few, permitted: few, inheritable: few };
    set_capabilities(None, few).step("dropping capabilities")?;
    set_dumpable_behavior(DumpableBehavior::Dumpable).step("showing the namespace")?;
    if pasta.configure(ipv6, [line, sandbox])?.is_none() {
        return Ok(());
    }
    set_dumpable_behavior(DumpableBehavior::NotDumpable).step("hiding the minder's memory")?;
    close::rest(&of_host, ipv6)?;
    privileges::drop_all()?;
    if channel::send(line, &FromMinder::Connected, &[]).is_err() {
        return Ok(());
    }
    loop {
        // Nothing is ever said on the line after this, and a pidfd says that its process ended.
        let fds = &mut [PollFd::new(line, PollFlags::IN), PollFd::new(sandbox, PollFlags::IN)];
        match poll(fds, None) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno).step("waiting for the sandbox's end"),
        }
    }
}

/// Leaves no process behind, so that the end of the line is the end of all. The kernel would see
/// to that, but a moment later.
fn end_everything() {
    let _ = sys::kill_all();
    while wait(WaitOptions::empty()).is_ok() {}
}
