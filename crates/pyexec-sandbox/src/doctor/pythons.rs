//! The interpreters.

use super::Finding;
use crate::Interpreter;
use std::{fs, path::Path};

/// Where it lies, and whether its modules are compiled: nothing can write them down inside.
pub(super) fn finding(interpreter: &Interpreter) -> Finding {
    let version = interpreter.version();
    let subject = format!("Python {version}");
    let program = interpreter.executable().display();
    let library = interpreter.library().unwrap_or_default().join(format!("python{version}"));
    let tag = format!("cpython-{}", version.to_string().replace('.', ""));
    let (modules, compiled) = modules(&library, &tag);
    // A few that nobody has imported yet cost nothing.
    if compiled * 10 >= modules * 9 {
        return Finding::ok(subject, format!("{program}, with compiled modules"));
    }
    let lacking = modules - compiled;
    Finding::warn(subject, format!("{program}; {lacking} of {modules} modules aren't compiled"))
        .hint(format!("imports take longer; `{program} -m compileall -q {}`", library.display()))
}

/// How many modules lie in a folder, and how many of them are compiled.
fn modules(folder: &Path, tag: &str) -> (usize, usize) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_suffix(".py").map(str::to_owned)
    });
    let caches = folder.join("__pycache__");
    names.fold((0, 0), |(all, compiled), name| {
        let is_compiled = caches.join(format!("{name}.{tag}.pyc")).exists();
        (all + 1, compiled + usize::from(is_compiled))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiled_modules_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let caches = folder.path().join("__pycache__");
        fs::create_dir(&caches).unwrap();
        for name in ["a.py", "b.py", "c.txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::write(caches.join("a.cpython-312.pyc"), "").unwrap();
        fs::write(caches.join("b.cpython-311.pyc"), "").unwrap();
        assert_eq!(modules(folder.path(), "cpython-312"), (2, 1));
        assert_eq!(modules(Path::new("/nowhere"), "cpython-312"), (0, 0));
    }
}
