//! A folder of wheels, made here: the only index that these tests have.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// Writes a wheel: name, version, what it needs, and its module's text.
const WRITE: &str = r#"
import base64, hashlib, sys, zipfile
folder, name, version, requires, text = sys.argv[1:]
info = f"{name}-{version}.dist-info"
metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
metadata += "".join(f"Requires-Dist: {one}\n" for one in requires.split(",") if one)
files = {
    f"{name}.py": text,
    f"{info}/METADATA": metadata,
    f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}
def line(path, text):
    digest = hashlib.sha256(text.encode()).digest()
    digest = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(text.encode())}\n"
record = "".join(line(*file) for file in files.items()) + f"{info}/RECORD,,\n"
with zipfile.ZipFile(f"{folder}/{name}-{version}-py3-none-any.whl", "w") as wheel:
    for path, text in (files | {f"{info}/RECORD": record}).items():
        wheel.writestr(path, text)
"#;

/// Adds a wheel to the folder.
pub(crate) fn add(folder: &Path, name: &str, version: &str, requires: &str, text: &str) {
    fs::create_dir_all(folder).unwrap();
    let mut python = Command::new("python3");
    python.args(["-I", "-c", WRITE]).arg(folder).args([name, version, requires, text]);
    let written = python.stdin(Stdio::null()).output().unwrap();
    assert!(written.status.success(), "{written:?}");
}
