//! What of a directory gets in, what is left out, and what is said of it.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]
#![cfg(feature = "fs")]

mod tree;

use pyexec_archive::{Archive, ArchiveError, LeftOutReason};
use std::{fs, path::Path};
use tempfile::TempDir;
use tree::{left_out, names, options, planned, tree, write};

#[test]
fn the_report_counts_and_gives_reasons() {
    let dir = tree(&["main.py", "data/a.csv", "data/b.csv", "a.pyc", "__pycache__/main.pyc"]);
    write(&dir, ".gitignore", "b.csv\n");
    let archive = Archive::from_directory(dir.path()).unwrap();
    let report = archive.report();
    let sizes = ["main.py", "data/a.csv", ".gitignore"]
        .map(|name| fs::metadata(dir.path().join(name)).unwrap().len());
    assert_eq!((report.files, report.directories, report.symlinks), (3, 1, 0));
    assert_eq!(report.bytes, sizes.iter().sum());
    assert_eq!(
        left_out(&archive),
        [
            "__pycache__/ (left out by default)",
            "a.pyc (left out by default)",
            "data/b.csv (.gitignore has \"b.csv\")",
        ]
    );
    let ignored = report.left_out.iter().find(|left| left.path() == Path::new("data/b.csv"));
    assert!(matches!(
        ignored.unwrap().reason(),
        LeftOutReason::IgnoreFile { file, pattern }
            if file == Path::new(".gitignore") && pattern == "b.csv"
    ));
}

#[test]
fn gitignore_as_git_has_it() {
    let dir = tree(&[
        "a.log",
        "keep.log",
        "build/x.py",
        "sub/build/y.py",
        "sub/only.txt",
        "sub/deep/z.log",
        "top.txt",
        "sub/top.txt",
        "sub/mine.py",
        "#x",
        "docs/a.md",
        "docs/b/c.md",
        "sp ace",
    ]);
    write(
        &dir,
        ".gitignore",
        "# a comment\r\n*.log\r\n!keep.log\n/top.txt\nbuild/\n\\#x\ndocs/**/c.md\nsp\\ ace  \n",
    );
    write(&dir, "sub/.gitignore", "only.txt\n!z.log\n");
    let (names, left_out) = planned(&options(), &dir);
    assert_eq!(
        names,
        [
            ".gitignore",
            "keep.log",
            "docs",
            "docs/a.md",
            "docs/b",
            "sub",
            "sub/.gitignore",
            "sub/mine.py",
            "sub/top.txt",
            "sub/deep",
            "sub/deep/z.log",
        ]
    );
    assert_eq!(
        left_out,
        [
            r##"#x (.gitignore has "\\#x")"##,
            r#"a.log (.gitignore has "*.log")"#,
            r#"build/ (.gitignore has "build/")"#,
            r#"sp ace (.gitignore has "sp\\ ace")"#,
            r#"top.txt (.gitignore has "/top.txt")"#,
            r#"docs/b/c.md (.gitignore has "docs/**/c.md")"#,
            r#"sub/build/ (.gitignore has "build/")"#,
            r#"sub/only.txt (sub/.gitignore has "only.txt")"#,
        ]
    );
    assert_eq!(planned(&options().gitignore(false), &dir).1, [""; 0]);
    git_agrees(&dir, &names);
}

#[test]
fn an_ignore_file_holds_below_its_own_directory_only() {
    let dir = tree(&[
        "sub/only.txt",
        "sub/mine.txt",
        "sub/deep/mine.txt",
        "sub/deep/only.txt",
        "other/only.txt",
        "other/mine.txt",
        "zoo/only.txt",
        "only.txt",
    ]);
    write(&dir, "sub/.gitignore", "only.txt\n/mine.txt\n");
    let (names, _) = planned(&options(), &dir);
    assert_eq!(
        names,
        [
            "only.txt",
            "other",
            "other/mine.txt",
            "other/only.txt",
            "sub",
            "sub/.gitignore",
            "sub/deep",
            "sub/deep/mine.txt",
            "zoo",
            "zoo/only.txt",
        ]
    );
    git_agrees(&dir, &names);
}

