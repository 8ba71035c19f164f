//! Finding CPython on this machine, by looking at files only: no interpreter is started for it.

use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// A Python version such as 3.12.
///
/// ```
/// use pyexec_sandbox::PythonVersion;
///
/// let version: PythonVersion = "3.12".parse()?;
/// assert!(version > "3.9".parse()?);
/// assert!("3".parse::<PythonVersion>().is_err());
/// # Ok::<(), pyexec_sandbox::InvalidVersion>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PythonVersion {
    major: u16,
    minor: u16,
}

impl PythonVersion {
    /// The 3 of 3.12.
    pub fn major(self) -> u16 {
        self.major
    }

    /// The 12 of 3.12.
    pub fn minor(self) -> u16 {
        self.minor
    }
}

/// The oldest version that is run.
pub const OLDEST: PythonVersion = PythonVersion { major: 3, minor: 10 };

/// Text that is no `X.Y` version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no Python version; expected one such as 3.12")]
pub struct InvalidVersion(String);

impl FromStr for PythonVersion {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let parse = || {
            let (major, minor) = text.split_once('.')?;
            Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
        };
        parse().ok_or_else(|| InvalidVersion(text.to_owned()))
    }
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A CPython on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interpreter {
    version: PythonVersion,
    executable: PathBuf,
}

/// Folders that a sandbox has of its own, so that an interpreter below them can't be shown there.
const TAKEN: [&str; 6] = ["/work", "/tmp", "/dev", "/proc", "/sys", "/opt/pyexec"];

impl Interpreter {
    /// The interpreter at `path` (links are followed), if it is a CPython of a supported version
    /// whose standard library lies beside it.
    pub fn at(path: &Path) -> Option<Self> {
        let executable = path.canonicalize().ok()?;
        let name = executable.file_name()?.to_str()?;
        let version: PythonVersion = name.strip_prefix("python")?.parse().ok()?;
        let found = Self { version, executable };
        let visible = !TAKEN.iter().any(|taken| found.executable.starts_with(taken));
        let whole = found.standard_library()?.join("os.py").is_file();
        (version >= OLDEST && visible && whole && found.executable.to_str().is_some())
            .then_some(found)
    }

    /// Its version.
    pub fn version(&self) -> PythonVersion {
        self.version
    }

    /// Its binary, without links.
    pub fn executable(&self) -> &Path {
        &self.executable
    }

    /// The installation's root, `sys.base_prefix`.
    pub fn prefix(&self) -> &Path {
        self.executable.parent().and_then(Path::parent).unwrap_or(Path::new("/"))
    }

    /// `lib` or `lib64` below the prefix, whichever holds the standard library.
    pub(crate) fn library(&self) -> Option<PathBuf> {
        ["lib", "lib64"]
            .map(|name| self.prefix().join(name))
            .into_iter()
            .find(|library| library.join(format!("python{}", self.version)).is_dir())
    }

    /// The folder of packages that it looks into by itself, without links, if it has one. Sandboxes
    /// mask what the host has there.
    pub(crate) fn packages(&self) -> Option<PathBuf> {
        let own = self.standard_library().map(|library| library.join("site-packages"));
        // Debian's, which has none of its own.
        let shared = (self.prefix() == Path::new("/usr"))
            .then(|| PathBuf::from("/usr/lib/python3/dist-packages"));
        let folders = own.into_iter().chain(shared).filter_map(|path| path.canonicalize().ok());
        folders.into_iter().find(|path| path.is_dir())
    }

    pub(crate) fn standard_library(&self) -> Option<PathBuf> {
        Some(self.library()?.join(format!("python{}", self.version)))
    }
}

/// Every supported CPython that can be found, newest first, one a version: on `PATH`, under
/// pyenv's and under uv's folder, in this order.
pub fn discover() -> Vec<Interpreter> {
    discover_in(folders(|name| std::env::var_os(name)))
}

/// The `bin` folders that an environment leads to.
fn folders(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let folder = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = folder("HOME").unwrap_or_default();
    let path = variable("PATH").unwrap_or_default();
    let pyenv = folder("PYENV_ROOT").unwrap_or_else(|| home.join(".pyenv"));
    let uv = folder("UV_PYTHON_INSTALL_DIR").unwrap_or_else(|| {
        folder("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share")).join("uv/python")
    });
    std::env::split_paths(&path)
        .chain(installations(&pyenv.join("versions")))
        .chain(installations(&uv))
        .collect()
}

