//! The programs that find and fetch packages: uv, or the interpreter's own pip.

mod explain;
mod log;
mod pip;
mod redact;
mod resolution;
mod session;
mod uv;
mod variables;

pub(crate) use log::{Collector, InstallerLog};
pub(crate) use redact::Secrets;
pub use resolution::Package;
pub(crate) use resolution::Resolution;
pub(crate) use session::Session;

use crate::install::{
    InstallError, InstallFailure, Python,
    answers::{Answers, Question},
    child::Invocation,
    patience::Patience,
};
use std::{
    ffi::{OsStr, OsString},
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};
use variables::Family;

/// How long an installer may take to say its version.
const LIMIT: Duration = Duration::from_secs(30);

/// What has to be said where neither is there.
const HINT: &str = "install uv so that it is on the PATH";

/// Which installer to use, and with which variables.
///
/// ```
/// use pyexec_packages::InstallerOptions;
///
/// let options = InstallerOptions::new().variable("UV_DEFAULT_INDEX", "https://host.invalid/simple");
/// # let _ = options;
/// ```
#[derive(Clone)]
pub struct InstallerOptions {
    choice: Choice,
    environment: Vec<(OsString, OsString)>,
}

#[derive(Debug, Clone)]
enum Choice {
    Either,
    Uv(PathBuf),
    Pip,
}

impl Default for InstallerOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for InstallerOptions {
    /// Without values: they hold credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.environment.iter().map(|(name, _)| name).collect();
        let mut shown = f.debug_struct("InstallerOptions");
        shown.field("choice", &self.choice).field("variables", &names).finish()
    }
}

impl InstallerOptions {
    /// uv where it is on the `PATH`, else pip, with this process's environment.
    pub fn new() -> Self {
        Self { choice: Choice::Either, environment: std::env::vars_os().collect() }
    }

    /// This uv and nothing else.
    #[must_use]
    pub fn uv(mut self, program: impl Into<PathBuf>) -> Self {
        self.choice = Choice::Uv(program.into());
        self
    }

    /// The interpreter's pip, even where there is a uv.
    #[must_use]
    pub fn pip(mut self) -> Self {
        self.choice = Choice::Pip;
        self
    }

    /// These variables instead of this process's environment.
    ///
    /// Whatever they are, an installer gets only those that configure it: `UV_*`, `PIP_*`,
    /// `*_PROXY`, `SSL_CERT_*`, `REQUESTS_CA_BUNDLE`, `NETRC`, `HOME`, `XDG_CONFIG_HOME`, `PATH`
    /// and the locale. Those of `UV_*` and `PIP_*` that would change what is installed, where to
    /// or what is checked are left out. It runs in an empty folder, so that paths in them have to
    /// be absolute.
    #[must_use]
    pub fn environment<N: Into<OsString>, V: Into<OsString>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.environment = variables.into_iter().map(|(n, v)| (n.into(), v.into())).collect();
        self
    }

    /// One more variable, or another value: an index of somebody's own, for example.
    #[must_use]
    pub fn variable(self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        let name = name.into();
        let mut others = self.without(&name);
        others.environment.push((name, value.into()));
        others
    }

    /// One variable less.
    #[must_use]
    pub fn without(mut self, name: impl AsRef<OsStr>) -> Self {
        self.environment.retain(|(other, _)| other != name.as_ref());
        self
    }
}

impl InstallerOptions {
    /// Whether there seems to be an installer for the interpreter at this path. Nothing is started,
    /// so that one that is broken is there, too.
    pub fn is_there(&self, python: &Path) -> bool {
        let uv = || on_path("uv", &self.environment).is_some();
        match &self.choice {
            Choice::Uv(program) => program.is_file(),
            Choice::Pip => has_pip(python),
            Choice::Either => uv() || has_pip(python),
        }
    }
}

/// A program that installs packages for one interpreter. It fetches wheels and unpacks them;
/// nothing of a package is run.
#[derive(Clone)]
pub struct Installer {
    tool: Tool,
    version: String,
    python: Python,
    variables: Vec<(OsString, OsString)>,
    secrets: Secrets,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Tool {
    Uv(PathBuf),
    Pip,
}

impl fmt::Debug for Installer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Installer({self})")
    }
}

impl fmt::Display for Installer {
    /// Name and version, such as `uv 0.13.9`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name(), self.version)
    }
}

impl Installer {
    /// Looks for an installer for this interpreter. It asks the program for its version, so that
    /// it is done once.
    ///
    /// # Errors
    ///
    /// [`InstallFailure::NoInstaller`], with what to do about it.
    ///
    /// ```no_run
    /// use pyexec_packages::{Installer, InstallerOptions, Python};
    ///
    /// let python = Python::probe("/usr/bin/python3.12")?;
    /// let installer = Installer::find(&InstallerOptions::new(), &python)?;
    /// println!("packages are installed by {installer}");
    /// # Ok::<(), pyexec_packages::InstallError>(())
    /// ```
    pub fn find(options: &InstallerOptions, python: &Python) -> Result<Self, InstallError> {
        Self::look(options, python, None)
    }

    /// The same, from what is remembered where it is the same program still.
    pub(crate) fn recall(
        options: &InstallerOptions,
        python: &Python,
        answers: &Answers,
    ) -> Result<Self, InstallError> {
        Self::look(options, python, Some(answers))
    }

