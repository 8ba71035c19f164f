//! What has no command of its own.

use super::environment;
use crate::{args, exit_code};

/// For the end of `pyexec --help`.
pub(super) const OVERVIEW: &str = "\
Topics:
  pyexec help exit-codes   what pyexec exits with, and when
  pyexec help environment  the variables that it reads
  pyexec help profiles     servers and defaults in a file";

const PROFILES: &str = "\
What stays the same goes into a file, which `pyexec config path` names:

  # Where neither --profile nor PYEXEC_PROFILE names another
  [profile.default]
  timeout = 60

  [profile.work]
  server = \"https://pyexec.example.com\"
  token_file = \"work-token\"
  python = \"3.12\"

Each key is the flag of that name: server (\"local\" is this machine), token_file, timeout, memory,
disk, cpu, network, image, python.

A flag wins over a variable, a variable over the profile, and that over what is built in;
`pyexec config show` says which it was.

A token file holds one token, on a line of its own, and nobody else may read it (chmod 600). Its
path is relative to the file with the profiles, and `~/` is the home folder. The token is sent to
the profile's own server only: whoever names another server names its token too, by --token-file or
PYEXEC_TOKEN.
";

/// What has no command of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    ExitCodes,
    Environment,
    Profiles,
}

impl Topic {
    /// All of them, by the words that name them.
    pub(crate) const ALL: [(&str, Self); 3] = [
        ("exit-codes", Self::ExitCodes),
        ("environment", Self::Environment),
        ("profiles", Self::Profiles),
    ];

    /// The topic of that name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(of, _)| *of == name).map(|(_, topic)| *topic)
    }

    /// What there is to say, with a line break at its end.
    pub(crate) fn text(self) -> String {
        match self {
            Self::ExitCodes => format!("{}\n", exit_code::HELP),
            Self::Environment => environment::text(&args::definition()),
            Self::Profiles => PROFILES.to_owned(),
        }
    }
}
