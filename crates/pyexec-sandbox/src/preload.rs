//! Modules that are imported before anyone asks for them.

use crate::{Environment, PythonVersion, SandboxError};

/// Modules of an [`Environment`] that are imported before anyone asks for them: executions with
/// that very environment, and that version, get copies of an interpreter that has done so.
///
/// Only for packages that are trusted as the server itself is, chosen by whoever runs it and never
/// by what a request says: their code runs once, outside of any execution. It has no privileges,
/// no network and no files but the interpreter's and the environment's, and yet every execution
/// that gets a copy depends on it.
///
/// A copy is like a new interpreter but for what it has imported: the modules are in `sys.modules`,
/// `.pth` files of the environment have had their effect, and libraries that start threads of
/// their own when they are loaded (OpenBLAS, OpenMP, MKL) have one. [`Job::start`] asks for a new
/// interpreter. Random numbers of `random` and `numpy.random` are each copy's own.
///
/// Where modules can't be had in this way, they are imported by the execution as always, and
/// [`Sandbox::preloads`] says why: an import fails, needs more than [`memory_mb`](Self::memory_mb)
/// or a minute, or leaves a thread, a process or an open file.
///
/// ```no_run
/// use pyexec_sandbox::{Environment, Preload, Sandbox, SandboxOptions, discover};
///
/// let packages = Environment::open("/var/lib/pyexec/packages/numpy")?;
/// let preload = Preload::new(discover()[0].version(), packages, ["numpy"]);
/// let sandbox =
///     Sandbox::start(SandboxOptions { preloads: vec![preload], ..SandboxOptions::default() })?;
/// # Ok::<(), pyexec_sandbox::SandboxError>(())
/// ```
///
/// [`Job::start`]: crate::Job::start
/// [`Sandbox::preloads`]: crate::Sandbox::preloads
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preload {
    /// The interpreter's version.
    pub version: PythonVersion,
    /// Where the modules are.
    pub environment: Environment,
    /// Their names, as after `import`.
    pub modules: Vec<String>,
    /// Memory that the interpreter may hold once it has imported them, in MiB (default: 512).
    pub memory_mb: u64,
}

impl Preload {
    /// Modules of an environment.
    pub fn new<M: Into<String>>(
        version: PythonVersion,
        environment: Environment,
        modules: impl IntoIterator<Item = M>,
    ) -> Self {
        let modules = modules.into_iter().map(Into::into).collect();
        Self { version, environment, modules, memory_mb: 512 }
    }

    /// # Errors
    /// Where a name can't be that of a module.
    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        let is_word = |word: &str| {
            let mut letters = word.chars();
            letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
                && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
        };
        let is_name = |name: &&String| name.len() <= 256 && name.split('.').all(is_word);
        match self.modules.iter().find(|name| !is_name(name)) {
            Some(name) => {
                Err(SandboxError::InvalidPreload(format!("{name:?} is no module's name")))
            }
            None if self.modules.is_empty() => {
                Err(SandboxError::InvalidPreload("no modules are named".into()))
            }
            None if self.memory_mb == 0 || self.memory_mb > 1 << 32 => {
                Err(SandboxError::InvalidPreload("its memory is out of range".into()))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_modules() {
        let environment = Environment::open("/usr").unwrap();
        let check = |names: &[&str]| {
            let version = crate::OLDEST;
            Preload::new(version, environment.clone(), names.iter().copied()).check().is_ok()
        };
        assert!(check(&["numpy"]) && check(&["os.path", "_ast", "größe"]));
        for names in [&[][..], &[""], &["a,b"], &["a."], &["a b"], &["1a"], &["a", "b\0"], &["-x"]]
        {
            assert!(!check(names), "{names:?}");
        }
        let much = Preload { memory_mb: 0, ..Preload::new(crate::OLDEST, environment, ["a"]) };
        assert!(much.check().is_err());
    }
}
