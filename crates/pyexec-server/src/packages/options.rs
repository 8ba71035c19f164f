//! What an operator decides about packages.

use pyexec_packages::{InstallError, InstallFailure, InstallerOptions};
use std::{env, ffi::OsString, fmt, path::PathBuf, time::Duration};

/// What an operator decides about packages; [`Default`] installs what requests name, from the
/// index that the machine's uv or pip is configured for.
///
/// ```
/// use pyexec_server::{PackageOptions, ServerConfig};
///
/// let packages = PackageOptions { allow: vec!["numpy".into()], ..PackageOptions::default() };
/// let config = ServerConfig { packages, ..ServerConfig::default() };
/// # let _ = config;
/// ```
#[derive(Clone)]
pub struct PackageOptions {
    /// Whether requests may name packages (default: yes).
    pub install: bool,
    /// Folder in which what was installed is kept; several servers may have the same (default:
    /// within the state folder, or `pyexec/environments` in the user's cache folder,
    /// `$XDG_CACHE_HOME` or `~/.cache`).
    pub folder: Option<PathBuf>,
    /// Bytes that it may take there; what wasn't used for longest goes first (default: 8 GiB).
    pub bytes: u64,
    /// What installs (default: uv where it is on the `PATH`, else the interpreter's pip).
    pub installer: PackageInstaller,
    /// Variables for the installer beside those of this process, such as `UV_DEFAULT_INDEX` or
    /// `PIP_INDEX_URL` (default: none).
    pub variables: Vec<(OsString, OsString)>,
    /// Uses what is there, and no network (default: no).
    pub offline: bool,
    /// Longest installation (default: 300 s).
    pub timeout: Duration,
    /// For how long requirements lead to the same versions; after that the index is asked again
    /// (default: 1 h).
    pub resolution_ttl: Duration,
    /// For how long it is enough that somebody with the same folder checked every byte of what was
    /// installed: until then, only what changed since is read. For servers that live as long as one
    /// execution (default: zero, each server checks what it uses).
    pub trust_checks: Duration,
    /// The only packages that may be installed, those that others need included; `name` or
    /// `prefix*` (default: empty, which is all).
    pub allow: Vec<String>,
    /// Packages that may not be installed, whatever is allowed (default: none).
    pub deny: Vec<String>,
    /// Modules that are imported before anyone asks for them: lists such as `numpy,pandas`, each for
    /// requests that need exactly the packages of these, with the Python version that requests get
    /// by default. Their code runs once outside of any execution, see docs/security.md (default:
    /// none).
    pub preload: Vec<String>,
    /// Whether what code to evaluate imports is installed unasked (default: yes).
    pub detect_imports: bool,
}

/// What installs packages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PackageInstaller {
    /// uv where it is on the `PATH`, else the interpreter's pip.
    #[default]
    Auto,
    /// This uv.
    Uv(PathBuf),
    /// The interpreter's pip.
    Pip,
}

impl fmt::Debug for PackageOptions {
    /// Of variables only the names: their values hold credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables: Vec<_> = self.variables.iter().map(|(name, _)| name).collect();
        let Self { install, folder, bytes, installer, offline, timeout, .. } = self;
        f.debug_struct("PackageOptions")
            .field("install", install)
            .field("folder", folder)
            .field("bytes", bytes)
            .field("installer", installer)
            .field("variables", &variables)
            .field("offline", offline)
            .field("timeout", timeout)
            .field("resolution_ttl", &self.resolution_ttl)
            .field("trust_checks", &self.trust_checks)
            .field("allow", &self.allow)
            .field("deny", &self.deny)
            .field("preload", &self.preload)
            .field("detect_imports", &self.detect_imports)
            .finish()
    }
}

impl Default for PackageOptions {
    fn default() -> Self {
        Self {
            install: true,
            folder: None,
            bytes: 8 << 30,
            installer: PackageInstaller::Auto,
            variables: Vec::new(),
            offline: false,
            timeout: Duration::from_secs(300),
            resolution_ttl: Duration::from_secs(3600),
            trust_checks: Duration::ZERO,
            allow: Vec::new(),
            deny: Vec::new(),
            preload: Vec::new(),
            detect_imports: true,
        }
    }
}

impl PackageOptions {
    /// How the installer is found, and with which variables.
    pub(super) fn of_installer(&self) -> InstallerOptions {
        let options = match &self.installer {
            PackageInstaller::Auto => InstallerOptions::new(),
            PackageInstaller::Uv(program) => InstallerOptions::new().uv(program),
            PackageInstaller::Pip => InstallerOptions::new().pip(),
        };
        let variables = self.variables.iter();
        variables.fold(options, |options, (name, value)| options.variable(name, value))
    }

    /// The folder, or where it is by default.
    ///
    /// # Errors
    ///
    /// Where neither `XDG_CACHE_HOME` nor `HOME` says where that is.
    pub fn folder(&self) -> Result<PathBuf, InstallError> {
        if let Some(folder) = &self.folder {
            return Ok(folder.clone());
        }
        let path = |name: &str| env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
        let cache = path("XDG_CACHE_HOME").or_else(|| path("HOME").map(|home| home.join(".cache")));
        let cache = cache.ok_or_else(|| InstallFailure::Failed {
            reason: "there is no folder for packages: set XDG_CACHE_HOME or HOME".to_owned(),
        })?;
        Ok(cache.join("pyexec/environments"))
    }
}
