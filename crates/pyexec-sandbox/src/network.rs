//! Which network an execution may have, and the one that `pasta` makes.
//!
//! `pasta` connects a sandbox's own network namespace to the host's by ordinary sockets: it needs
//! no privilege, makes no interface on the host and forwards no port. The processes, from the
//! launcher down:
//!
//! ```text
//! launcher
//! └─ starter            a copy of the launcher that keeps the host's root, where pasta lies
//!    └─ minder          one per connected sandbox: PID 1 of a PID namespace for pasta alone,
//!       └─ pasta        in the sandbox's user namespace and as its user
//! ```
//!
//! The minder holds a **line** to the server and the pidfd of the sandbox, and ends with either;
//! whichever way it ends, the kernel ends pasta with it. Before it says that the sandbox is
//! connected, it closes what no script has any business with ([`close`]).

mod close;
mod line;
mod minder;
mod netlink;
mod pasta;
mod starter;

pub(crate) use line::Line;
pub(crate) use starter::Starter;

use crate::SandboxError;
use rustix::fs::{Access, access};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
};

/// The network of the executions that may have one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Network {
    /// None at all: no execution gets one.
    #[default]
    None,
    /// The host's own. Its packets, loopback services and abstract sockets are then within an
    /// execution's reach: an operator's explicit choice.
    Host,
    /// One of its own, connected by this `pasta` program: TCP, UDP and names, but neither the
    /// host's loopback nor any other address of the host. What the host itself may reach beyond
    /// that is within reach too, other machines of its local network included.
    Pasta(PathBuf),
}

/// Where a program is looked for that nobody said a `PATH` to.
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

impl Network {
    /// The network by the `pasta` that is found on `PATH`.
    ///
    /// # Errors
    /// [`SandboxError::NoPasta`] where none is.
    pub fn pasta() -> Result<Self, SandboxError> {
        let path = std::env::var_os("PATH").unwrap_or_else(|| USUAL_PATH.into());
        let mut found = std::env::split_paths(&path).map(|folder| folder.join("pasta"));
        let found = found.find(|path| is_program(path));
        found.map(Self::Pasta).ok_or_else(|| SandboxError::NoPasta("pasta".into()))
    }

    /// Its name in `/health`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Host => "host",
            Self::Pasta(_) => "pasta",
        }
    }

    /// Refuses a `pasta` that isn't there.
    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        match self {
            Self::Pasta(path) if !is_program(path) => Err(SandboxError::NoPasta(path.clone())),
            _ => Ok(()),
        }
    }

    /// The `resolv.conf` of executions with the network.
    pub(crate) fn resolver(&self) -> Option<Vec<u8>> {
        let of_host = fs::read("/etc/resolv.conf");
        match self {
            Self::None => None,
            Self::Host => of_host.ok(),
            Self::Pasta(_) => {
                Some(forwarded(&String::from_utf8_lossy(&of_host.unwrap_or_default())).into_bytes())
            }
        }
    }
}

fn is_program(path: &Path) -> bool {
    path.is_absolute() && path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

/// Queries to these go to the host's first resolver of that family, wherever it listens: on the
/// host's loopback, too.
const RESOLVER_4: Ipv4Addr = Ipv4Addr::new(169, 254, 1, 1);
const RESOLVER_6: Ipv6Addr = Ipv6Addr::new(0xfd70, 0x7965, 0x7865, 0x6300, 0, 0, 0, 0x53);

/// The stand-ins for the host's resolvers.
fn forwarded(of_host: &str) -> String {
    let resolvers = of_host.lines().filter_map(|line| {
        let address = line.trim().strip_prefix("nameserver")?.trim();
        address.split('%').next()?.parse::<IpAddr>().ok()
    });
    let (four, six): (Vec<_>, Vec<_>) = resolvers.partition(IpAddr::is_ipv4);
    let mut text = String::new();
    if !four.is_empty() || six.is_empty() {
        text += &format!("nameserver {RESOLVER_4}\n");
    }
    if !six.is_empty() {
        text += &format!("nameserver {RESOLVER_6}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_are_replaced_family_by_family() {
        let (four, six) =
            (format!("nameserver {RESOLVER_4}\n"), format!("nameserver {RESOLVER_6}\n"));
        assert_eq!(forwarded("search corp.example\nnameserver 127.0.0.53\n"), four);
        assert_eq!(forwarded("nameserver fe80::1%eth0\nnameserver ::1\n"), six);
        assert_eq!(
            forwarded("nameserver 192.0.2.53\nnameserver 2001:db8::53"),
            four.clone() + &six
        );
        assert_eq!(forwarded("# nothing\n"), four);
    }

    #[test]
    fn a_pasta_that_is_not_there_is_refused() {
        let error = Network::Pasta("/nowhere/pasta".into()).check().unwrap_err();
        assert_eq!(error.to_string(), "network by pasta: /nowhere/pasta is not there");
        assert!(error.hint().unwrap().contains("passt"), "{error:?}");
        assert!(Network::Pasta("sh".into()).check().is_err(), "only absolute paths");
        assert!(Network::Pasta("/bin/sh".into()).check().is_ok());
    }
}
