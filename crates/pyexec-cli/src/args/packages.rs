//! Packages that requests name.

use clap::{Args, ValueEnum, value_parser};
use std::{path::PathBuf, time::Duration};

/// Packages that requests name.
#[derive(Debug, Args)]
#[command(next_help_heading = "Packages that requests name")]
pub(crate) struct PackageArgs {
    /// What installs them: `auto` for uv where it is there, else pip; `pip`; the path of a uv; or
    /// `none`, so that requests that name packages are refused
    #[arg(long, value_name = "PROGRAM", env = "PYEXEC_INSTALLER", default_value = "auto")]
    pub(crate) installer: String,
    /// Folder in which they are kept; servers of one user may share it [default: within the state
    /// folder, or ~/.cache/pyexec/environments]
    #[arg(long, value_name = "FOLDER", env = "PYEXEC_PACKAGES_DIR")]
    pub(crate) packages_dir: Option<PathBuf>,
    /// Disk space in MiB that they may take there; what wasn't used for longest goes first
    #[arg(long, value_name = "MIB", env = "PYEXEC_PACKAGES_MB", default_value_t = 8192, value_parser = value_parser!(u32).range(1..))]
    pub(crate) packages_mb: u32,
    /// Install from what is there, without the network
    #[arg(long, env = "PYEXEC_OFFLINE", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) offline: bool,
    /// Longest installation
    #[arg(long, value_name = "TIME", env = "PYEXEC_INSTALL_TIMEOUT", default_value = "5m", value_parser = crate::serve::parse_duration)]
    pub(crate) install_timeout: Duration,
    /// For how long the same requirements lead to the same versions
    #[arg(long, value_name = "TIME", env = "PYEXEC_RESOLUTION_TTL", default_value = "1h", value_parser = crate::serve::parse_duration)]
    pub(crate) resolution_ttl: Duration,
    /// The only packages that may be installed: `name` or `prefix*`; again, or separated by commas,
    /// for several [default: all]
    #[arg(long, value_name = "NAME", env = "PYEXEC_ALLOW_PACKAGES", value_delimiter = ',')]
    pub(crate) allow_package: Vec<String>,
    /// Packages that may not be installed, also where others need them [default: none]
    #[arg(long, value_name = "NAME", env = "PYEXEC_DENY_PACKAGES", value_delimiter = ',')]
    pub(crate) deny_package: Vec<String>,
    /// Modules to import before anyone asks for them, such as numpy,pandas; only for packages that
    /// are trusted as this server is; again for another list
    #[arg(long, value_name = "MODULES", env = "PYEXEC_PRELOAD")]
    pub(crate) preload: Vec<String>,
    /// Whether what code to evaluate imports is installed unasked
    #[arg(long, value_name = "WHICH", env = "PYEXEC_AUTO_DETECT_IMPORTS", default_value = "on")]
    pub(crate) auto_detect_imports: Detection,
}

/// Whether what code to evaluate imports is installed unasked; the original writes `true`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Detection {
    #[value(aliases = ["true", "yes", "1"])]
    On,
    #[value(aliases = ["false", "no", "0"])]
    Off,
}