/// Every supported CPython in these `bin` folders, newest first; the first of a version wins.
pub fn discover_in(folders: impl IntoIterator<Item = PathBuf>) -> Vec<Interpreter> {
    let mut found = BTreeMap::new();
    for folder in folders {
        for interpreter in binaries(&folder) {
            found.entry(interpreter.version).or_insert(interpreter);
        }
    }
    found.into_values().rev().collect()
}

fn binaries(folder: &Path) -> Vec<Interpreter> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.strip_prefix("python")
                .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
        })
        .collect();
    paths.sort();
    paths.iter().filter_map(|path| Interpreter::at(path)).collect()
}

/// The `bin` folders of installations below `root`, those with the highest numbers first.
fn installations(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root) else {
        return Vec::new();
    };
    let mut names: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    names.sort_by_cached_key(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let numbers: Vec<u32> =
            name.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
        std::cmp::Reverse((numbers, name))
    });
    names.into_iter().map(|name| name.join("bin")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::symlink};

    /// A folder outside [`TAKEN`] that looks like an installation.
    fn installation(root: &Path, version: &str) -> PathBuf {
        let (bin, lib) = (root.join("bin"), root.join(format!("lib/python{version}")));
        fs::create_dir_all(&bin).unwrap();
        fs::create_dir_all(&lib).unwrap();
        fs::write(bin.join(format!("python{version}")), "").unwrap();
        fs::write(lib.join("os.py"), "").unwrap();
        bin
    }

    fn scratch() -> tempfile::TempDir {
        tempfile::tempdir_in("/var/tmp").unwrap()
    }

    #[test]
    fn links_are_followed_and_the_first_of_a_version_wins() {
        let dir = scratch();
        let one = installation(&dir.path().join("one"), "3.12");
        let two = installation(&dir.path().join("two"), "3.12");
        let old = installation(&dir.path().join("old"), "3.9");
        let shims = dir.path().join("shims");
        fs::create_dir(&shims).unwrap();
        fs::write(shims.join("python3.12"), "#!/bin/sh\n").unwrap();
        symlink(one.join("python3.12"), two.join("python3")).unwrap();
        let found = discover_in([shims, two.clone(), one.clone(), old]);
        assert_eq!(found.len(), 1);
        // `two/python3` sorts before `two/python3.12` and leads to `one`.
        assert_eq!(found[0].executable(), one.join("python3.12").canonicalize().unwrap());
    }

    #[test]
    fn newest_first_and_the_highest_patch_of_pyenv() {
        let dir = scratch();
        for version in ["3.12.9", "3.12.10", "3.11.7", "3.13.0"] {
            let minor = version.rsplit_once('.').unwrap().0;
            installation(&dir.path().join(version), minor);
        }
        let found = discover_in(installations(dir.path()));
        let names: Vec<_> = found
            .iter()
            .map(|i| i.prefix().file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["3.13.0", "3.12.10", "3.11.7"]);
    }

    #[test]
    fn path_then_pyenv_then_uv() {
        let home = scratch();
        let at = |path: &str| home.path().join(path);
        installation(&at("usr"), "3.11");
        installation(&at(".pyenv/versions/3.11.9"), "3.11");
        installation(&at(".pyenv/versions/3.12.3"), "3.12");
        installation(&at(".local/share/uv/python/cpython-3.12.8-linux-x86_64-gnu"), "3.12");
        installation(&at(".local/share/uv/python/cpython-3.13.1-linux-x86_64-gnu"), "3.13");
        installation(&at("elsewhere/cpython-3.10.16"), "3.10");
        let found = |uv: Option<&str>| {
            let folders = folders(|name| match name {
                "HOME" => Some(home.path().into()),
                "PATH" => Some(at("usr/bin").into()),
                "UV_PYTHON_INSTALL_DIR" => uv.map(|uv| at(uv).into()),
                _ => None,
            });
            let found = discover_in(folders).into_iter().map(|interpreter| {
                let prefix = interpreter.prefix().strip_prefix(home.path()).unwrap().to_owned();
                prefix.display().to_string()
            });
            found.collect::<Vec<_>>()
        };
        let uv = ".local/share/uv/python/cpython-3.13.1-linux-x86_64-gnu";
        assert_eq!(found(None), [uv, ".pyenv/versions/3.12.3", "usr"]);
        let expected = [".pyenv/versions/3.12.3", "usr", "elsewhere/cpython-3.10.16"];
        assert_eq!(found(Some("elsewhere")), expected);
    }

    #[test]
    fn this_machine_has_one() {
        assert!(!discover().is_empty(), "these tests need a CPython 3.10 or newer");
    }
}
