//! The pasta program itself.

use super::{RESOLVER_4, RESOLVER_6};
use crate::{
    message::{Step, StepError},
    sys::{self, Fork},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::OwnedFd,
    fs::{OFlags, fcntl_setfl},
    io::Errno,
    pipe::{PipeFlags, pipe_with},
    process::{Pid, PidfdFlags, WaitOptions, pidfd_open, waitpid},
    thread::{
        CapabilitySet, CapabilitySets, capabilities, configure_capability_in_ambient_set,
        set_capabilities,
    },
};
use std::{os::unix::ffi::OsStrExt, path::Path};

/// How long pasta may take to configure the namespace.
const PATIENCE: Timespec = Timespec { tv_sec: 15, tv_nsec: 0 };

/// What pasta needs in the sandbox's user namespace: to enter the network namespace, configure
/// it, and move itself away from all files. It drops each once it is done with it.
const CAPABILITIES: [CapabilitySet; 3] =
    [CapabilitySet::SYS_ADMIN, CapabilitySet::NET_ADMIN, CapabilitySet::SYS_PTRACE];

/// The interface in the sandbox.
pub(super) const INTERFACE: &str = "eth0";

/// The hardware address of all that pasta stands for, so that nobody has to ask for it.
pub(super) const HARDWARE: [u8; 6] = [0x02, 0, 0, 0, 0, 0x01];

/// Most of what it says that is passed on.
const MOST_WORDS: usize = 500;

/// A process that is about to become pasta. It was forked in the host's network namespace, where
/// pasta must stay.
pub(super) struct Pasta {
    pid: Pid,
    go: OwnedFd,
    words: OwnedFd,
}

impl Pasta {
    /// Forks the process, for the network namespace at a path that has yet to become right.
    pub(super) fn fork(program: &Path, namespace: &Path) -> Result<Self, StepError> {
        let pipe = || pipe_with(PipeFlags::CLOEXEC).step("making a pipe");
        let ((start, go), (words, stderr)) = (pipe()?, pipe()?);
        match sys::fork().step("forking")? {
            Fork::Parent(pid) => Ok(Self { pid, go, words }),
            Fork::Child => {
                drop(go);
                if let Err(error) = become_pasta(program, namespace, &start, &stderr) {
                    sys::write_to(2, error.to_string().as_bytes());
                }
                sys::exit_now(127)
            }
        }
    }

    /// Lets it configure the namespace, which it has done when its first process exits: the one
    /// that stays is a child of that. `None` where one of `others` ends before.
    pub(super) fn configure(
        self,
        ipv6: bool,
        others: [&OwnedFd; 2],
    ) -> Result<Option<()>, StepError> {
        let ended = pidfd_open(self.pid, PidfdFlags::empty()).step("watching pasta")?;
        rustix::io::write(&self.go, &[u8::from(ipv6)]).step("starting pasta")?;
        let fds = &mut [&ended, others[0], others[1]].map(|fd| PollFd::new(fd, PollFlags::IN));
        let failed = |detail: String| StepError { step: "pasta".into(), errno: 0, detail };
        loop {
            match poll(fds, Some(&PATIENCE)) {
                Ok(0) => return Err(failed("it takes too long".into())),
                Ok(_) if fds[0].revents().is_empty() => return Ok(None),
                Ok(_) => break,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno).step("waiting for pasta"),
            }
        }
        let status = waitpid(Some(self.pid), WaitOptions::empty()).step("waiting for pasta")?;
        match status.and_then(|(_, status)| status.exit_status()) {
            Some(0) => Ok(Some(())),
            _ => Err(failed(said(&self.words))),
        }
    }
}

/// What it said so far; the process that stays may keep the pipe open.
fn said(words: &OwnedFd) -> String {
    let mut bytes = vec![0; 16 * 1024];
    let _ = fcntl_setfl(words, OFlags::NONBLOCK);
    let read = rustix::io::read(words, bytes.as_mut_slice()).unwrap_or(0);
    let text = String::from_utf8_lossy(&bytes[..read]);
    // It complains of each complaint that it can't log.
    let lines: Vec<_> = text.lines().filter(|line| !line.ends_with("to syslog")).collect();
    match lines.join("; ").chars().take(MOST_WORDS).collect::<String>() {
        nothing if nothing.is_empty() => "it failed without a word".into(),
        words => words,
    }
}

fn become_pasta(
    program: &Path,
    namespace: &Path,
    start: &OwnedFd,
    stderr: &OwnedFd,
) -> Result<(), StepError> {
    sys::duplicate_to(stderr, 2, true).step("placing a stream")?;
    let mut ipv6 = [0];
    if rustix::io::read(start, &mut ipv6).step("waiting for the namespace")? == 0 {
        return Ok(());
    }
    sys::close_all_but([]).step("closing descriptors")?;
    rustix::process::chdir("/").step("entering /")?;
    let sets = capabilities(None).step("reading the capabilities")?;
    let inheritable = CAPABILITIES.into_iter().fold(sets.inheritable, CapabilitySet::union);
    set_capabilities(None, CapabilitySets { inheritable, ..sets })
        .step("passing capabilities on")?;
    for capability in CAPABILITIES {
        configure_capability_in_ambient_set(capability, true).step("passing a capability on")?;
    }
    sys::reset_signals();
    let arguments = arguments(namespace, ipv6 != [0]);
    let argv = arguments.iter().map(String::as_bytes).collect();
    let name = program.display();
    let program = sys::Program::new(program.as_os_str().as_bytes(), argv, Vec::new());
    Err(program.step("starting pasta")?.exec()).step(format!("starting {name}"))
}

/// Options that every version since 2023 has.
fn arguments(namespace: &Path, ipv6: bool) -> Vec<String> {
    let (resolver, namespace) = (RESOLVER_4.to_string(), namespace.display().to_string());
    let hardware = HARDWARE.map(|byte| format!("{byte:02x}")).join(":");
    let mut arguments = vec![
        // It is this name that makes it pasta.
        "pasta",
        "--quiet",
        "--config-net",
        "--ns-ifname",
        INTERFACE,
        "--mac-addr",
        &hardware,
        // The gateway's address would be the host's loopback.
        "--no-map-gw",
        // No port of the one is reached through the other's loopback, in either direction.
        "--tcp-ports",
        "none",
        "--udp-ports",
        "none",
        "--tcp-ns",
        "none",
        "--udp-ns",
        "none",
        // All that they would say is configured. (Without ICMP some versions answer no neighbour
        // discovery either.)
        "--no-dhcp",
        "--no-dhcpv6",
        "--no-ra",
        "--dns-forward",
        &resolver,
        "--no-netns-quit",
        "--netns",
        &namespace,
    ];
    let resolver = RESOLVER_6.to_string();
    if ipv6 {
        arguments.extend(["--dns-forward", &resolver]);
    } else {
        arguments.push("--ipv4-only");
    }
    arguments.into_iter().map(str::to_owned).collect()
}