    fn look(
        options: &InstallerOptions,
        python: &Python,
        answers: Option<&Answers>,
    ) -> Result<Self, InstallError> {
        let variables = variables::passed(options.environment.iter().cloned());
        let secrets = Secrets::of(&variables);
        let with = |tool: Tool| -> Result<Self, InstallError> {
            let mut installer = Self {
                tool,
                version: String::new(),
                python: python.clone(),
                variables: variables.clone(),
                secrets: secrets.clone(),
            };
            installer.version = installer.own_version(answers)?;
            Ok(installer)
        };
        match &options.choice {
            Choice::Uv(program) => with(Tool::Uv(program.clone())),
            Choice::Pip => with(Tool::Pip),
            Choice::Either => match on_path("uv", &variables).map(|uv| with(Tool::Uv(uv))) {
                Some(Ok(uv)) => Ok(uv),
                // One that doesn't run, such as a shim, hides no pip.
                Some(Err(error)) => with(Tool::Pip).map_err(|_| error),
                None => with(Tool::Pip),
            },
        }
    }

    /// `uv` or `pip`.
    pub fn name(&self) -> &'static str {
        match self.tool {
            Tool::Uv(_) => "uv",
            Tool::Pip => "pip",
        }
    }

    /// Its version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The interpreter that it installs for.
    pub fn python(&self) -> &Python {
        &self.python
    }

    /// Finds out which packages these requirements lead to, with their digests.
    pub(crate) fn resolve(
        &self,
        session: &mut Session<'_>,
        requirements: &[String],
    ) -> Result<Resolution, InstallFailure> {
        match &self.tool {
            Tool::Uv(program) => uv::resolve(self, program, session, requirements),
            Tool::Pip => pip::resolve(self, session, requirements),
        }
    }

    /// Puts these packages into the session's tree.
    pub(crate) fn install(
        &self,
        session: &mut Session<'_>,
        resolution: &Resolution,
    ) -> Result<(), InstallFailure> {
        match &self.tool {
            Tool::Uv(program) => uv::install(self, program, session, resolution),
            Tool::Pip => pip::install(self, session, resolution),
        }
    }

    /// What decides where packages come from: see [`variables::fingerprint`].
    pub(crate) fn fingerprint(&self) -> String {
        let family = match self.tool {
            Tool::Uv(_) => Family::Uv,
            Tool::Pip => Family::Pip,
        };
        let digest = variables::fingerprint(family, &self.variables, &self.python);
        format!("{}\n{digest}\n", self.name())
    }

    fn own_version(&self, answers: Option<&Answers>) -> Result<String, InstallError> {
        let (files, needed) = match &self.tool {
            Tool::Uv(program) => (vec![program.clone()], uv::OLDEST),
            Tool::Pip => (pip::files(&self.python), pip::OLDEST),
        };
        let text = format!("{} {needed} or newer", self.name());
        let question = Question { text: &text, files: &files, variables: &self.variables };
        match answers.filter(|_| !files.is_empty()) {
            Some(answers) => answers.recall_or(question, || self.ask_version()),
            None => self.ask_version(),
        }
    }

    fn ask_version(&self) -> Result<String, InstallError> {
        let (program, arguments, needed) = match &self.tool {
            Tool::Uv(program) => (program.as_path(), vec!["--version"], uv::OLDEST),
            Tool::Pip => {
                (self.python.executable(), vec!["-I", "-m", "pip", "--version"], pip::OLDEST)
            }
        };
        let mut invocation = Invocation::new(program, Path::new("/")).arguments(&arguments);
        invocation.variables = &self.variables;
        let (status, log) = invocation.run(&Patience::of(LIMIT), &self.secrets, &mut || Ok(()));
        let hint = match status {
            Ok(status) if status.success() => match version_in(log.text()) {
                Some(version) if numbers(version) >= numbers(needed) => {
                    return Ok(version.to_owned());
                }
                Some(old) => {
                    let name = self.name();
                    format!("{name} {old} is too old, {needed} is needed: upgrade it, or {HINT}")
                }
                None => format!("{} doesn't say its version: {HINT}", program.display()),
            },
            Ok(_) if self.tool == Tool::Pip => {
                let python = program.display();
                format!("there is no uv, and {python} has no pip: {HINT}")
            }
            Ok(status) => format!("{} ended with {status}: {HINT}", program.display()),
            Err(failure) => format!("{failure}: {HINT}"),
        };
        Err(InstallError::new(InstallFailure::NoInstaller { hint }, log))
    }
}

/// The second word, as both say their version.
fn version_in(said: &str) -> Option<&str> {
    let version = said.split_whitespace().nth(1)?;
    version.starts_with(|c: char| c.is_ascii_digit()).then_some(version)
}

/// The first two numbers of a version.
fn numbers(version: &str) -> (u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

/// Whether pip lies where an interpreter at this path looks for packages.
fn has_pip(python: &Path) -> bool {
    !pip::folders(python).is_empty()
}

fn on_path(name: &str, variables: &[(OsString, OsString)]) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = variables.iter().find(|(name, _)| name == OsStr::new("PATH"));
    std::env::split_paths(&path?.1)
        .filter(|folder| folder.is_absolute())
        .map(|f| f.join(name))
        .find(|program| {
            program.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared_as_numbers() {
        assert_eq!(version_in("uv 0.13.9 (x86_64-unknown-linux-gnu)\n"), Some("0.13.9"));
        assert_eq!(version_in("pip 23.2.1 from /x (python 3.12)"), Some("23.2.1"));
        assert_eq!(version_in("pyenv: uv: command not found"), None);
        assert!(numbers("0.13.9") > numbers("0.5.0"));
    }

    #[test]
    fn values_are_not_shown() {
        let options = InstallerOptions::new().variable("UV_DEFAULT_INDEX", "https://u:hunter2@h/");
        assert!(!format!("{options:?}").contains("hunter2"));
    }
}
