//! The modules that come with Python.

use crate::python_version::PythonVersion;
use std::{collections::HashSet, sync::LazyLock};

type Names = HashSet<&'static str>;

/// `sys.stdlib_module_names` of each version, oldest first; a test holds them against the
/// interpreters of the machine, and writes them with `BLESS=1`.
static BY_VERSION: LazyLock<[(PythonVersion, Names); 4]> = LazyLock::new(|| {
    [
        (PythonVersion::new(3, 10), words(include_str!("standard_library/3.10.txt"))),
        (PythonVersion::new(3, 11), words(include_str!("standard_library/3.11.txt"))),
        (PythonVersion::new(3, 12), words(include_str!("standard_library/3.12.txt"))),
        (PythonVersion::new(3, 13), words(include_str!("standard_library/3.13.txt"))),
    ]
});

/// What other versions of Python have or had, from Python 2.7 to 3.15, by their documentation.
static OF_OTHER_VERSIONS: LazyLock<Names> =
    LazyLock::new(|| words(include_str!("standard_library/other.txt")));

/// What is no module of the library, yet belongs to the interpreter.
const OF_THE_INTERPRETER: [&str; 4] = ["__main__", "sitecustomize", "test", "usercustomize"];

pub(crate) fn words(text: &'static str) -> Names {
    text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect()
}

/// Whether a module comes with this version: that of [the oldest](BY_VERSION) for older ones, any
/// of them for newer ones, of which nothing is known.
pub(crate) fn is_standard(module: &str, python: PythonVersion) -> bool {
    let table = BY_VERSION.iter().find(|(version, _)| python <= *version);
    OF_THE_INTERPRETER.contains(&module)
        || table.map_or_else(|| is_of_any_version(module), |(_, names)| names.contains(module))
}

/// Whether a module comes with any version. Someone else may have taken such a name for a
/// distribution, in the hope of those who import it under the wrong version.
pub(crate) fn is_of_any_version(module: &str) -> bool {
    OF_OTHER_VERSIONS.contains(module) || BY_VERSION.iter().any(|(_, names)| names.contains(module))
}

#[cfg(test)]
mod tests {
    use super::*;

    const V310: PythonVersion = PythonVersion::new(3, 10);
    const V313: PythonVersion = PythonVersion::new(3, 13);

    #[test]
    fn what_comes_with_a_version() {
        for version in [V310, V313, PythonVersion::new(3, 8), PythonVersion::new(3, 99)] {
            for module in ["os", "json", "__future__", "_thread", "__main__", "test", "builtins"] {
                assert!(is_standard(module, version), "{module} {version}");
            }
            assert!(!is_standard("numpy", version));
        }
        assert!(is_standard("cgi", V310) && !is_standard("cgi", V313));
        assert!(!is_standard("tomllib", V310) && is_standard("tomllib", V313));
    }

    #[test]
    fn what_comes_with_another_version_is_known() {
        for module in ["cgi", "distutils", "tomllib", "urllib2", "ConfigParser", "annotationlib"] {
            assert!(is_of_any_version(module), "{module}");
        }
        assert!(!is_of_any_version("requests"));
        assert!(!is_of_any_version("#"));
    }
}
