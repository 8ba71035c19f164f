//! Packages that programs need, from a folder of wheels that is made here.

use crate::session::{Session, pyexec};
use insta::assert_snapshot;
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};
use tempfile::TempDir;

/// Writes wheels of one module each, without anything that pip could do without.
const WRITE: &str = r#"
import sys, zipfile
for name, version in [("blue", "1.0"), ("blue", "2.0"), ("red", "1.0"), ("colorama", "0.4.6")]:
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(f"{sys.argv[1]}/{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", f"version = '{version}'\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
"#;

/// The wheels, and what was installed of them.
static SHOP: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let mut python = Command::new("python3");
    let written = python.args(["-I", "-c", WRITE]).arg(folder.path()).output().unwrap();
    assert!(written.status.success(), "{written:?}");
    folder
});

/// The only index.
pub(crate) fn wheels() -> &'static str {
    SHOP.path().to_str().unwrap()
}

fn cache() -> PathBuf {
    SHOP.path().join("cache")
}

fn with_cache<const N: usize>(args: [&str; N], cache: &Path) -> Session {
    let session = pyexec(args).env("PIP_FIND_LINKS", wheels()).env("UV_FIND_LINKS", wheels());
    session.env("XDG_CACHE_HOME", cache.to_str().unwrap())
}

fn shopping<const N: usize>(args: [&str; N]) -> Session {
    with_cache(args, &cache())
}

const BLUE: &str = "import blue; print(blue.version)";

#[test]
fn by_flag() {
    assert_snapshot!(shopping(["run", "--with", "blue"]).stdin(BLUE).show(), @"
    exit 0
    --- stdout
    2.0
    ");
    assert_snapshot!(shopping(["run", "--with", "blue<2", "--with", "red"]).stdin(BLUE).show(), @"
    exit 0
    --- stdout
    1.0
    ");
    let file = shopping(["run", "--requirements", "r.txt", "main.py"]).file("r.txt", "blue==1.0");
    assert_snapshot!(file.file("main.py", BLUE).show(), @"
    exit 0
    --- stdout
    1.0
    ");
    assert_snapshot!(shopping(["run", "--auto-install"]).stdin(BLUE).show(), @"
    exit 0
    --- stdout
    2.0
    ");
    assert_snapshot!(shopping(["eval", "--with", "blue<2", "import blue\nblue.version"]).show(), @"
    exit 0
    --- stdout
    '1.0'
    ");
    assert_snapshot!(shopping(["eval", "import blue\nblue.version"]).show(), @"
    exit 0
    --- stdout
    '2.0'
    ");
    let none = shopping(["eval", "--no-auto-install", "import blue\nblue.version"]).show();
    assert!(none.contains("No module named 'blue'"), "{none}");
    assert_snapshot!(shopping(["run", "--with=-r x"]).stdin("1").show(), @"
    exit 2
    --- stderr
    error: --with -r x: -r names a file, and none is read; put what it lists here
    ");
}

#[test]
fn by_the_project() {
    let project = |args: [&str; 4]| {
        let session = shopping(args).file("app/main.py", BLUE);
        session.file("app/requirements.txt", "blue<2 # for now\n")
    };
    assert_snapshot!(project(["run", "--color", "never", "app"]).show(), @"
    exit 0
    --- stdout
    1.0
    ");
    assert_snapshot!(project(["run", "--with", "red", "app"]).show(), @"
    exit 0
    --- stdout
    1.0
    ");
    let none = project(["run", "-q", "--no-requirements", "app"]).show();
    assert!(none.contains("exit 1"), "{none}");
}

#[test]
fn by_the_script() {
    let script = format!(
        "# /// script\n# dependencies = ['blue<2']\n# requires-python = '<3.12'\n# ///\n\
         import sys; print(sys.version_info[:2] < (3, 12))\n{BLUE}"
    );
    assert_snapshot!(shopping(["run", "it.py"]).file("it.py", &script).show(), @"
    exit 0
    --- stdout
    True
    1.0
    ");
    assert_snapshot!(shopping(["run"]).stdin(script.as_str()).show(), @"
    exit 0
    --- stdout
    True
    1.0
    ");
    let broken = "# /// script\n# dependencies = 'blue'\n# ///\nprint(1)\n";
    assert_snapshot!(shopping(["run"]).stdin(broken).show(), @r#"
    exit 2
    --- stderr
    error: the script's metadata on line 2 can't be read: invalid type: string "blue", expected a sequence
    hint: --no-requirements runs it all the same
    "#);
    assert_snapshot!(shopping(["run", "--no-requirements"]).stdin(broken).show(), @"
    exit 0
    --- stdout
    1
    ");
    let future = "# /// script\n# requires-python = '>=4'\n# ///\nprint(1)\n";
    let refused = shopping(["run"]).stdin(future).show();
    assert!(
        refused.contains("error: the script requires Python >=4\nhint: there are 3."),
        "{refused}"
    );
}

#[test]
fn what_is_not_there() {
    let refused = shopping(["run", "--with", "nowhere-to-be-found"]).stdin("1").show();
    assert!(refused.starts_with("exit 125\n--- stderr\n"), "{refused}");
    assert!(refused.contains("there is no package for `nowhere-to-be-found`"), "{refused}");
    let json = shopping(["run", "--json", "--with", "nowhere-to-be-found"]).stdin("1").output();
    let value: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&value["status"], &value["outcome"]), (&"failed".into(), &"install_failed".into()));
}

#[test]
fn what_is_kept() {
    let kept = tempfile::tempdir().unwrap();
    let env = |args: [&str; 4]| with_cache(args, kept.path());
    // Sizes, versions and times are the machine's.
    let usual = |shown: String| {
        let line = |line: &str| match line.rsplit("  ").next() {
            Some(last) if line.starts_with("3.") => format!("PYTHON  SIZE  USED  {last}"),
            _ => line.split_whitespace().collect::<Vec<_>>().join("  "),
        };
        shown.lines().map(line).collect::<Vec<_>>().join("\n")
    };
    let warm = with_cache(["env", "warm", "blue<2", "red"], kept.path()).show();
    assert!(warm.contains("blue==1.0\nred==1.0\n"), "{warm}");
    assert_snapshot!(usual(with_cache(["env", "ls"], kept.path()).show()), @"
    exit  0
    ---  stdout
    PYTHON  SIZE  USED  PACKAGES
    PYTHON  SIZE  USED  blue==1.0 red==1.0
    ");
    // What was warmed is what is used.
    assert_snapshot!(env(["run", "--with", "blue<2", "--with=red"]).stdin(BLUE).show(), @"
    exit 0
    --- stdout
    1.0
    ");
    let listed = with_cache(["env", "ls", "--json"], kept.path()).output();
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed["environments"].as_array().unwrap().len(), 1, "{listed}");
    let removed = with_cache(["env", "prune", "--all"], kept.path()).show();
    assert!(removed.contains("removed 1, which frees "), "{removed}");
    assert_snapshot!(with_cache(["env", "ls"], kept.path()).show(), @"
    exit 0
    --- stdout
    PYTHON  SIZE  USED  PACKAGES
    ");
    assert_snapshot!(env(["env", "warm", "blue", "--python=3.1"]).show().split("hint").next().unwrap(), @"
    exit 2
    --- stderr
    error: --python 3.1: there is none
    ");
}
