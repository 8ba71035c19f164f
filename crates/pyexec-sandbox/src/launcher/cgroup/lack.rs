//! Why a version of control groups can't be used.

use rustix::io::Errno;
use std::path::PathBuf;

/// Why a version of control groups can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Lack {
    #[error("it isn't mounted")]
    NotMounted,
    #[error("the controller {0} isn't mounted with it")]
    ControllerNotMounted(&'static str),
    #[error("{} isn't there", .0.display())]
    NoGroup(PathBuf),
    #[error("{} lacks the controllers {}", .group.display(), .lacking.join(" and "))]
    Controllers { group: PathBuf, lacking: Vec<&'static str> },
    #[error("processes live in {}, so it can't pass its controllers on", .0.display())]
    Processes(PathBuf),
    #[error("{} can't be changed: {}", .group.display(), std::io::Error::from(*.errno))]
    NotWritable { group: PathBuf, errno: Errno },
    #[error("no group can be made: {}", std::io::Error::from(*.0))]
    NotMade(Errno),
}

impl Lack {
    /// Whether the machine has that version at all.
    pub(crate) fn is_mounted(&self) -> bool {
        !matches!(self, Self::NotMounted | Self::ControllerNotMounted(_))
    }

    /// What to do about it, where an operator can do something.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Processes(_) | Self::NotWritable { .. } | Self::NotMade(_) => {
                "delegate an empty group to this user and name it (PYEXEC_CGROUP), as \
                 docs/security.md shows for systemd and by hand"
            }
            Self::NoGroup(_) => "name a group that exists (PYEXEC_CGROUP)",
            Self::Controllers { .. } => {
                "pass them on from the group above, by its cgroup.subtree_control"
            }
            Self::NotMounted | Self::ControllerNotMounted(_) => {
                "mount version 2: `mount -t cgroup2 none /sys/fs/cgroup`, as systemd does"
            }
        }
    }
}
