//! Which file is run.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]

use pyexec_archive::{Archive, ArchiveError};

fn found(names: &[&str]) -> String {
    let mut builder = Archive::builder();
    for name in names {
        match name.strip_suffix('/') {
            Some(directory) => builder.add_directory(directory).unwrap(),
            None => builder.add_bytes(name, "").unwrap(),
        };
    }
    match builder.build().detect_entrypoint() {
        Ok(name) => name.to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn by_name_then_by_order() {
    assert_eq!(found(&["app/main.py", "main.py"]), "app/main.py");
    assert_eq!(found(&["a.py", "main.py", "app/main.py"]), "main.py");
    assert_eq!(found(&["a.py", "./main.py"]), "./main.py");
    assert_eq!(found(&["a.py", "pkg/__main__.py"]), "pkg/__main__.py");
    assert_eq!(found(&["__main__.py", "z/main.py"]), "z/main.py");
    assert_eq!(found(&["z.py", "a.py"]), "z.py");
    assert_eq!(found(&["A.PY", "b.py"]), "b.py");
    assert_eq!(found(&["main.py/", "x.py/", "run.py"]), "run.py");
}

#[test]
fn a_map_is_sorted_first() {
    let archive = Archive::from_map([("z.py", ""), ("b/main.py", ""), ("a/main.py", "")]).unwrap();
    assert_eq!(archive.detect_entrypoint().unwrap(), "a/main.py");
}

#[test]
fn without_one_the_error_says_what_is_there() {
    let names: Vec<_> = (0..8).map(|n| format!("{n}.txt")).collect();
    let archive = Archive::from_map(names.iter().map(|name| (name, ""))).unwrap();
    let error = archive.detect_entrypoint().unwrap_err();
    assert!(matches!(&error, ArchiveError::NoEntrypoint { seen, files: 8 } if seen.len() == 5));
    assert_eq!(
        error.to_string(),
        "no Python file to run: the archive holds \
         \"0.txt\", \"1.txt\", \"2.txt\", \"3.txt\", \"4.txt\" and 3 more"
    );
    assert_eq!(found(&["x.py/"]), "no Python file to run: the archive holds no files");
}
