//! Leaving out a layer of the isolation on purpose, for the attack suite alone: an attack that
//! fails proves something only where it succeeds without what it names.
//!
//! Exists with the feature `weaken`, which builds with `debug_assertions` only. Without it every
//! question here is answered at compile time.

use serde::{Deserialize, Serialize};
use std::process::Command;

#[cfg(all(feature = "weaken", not(debug_assertions)))]
compile_error!("the feature `weaken` makes sandboxes that hold nothing: it is for tests alone");

/// A layer that can be left out.
#[cfg_attr(not(feature = "weaken"), allow(unreachable_pub, reason = "public with the feature"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Layer {
    /// The list of system calls.
    Seccomp,
    /// No capabilities: here PID 2 starts with one that its namespaces give it. A strict start
    /// shows it, since copies of a zygote give theirs up by themselves.
    Capabilities,
    /// PID 1 hides its memory from processes of its user.
    HiddenInit,
    /// A `/proc` of the sandbox's own.
    OwnProc,
    /// The PID namespace, and the `/proc` that needs it.
    PidNamespace,
    /// The network namespace.
    NetworkNamespace,
    /// The IPC namespace.
    IpcNamespace,
    /// The UTS namespace.
    UtsNamespace,
    /// The cgroup namespace.
    CgroupNamespace,
    /// A root of its own: here `/var/tmp` is in it, too.
    OwnRoot,
    /// The packages of an interpreter's installation are covered.
    MaskedPackages,
    /// Nothing on the writable folders may be set-uid.
    NoSetUid,
    /// A clean environment: here that of the server is added.
    CleanEnvironment,
    /// Descriptors of ours are closed: here one stays at number 3.
    ClosedDescriptors,
    /// The root and all trees in it can't be written.
    ReadOnlyRoot,
    /// The size of the writable folders.
    DiskSize,
    /// PID 1's look at the memory of all processes.
    MemoryWatch,
    /// The control group.
    ControlGroup,
    /// The limits on single processes.
    ProcessLimits,
}

/// What is left out; travels from the options to the launcher.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Weakened {
    #[cfg(feature = "weaken")]
    pub(crate) layers: Vec<Layer>,
}

#[cfg(feature = "weaken")]
static LEFT_OUT: std::sync::OnceLock<Vec<Layer>> = std::sync::OnceLock::new();

impl Weakened {
    /// Holds for this process, which is a launcher, and for those that are copies of it.
    #[cfg(feature = "weaken")]
    pub(crate) fn hold(&self) {
        let _ = LEFT_OUT.set(self.layers.clone());
    }

    #[cfg(not(feature = "weaken"))]
    pub(crate) const fn hold(&self) {}

    /// Gives a launcher the environment of its server.
    #[cfg(feature = "weaken")]
    pub(crate) fn dirty(&self, launcher: &mut Command) {
        if self.layers.contains(&Layer::CleanEnvironment) {
            launcher.envs(std::env::vars_os());
        }
    }

    #[cfg(not(feature = "weaken"))]
    pub(crate) const fn dirty(&self, _: &mut Command) {}
}

/// Whether this process is to do without a layer.
#[cfg(feature = "weaken")]
pub(crate) fn without(layer: Layer) -> bool {
    LEFT_OUT.get().is_some_and(|layers| layers.contains(&layer))
}

#[cfg(not(feature = "weaken"))]
pub(crate) const fn without(_: Layer) -> bool {
    false
}

/// Namespace flags without those that are left out.
pub(crate) fn namespaces(mut flags: libc::c_int) -> libc::c_int {
    for (layer, flag) in [
        (Layer::PidNamespace, libc::CLONE_NEWPID),
        (Layer::NetworkNamespace, libc::CLONE_NEWNET),
        (Layer::IpcNamespace, libc::CLONE_NEWIPC),
        (Layer::UtsNamespace, libc::CLONE_NEWUTS),
    ] {
        if without(layer) {
            flags &= !flag;
        }
    }
    flags
}
