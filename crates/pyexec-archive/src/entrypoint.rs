//! Which file of an archive is the one to run.

/// Picks the file to run among the names of regular files, given in archive order.
///
/// The first whose base name is `main.py` wins over all others, wherever it lies; then the first
/// `__main__.py`; then the first whose name ends in `.py`.
///
/// ```
/// use pyexec_archive::detect_entrypoint;
///
/// assert_eq!(detect_entrypoint(["setup.py", "app/main.py"]), Some("app/main.py"));
/// assert_eq!(detect_entrypoint(["setup.py", "app/__main__.py"]), Some("app/__main__.py"));
/// assert_eq!(detect_entrypoint(["b.py", "a.py"]), Some("b.py"));
/// assert_eq!(detect_entrypoint(["README", "SHOUT.PY"]), None);
/// ```
pub fn detect_entrypoint<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut package = None;
    let mut script = None;
    for name in names {
        match name.rsplit('/').next() {
            Some("main.py") => return Some(name),
            Some("__main__.py") => package = package.or(Some(name)),
            _ if name.ends_with(".py") => script = script.or(Some(name)),
            _ => {}
        }
    }
    package.or(script)
}

#[cfg(test)]
mod tests {
    use super::detect_entrypoint;

    #[test]
    fn main_wins_wherever_it_comes() {
        let cases: &[(&[&str], Option<&str>)] = &[
            (&["app/main.py", "main.py"], Some("app/main.py")),
            (&["__main__.py", "z/main.py"], Some("z/main.py")),
            (&["./main.py"], Some("./main.py")),
            (&["x.py", "pkg/__main__.py", "__main__.py"], Some("pkg/__main__.py")),
            (&["notmain.py", "main.pyc"], Some("notmain.py")),
            (&["MAIN.PY", "a.Py"], None),
            (&["main.py/data.txt", "z.py"], Some("z.py")),
            (&[], None),
        ];
        for (names, want) in cases {
            assert_eq!(detect_entrypoint(names.iter().copied()), *want, "{names:?}");
        }
    }
}
