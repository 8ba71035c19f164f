//! The interpreter that an environment is for.

use crate::install::{
    InstallError, InstallFailure,
    answers::{Answers, Question},
    child::Invocation,
    installer::Secrets,
    patience::Patience,
};
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// How long an interpreter may take to say what it is.
const LIMIT: Duration = Duration::from_secs(30);

/// Asks for whatever decides which wheels fit. Nothing of `site` is needed, and none runs.
const QUESTION: &str = "\
import json, platform, sys, sysconfig
print(json.dumps({
    'version': '.'.join(map(str, sys.version_info[:3])),
    'implementation': sys.implementation.name,
    'abi': sysconfig.get_config_var('SOABI') or sys.implementation.cache_tag,
    'platform': sysconfig.get_platform(),
    'libc': ' '.join(platform.libc_ver()),
    'prefix': sys.base_prefix,
}))";

/// A Python interpreter, and what decides which packages fit it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Python {
    executable: PathBuf,
    facts: Facts,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Facts {
    version: String,
    implementation: String,
    abi: String,
    platform: String,
    libc: String,
    prefix: PathBuf,
}

impl Python {
    /// Starts the interpreter at `executable` (an absolute path) to ask what it is; about 20 ms,
    /// so that it is done once.
    ///
    /// # Errors
    ///
    /// [`InstallFailure::Interpreter`] where that doesn't work.
    pub fn probe(executable: impl Into<PathBuf>) -> Result<Self, InstallError> {
        let executable = executable.into();
        let facts = Facts::ask(&executable)?;
        Ok(Self { executable, facts })
    }

    /// The same, from what is remembered where it is the same interpreter still.
    pub(crate) fn recall(executable: &Path, answers: &Answers) -> Result<Self, InstallError> {
        let files = files(executable);
        let question = Question { text: QUESTION, files: &files, variables: &[] };
        let facts = answers.recall_or(question, || Facts::ask(executable))?;
        Ok(Self { executable: executable.to_owned(), facts })
    }

    /// Its path.
    pub fn executable(&self) -> &Path {
        &self.executable
    }

    /// Its version, such as `3.12.1`.
    pub fn version(&self) -> &str {
        &self.facts.version
    }

    /// Where it is installed, `sys.base_prefix`.
    pub fn prefix(&self) -> &Path {
        &self.facts.prefix
    }

    /// What an environment for it depends on, one fact a line.
    pub(crate) fn identity(&self) -> String {
        let Facts { version, implementation, abi, platform, libc, prefix } = &self.facts;
        let (executable, prefix) = (self.executable.display(), prefix.display());
        format!("{executable}\n{prefix}\n{version}\n{implementation}\n{abi}\n{platform}\n{libc}\n")
    }
}

impl Facts {
    fn ask(executable: &Path) -> Result<Self, InstallError> {
        let invocation =
            Invocation::new(executable, Path::new("/")).arguments(["-I", "-S", "-c", QUESTION]);
        let (status, log) =
            invocation.run(&Patience::of(LIMIT), &Secrets::default(), &mut || Ok(()));
        let facts = match status {
            Ok(status) if status.success() => {
                serde_json::from_str(log.text()).map_err(|error| error.to_string())
            }
            Ok(status) => Err(format!("it ended with {status}")),
            Err(failure) => Err(failure.to_string()),
        };
        facts.map_err(|reason| {
            let failure = InstallFailure::Interpreter { python: executable.to_owned(), reason };
            InstallError::new(failure, log)
        })
    }
}

/// What makes an interpreter what it is: its program, the library that this may be in, and the
/// configuration of a virtual environment.
fn files(executable: &Path) -> Vec<PathBuf> {
    let mut files = vec![executable.to_owned()];
    let real = executable.canonicalize().unwrap_or_default();
    for program in [executable, &real] {
        files.extend(program.ancestors().skip(1).take(2).map(|it| it.join("pyvenv.cfg")));
    }
    let lib = real.ancestors().nth(2).map(|prefix| prefix.join("lib"));
    let mut libraries: Vec<_> = lib
        .and_then(|lib| std::fs::read_dir(lib).ok())
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"libpython"))
        .map(|entry| entry.path())
        .collect();
    libraries.sort();
    files.extend(libraries);
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_interpreter_is_an_error_that_says_why() {
        let error = Python::probe("/bin/cat").unwrap_err();
        assert!(matches!(error.failure(), InstallFailure::Interpreter { .. }));
        assert!(error.to_string().starts_with("/bin/cat can't be used"), "{error}");
        assert!(Python::probe("/nonexistent/python3").is_err());
    }
}
