//! What an installer gets of the environment: the operator's own configuration of indexes,
//! proxies and certificates, and nothing else.

use crate::install::Python;
use sha2::{Digest as _, Sha256};
use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

/// Passed as they are. In particular no token of this program is among them.
const PASSED: [&str; 9] = [
    "HOME",
    "LANG",
    "NETRC",
    "PATH",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TZ",
    "XDG_CONFIG_HOME",
];

/// The installers' own, of any name but those below.
const PREFIXES: [&str; 3] = ["UV_", "PIP_", "LC_"];

/// Would change what is installed, where to, or what is checked: that is decided here.
const REDIRECTING: [&str; 41] = [
    "PIP_ABI",
    "PIP_CACHE_DIR",
    "PIP_COMPILE",
    "PIP_DRY_RUN",
    "PIP_EDITABLE",
    "PIP_IGNORE_INSTALLED",
    "PIP_IMPLEMENTATION",
    "PIP_LOG",
    "PIP_LOG_FILE",
    "PIP_NO_BINARY",
    "PIP_NO_COMPILE",
    "PIP_NO_DEPS",
    "PIP_ONLY_BINARY",
    "PIP_PLATFORM",
    "PIP_PREFIX",
    "PIP_PYTHON",
    "PIP_PYTHON_VERSION",
    "PIP_QUIET",
    "PIP_REPORT",
    "PIP_REQUIRE_HASHES",
    "PIP_REQUIRE_VIRTUALENV",
    "PIP_REQUIREMENT",
    "PIP_ROOT",
    "PIP_SRC",
    "PIP_TARGET",
    "PIP_USER",
    "PIP_VERBOSE",
    "UV_CACHE_DIR",
    "UV_COMPILE_BYTECODE",
    "UV_ENV_FILE",
    "UV_LINK_MODE",
    "UV_NO_BINARY",
    "UV_NO_BINARY_PACKAGE",
    "UV_NO_VERIFY_HASHES",
    "UV_PROJECT",
    "UV_PYTHON",
    "UV_REQUIRE_HASHES",
    "UV_SYSTEM_PYTHON",
    "UV_WORKING_DIR",
    "UV_WORKING_DIRECTORY",
    "UV_DIRECTORY",
];

/// Of those that are passed, those of this environment.
pub(super) fn passed(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Vec<(OsString, OsString)> {
    let mut kept: Vec<_> =
        environment.into_iter().filter(|(name, _)| is_passed(name.as_os_str())).collect();
    kept.sort();
    kept
}

fn is_passed(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let installers = PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    let proxy = name.to_ascii_uppercase().ends_with("_PROXY") && !name.starts_with("PYEXEC_");
    PASSED.contains(&name) || proxy || (installers && !REDIRECTING.contains(&name))
}

/// Whose configuration it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Uv,
    Pip,
}

/// A digest of what decides where packages come from: the installer's variables and files. An
/// environment that was built with one configuration isn't used under another.
pub(super) fn fingerprint(
    family: Family,
    variables: &[(OsString, OsString)],
    python: &Python,
) -> String {
    let prefix = match family {
        Family::Uv => "UV_",
        Family::Pip => "PIP_",
    };
    let mut digest = Sha256::new();
    let mut add = |part: &[u8]| {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    };
    for (name, value) in variables {
        if name.as_bytes().starts_with(prefix.as_bytes()) {
            add(name.as_bytes());
            add(value.as_bytes());
        }
    }
    for file in files(family, variables, python) {
        // A file that can't be read is none for the installer, too.
        if let Ok(contents) = std::fs::read(&file) {
            add(file.as_os_str().as_bytes());
            add(&contents);
        }
    }
    crate::install::hex(&digest.finalize())
}

/// Where the installers look for configuration: [uv], [pip].
///
/// [uv]: https://docs.astral.sh/uv/concepts/configuration-files/
/// [pip]: https://pip.pypa.io/en/stable/topics/configuration/
fn files(family: Family, variables: &[(OsString, OsString)], python: &Python) -> Vec<PathBuf> {
    let value = |wanted: &str| {
        let found = variables.iter().find(|(name, value)| name == wanted && !value.is_empty());
        found.map(|(_, value)| PathBuf::from(value))
    };
    let home = value("HOME").unwrap_or_default();
    let config = value("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
    let (named, mut files) = match family {
        Family::Uv => {
            let shared = ["/etc/xdg/uv/uv.toml", "/etc/uv/uv.toml"].map(PathBuf::from);
            let own = config.join("uv/uv.toml");
            (value("UV_CONFIG_FILE"), [shared.to_vec(), vec![own]].concat())
        }
        Family::Pip => {
            let shared = ["/etc/xdg/pip/pip.conf", "/etc/pip.conf"].map(PathBuf::from);
            let mac = Path::new("Library/Application Support/pip/pip.conf");
            let own = [
                home.join(".pip/pip.conf"),
                config.join("pip/pip.conf"),
                home.join(mac),
                Path::new("/").join(mac),
                python.prefix().join("pip.conf"),
            ];
            (value("PIP_CONFIG_FILE"), [shared.to_vec(), own.to_vec()].concat())
        }
    };
    files.extend(named);
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_configuration_is_passed_and_nothing_else() {
        let all = [
            ("PATH", true),
            ("HOME", true),
            ("PIP_INDEX_URL", true),
            ("UV_DEFAULT_INDEX", true),
            ("UV_INDEX_CORP_PASSWORD", true),
            ("https_proxy", true),
            ("NO_PROXY", true),
            ("SSL_CERT_FILE", true),
            ("LC_ALL", true),
            ("PYEXEC_TOKEN", false),
            ("PYEXEC_PROXY", false),
            ("PYTHONPATH", false),
            ("LD_PRELOAD", false),
            ("AWS_SECRET_ACCESS_KEY", false),
            ("PIP_TARGET", false),
            ("PIP_NO_BINARY", false),
            ("UV_NO_VERIFY_HASHES", false),
            ("XPIP_X", false),
        ];
        let given = all.map(|(name, _)| (OsString::from(name), OsString::from("x")));
        let kept: Vec<_> = passed(given).into_iter().map(|(name, _)| name).collect();
        for (name, wanted) in all {
            assert_eq!(kept.contains(&OsString::from(name)), wanted, "{name}");
        }
    }
}