#[test]
fn what_git_reads_otherwise_than_other_globs() {
    let dir = tree(&[
        "a.k",
        "x",
        "{{cookiecutter.slug}}/.env",
        "{{cookiecutter.slug}}/a.py",
        "secret1.txt",
        "secretx.txt",
        "Akey",
        "1key",
        "a.{key,pem}",
        "b.key",
        "end ",
        "dash-",
    ]);
    write(
        &dir,
        ".gitignore",
        "*.k\n!\n!  \n{{cookiecutter.slug}}/.env\nsecret[[:digit:]].txt\n[![:digit:]]key\n\
         *.{key,pem}\nx\\\nend\\ \n[]-]none\ndash[-]\n   \n",
    );
    let (names, _) = planned(&options(), &dir);
    assert_eq!(
        names,
        [
            ".gitignore",
            "1key",
            "b.key",
            "secretx.txt",
            "x",
            "{{cookiecutter.slug}}",
            "{{cookiecutter.slug}}/a.py",
        ]
    );
    git_agrees(&dir, &names);
    // What can't be said is an error, and a comment may be in any encoding.
    for (line, is_ok) in [
        (&b"a[[:punct:]]"[..], false),
        (b"a[\\]]", false),
        (b"a[", false),
        (b"caf\xe9", false),
        (b"# caf\xe9", true),
    ] {
        fs::write(dir.path().join(".gitignore"), line).unwrap();
        let archive = options().archive(dir.path());
        assert_eq!(archive.is_ok(), is_ok, "{}", line.escape_ascii());
    }
}

/// The same files as `git ls-files` would add.
fn git_agrees(dir: &TempDir, names: &[String]) {
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git")
            .args(arguments)
            .current_dir(dir)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .expect("this test needs git");
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    git(&["init", "-q"]);
    let listed = git(&["ls-files", "-z", "--others", "--exclude-standard"]);
    let mut listed: Vec<_> = listed.split_terminator('\0').collect();
    let mut files: Vec<_> =
        names.iter().map(String::as_str).filter(|name| dir.path().join(name).is_file()).collect();
    listed.sort_unstable();
    files.sort_unstable();
    assert_eq!(listed, files);
}

#[test]
fn pyexecignore_wins_over_gitignore() {
    let dir = tree(&["a.csv", "b.csv", "secret.env", "sub/c.csv"]);
    write(&dir, ".gitignore", "*.csv\n");
    write(&dir, "sub/.gitignore", "!c.csv\n");
    write(&dir, ".pyexecignore", "!a.csv\n*.env\nc.csv\n");
    let (names, left_out) = planned(&options().hidden(false), &dir);
    assert_eq!(names, ["a.csv", "sub"]);
    assert_eq!(
        left_out,
        [
            ".gitignore (hidden)",
            ".pyexecignore (hidden)",
            r#"b.csv (.gitignore has "*.csv")"#,
            r#"secret.env (.pyexecignore has "*.env")"#,
            "sub/.gitignore (hidden)",
            r#"sub/c.csv (.pyexecignore has "c.csv")"#,
        ]
    );
    let (names, _) = planned(&options().hidden(false).pyexecignore(false), &dir);
    assert_eq!(names, ["secret.env", "sub", "sub/c.csv"]);
}

#[test]
fn the_callers_patterns_come_first() {
    let dir = tree(&["a.csv", "data/b.csv", "data/c.csv", "tests/t.py", "x.log", ".env"]);
    write(&dir, ".gitignore", "*.log\n");
    let ours =
        options().exclude("*.csv").exclude("!data/b.csv").exclude("tests/").exclude("!*.log");
    let (names, left_out) = planned(&ours.hidden(false).exclude("!.env"), &dir);
    assert_eq!(names, [".env", "x.log", "data", "data/b.csv"]);
    assert_eq!(
        left_out,
        [
            ".gitignore (hidden)",
            r#"a.csv (excluded by "*.csv")"#,
            r#"tests/ (excluded by "tests/")"#,
            r#"data/c.csv (excluded by "*.csv")"#,
        ]
    );
}

