//! Why a sandbox or an execution could not be started.

use crate::{InvalidVersion, PythonVersion, message::StepError};
use std::{io, path::PathBuf};

/// Why a sandbox or an execution could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The kernel refuses a step of the isolation. Nothing runs without it.
    #[error("this machine doesn't allow isolation: {step} failed: {reason}")]
    Refused {
        /// The step that failed.
        step: String,
        /// The kernel's reason.
        reason: String,
        /// What to do about it.
        hint: String,
    },
    /// No CPython was found at all.
    #[error("no CPython 3.10 or newer found on PATH, under pyenv's or under uv's folder")]
    NoInterpreter,
    /// That version isn't here.
    #[error("Python {wanted} isn't available; found: {found}")]
    UnknownVersion {
        /// What was asked for.
        wanted: PythonVersion,
        /// What there is.
        found: String,
    },
    /// Text that is no version.
    #[error(transparent)]
    InvalidVersion(#[from] InvalidVersion),
    /// The job can't be run as it is.
    #[error("{0}")]
    InvalidJob(String),
    /// A folder of packages can't be used.
    #[error("no packages from {}: {source}", .path.display())]
    Environment {
        /// The folder, as it was named.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Modules can't be imported beforehand as they are named.
    #[error("modules to import beforehand: {0}")]
    InvalidPreload(String),
    /// The network is to be one of pasta's, and pasta isn't there.
    #[error("network by pasta: {} is not there", .0.display())]
    NoPasta(PathBuf),
    /// An execution could not be connected to the network.
    #[error("no network: {0}")]
    NotConnected(String),
    /// The launcher process could not be started or is gone.
    #[error("the sandbox launcher {0}")]
    Launcher(&'static str, #[source] Option<io::Error>),
    /// A system call of our own side failed.
    #[error("{0}")]
    Io(&'static str, #[source] io::Error),
}

impl SandboxError {
    pub(crate) fn refused(error: StepError) -> Self {
        let hint = hint(&error);
        Self::Refused { step: error.step, reason: error.detail, hint }
    }

    /// What to do about it, where there is something.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Refused { hint, .. } => Some(hint),
            Self::NoInterpreter => {
                Some("install one, for example with `uv python install 3.12`, or from your system")
            }
            Self::Environment { source, .. }
                if source.kind() == io::ErrorKind::StaleNetworkFileHandle =>
            {
                Some(
                    "open the folder anew; one on a file system that was mounted after the server's \
                     start is seen only where the machine's mounts are shared",
                )
            }
            Self::Environment { .. } => Some(
                "name a folder as `pip install --target` makes it, that every user may read: \
                 chmod -R go+rX",
            ),
            Self::NoPasta(_) => Some(
                "install it: the package is `passt` in Debian, Ubuntu, Fedora, Arch and Alpine",
            ),
            Self::NotConnected(_) => Some(
                "pasta needs /dev/net/tun, a default route, and user namespaces; try `pasta true` \
                 as the same user",
            ),
            _ => None,
        }
    }
}

fn hint(error: &StepError) -> String {
    let step = error.step.as_str();
    let namespaces = step.contains("namespace") || step.starts_with("writing");
    let text = match error.errno {
        _ if step == "choosing a user for sandboxes" => {
            "run it as an ordinary user, or map more users into this namespace"
        }
        _ if step == crate::isolation::LACKING_PROC => {
            "delegate a control group and name it (PYEXEC_CGROUP); or let this container have all \
             of /proc: in Docker, add `--security-opt systempaths=unconfined`"
        }
        _ if step == crate::launcher::cgroup::STEP => {
            "name an existing, empty group that this user may write to, with the controllers \
             memory and pids"
        }
        libc::ENOSPC if namespaces => {
            "raise the limits below /proc/sys/user, such as max_user_namespaces"
        }
        libc::EPERM | libc::EACCES | libc::EINVAL if namespaces => {
            "allow unprivileged user namespaces: in Docker, use a seccomp and AppArmor profile \
             that permits them; on Ubuntu 23.10 or newer, an AppArmor profile with `userns,` or \
             sysctl kernel.apparmor_restrict_unprivileged_userns=0; on older Debian, sysctl \
             kernel.unprivileged_userns_clone=1"
        }
        libc::EPERM | libc::EACCES if step == crate::message::MOUNTING_PROC => {
            "this container hides parts of /proc: in Docker, add `--security-opt \
             systempaths=unconfined`; or ask for the isolation level no-proc, which does without \
             (PYEXEC_ISOLATION=no-proc)"
        }
        libc::EPERM | libc::EACCES => {
            "something above the kernel's own rules forbids it: look for a seccomp, AppArmor or \
             SELinux profile around this process"
        }
        libc::ENOSYS => "the kernel is too old: 5.12 or newer is needed",
        _ => "run it on a Linux 5.12 or newer that permits user namespaces",
    };
    text.to_owned()
}
