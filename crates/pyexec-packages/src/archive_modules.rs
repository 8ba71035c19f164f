//! The modules that a script brings along.

use std::collections::HashSet;

/// What a module's file ends with, after its name. Extension modules have more before it, as in
/// `x.cpython-312-x86_64-linux-gnu.so`.
const SUFFIXES: [&str; 7] = [".py", ".pyc", ".pyi", ".pyw", ".pyx", ".so", ".pyd"];

/// Names of modules that come with a script, in small letters.
///
/// Such a name is never looked up on an index: whoever publishes a distribution under it would
/// otherwise run code in place of the script's own (dependency confusion). Where in the archive a
/// module lies doesn't count, since a script may put any folder on its path; nor does the
/// difference of small and large letters, which some systems don't make. What is left out in vain
/// can be required by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct ArchiveModules(HashSet<String>);

impl ArchiveModules {
    /// Takes the path of a file: the module that it is, and all folders that hold it, as packages.
    /// A folder without modules is none, such as `docker/` with a `compose.yaml`.
    pub(crate) fn add(&mut self, path: &str) {
        let mut folders: Vec<_> =
            path.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | "..")).collect();
        // A folder itself says nothing: its files do.
        let Some(file) = folders.pop().filter(|_| !path.ends_with(['/', '\\'])) else { return };
        let name = file.split('.').next().unwrap_or_default();
        let small = file.to_ascii_lowercase();
        let is_module = SUFFIXES.iter().any(|suffix| small.ends_with(suffix));
        // Without any suffix it may be a link to a folder.
        if is_module || !file.contains('.') {
            self.insert(name);
        }
        if is_module {
            for folder in folders {
                self.insert(folder);
            }
        }
    }

    /// Whether a script brings this module along, under which it may import others.
    pub(crate) fn contains(&self, top_level: &str) -> bool {
        self.0.contains(&top_level.to_ascii_lowercase())
    }

    fn insert(&mut self, name: &str) {
        if !name.is_empty() {
            self.0.insert(name.to_ascii_lowercase());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modules(paths: &[&str]) -> ArchiveModules {
        let mut modules = ArchiveModules::default();
        paths.iter().for_each(|path| modules.add(path));
        modules
    }

    #[test]
    fn files_are_modules() {
        let modules = modules(&[
            "main.py",
            "./helpers.py",
            "a.pyc",
            "b.so",
            "c.cpython-312-x86_64-linux-gnu.so",
            "d.abi3.so",
            "E.PY",
            "f.pyd",
        ]);
        for module in ["main", "helpers", "a", "b", "c", "d", "e", "E", "f", "Helpers"] {
            assert!(modules.contains(module), "{module}");
        }
        assert!(!modules.contains("cpython-312-x86_64-linux-gnu"));
    }

    #[test]
    fn folders_of_modules_are_packages_wherever_they_lie() {
        let modules = modules(&[
            "pkg/__init__.py",
            "space/x.py",
            "src/lib/deep/y.py",
            "/abs/z.py",
            "w\\v.py",
        ]);
        for module in ["pkg", "space", "x", "src", "lib", "deep", "y", "abs", "z", "w", "v"] {
            assert!(modules.contains(module), "{module}");
        }
    }

    #[test]
    fn other_files_are_none() {
        let modules = modules(&["docker/compose.yaml", "redis/", "numpy.txt", ".env", "a/.py", ""]);
        for module in ["docker", "compose", "redis", "numpy", "env"] {
            assert!(!modules.contains(module), "{module}");
        }
    }

    #[test]
    fn a_link_may_be_a_folder() {
        assert!(modules(&["shared"]).contains("shared"));
    }
}