#[test]
fn no_pattern_takes_back_what_is_never_worth_sending() {
    let dir = tree(&["main.py", "sub/x.py", ".git/hooks/h.py", "my env/lib/y.py", "a.txt"]);
    write(&dir, "my env/pyvenv.cfg", "home = /usr/bin\n");
    write(&dir, ".gitignore", "*\n!*/\n!*.py\n");
    let (names, left_out) = planned(&options(), &dir);
    assert_eq!(names, ["main.py", "sub", "sub/x.py"]);
    assert_eq!(
        left_out,
        [
            r#".git/ (left out by default)"#,
            r#".gitignore (.gitignore has "*")"#,
            r#"a.txt (.gitignore has "*")"#,
            r#"my env/ (left out by default)"#,
        ]
    );
    let (names, _) = planned(&options().default_exclusions(false), &dir);
    assert!(names.contains(&".git/hooks/h.py".to_owned()));
    assert!(names.contains(&"my env/lib/y.py".to_owned()));
}

#[test]
fn hidden_files_by_choice() {
    let dir = tree(&[".env", ".config/x.py", "main.py", "sub/.hidden", "sub/..odd"]);
    assert_eq!(planned(&options(), &dir).1, [""; 0]);
    let (names, left_out) = planned(&options().hidden(false), &dir);
    assert_eq!(names, ["main.py", "sub"]);
    assert_eq!(
        left_out,
        [".config/ (hidden)", ".env (hidden)", "sub/..odd (hidden)", "sub/.hidden (hidden)"]
    );
}

#[test]
fn exceptions_of_ignore_files_bring_nothing_hidden_back() {
    let dir = tree(&["a.py", ".ssh/x.py", ".env.py"]);
    write(&dir, ".gitignore", "*\n!*/\n!*.py\n");
    assert_eq!(planned(&options().hidden(false), &dir).0, ["a.py"]);
    let asked_for = options().hidden(false).exclude("!.env.py");
    assert_eq!(planned(&asked_for, &dir).0, [".env.py", "a.py"]);
}

#[test]
fn bad_patterns_are_named() {
    let dir = tree(&["a"]);
    let error = options().exclude("ok").exclude("a[").archive(dir.path()).unwrap_err();
    assert_eq!(error.to_string(), r#""a[" is no pattern of files"#);
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("class"));
    write(&dir, ".gitignore", "fine\n\nb[\n");
    let error = options().archive(dir.path()).unwrap_err();
    assert!(matches!(&error, ArchiveError::IgnoreFile { line: 3, .. }), "{error:?}");
    assert!(error.to_string().ends_with(".gitignore, line 3, is no pattern of files"), "{error}");
    fs::write(dir.path().join(".gitignore"), b"\xef\xbb\xbfa\n\xff\n").unwrap();
    let error = options().archive(dir.path()).unwrap_err();
    assert!(matches!(&error, ArchiveError::IgnoreFile { line: 2, .. }), "{error:?}");
    fs::write(dir.path().join(".gitignore"), b"\xef\xbb\xbfa\n").unwrap();
    assert_eq!(planned(&options(), &dir).0, [".gitignore"]);
}

#[test]
fn nothing_outside_the_directory_counts() {
    let dir = tree(&["outer/inner/a.log"]);
    write(&dir, ".gitignore", "*.log\n");
    write(&dir, "outer/.gitignore", "inner/\n");
    let archive = Archive::from_directory(dir.path().join("outer/inner")).unwrap();
    assert_eq!(names(&archive), ["a.log"]);
    // However the directory is named.
    write(&dir, "outer/inner/.gitignore", "/a.log\n");
    for path in ["outer/inner", "outer/inner/", "./outer/inner/.", "outer/../outer/inner"] {
        let archive = Archive::from_directory(dir.path().join(path)).unwrap();
        assert_eq!(names(&archive), [".gitignore"], "{path}");
    }
}
