//! What is found in the sources of Python's own library, compared with Python's own parser.

#[path = "../../tests/support/mod.rs"]
mod support;

use super::{MAX_SOURCE_BYTES, imports};
use serde_json::json;

/// Sources of the interpreter's own library, and what they import by Python's parser. What that
/// doesn't take is left out.
const IMPORTS: &str = r#"
import ast, json, pathlib, sys, sysconfig, tokenize

def type_checking(test):
    match test:
        case ast.Name(id="TYPE_CHECKING"):
            return True
        case ast.Attribute(value=ast.Name(), attr="TYPE_CHECKING"):
            return True
    return False

def walk(statements):
    for one in statements:
        match one:
            case ast.Import():
                yield from (alias.name for alias in one.names)
            case ast.ImportFrom(level=0):
                for alias in one.names:
                    yield one.module if alias.name == "*" else f"{one.module}.{alias.name}"
            case ast.If():
                if not type_checking(one.test):
                    yield from walk(one.body)
                yield from walk(one.orelse)
            case ast.Match():
                for case in one.cases:
                    yield from walk(case.body)
            case _:
                for field in ["body", "orelse", "finalbody"]:
                    yield from walk(getattr(one, field, []))
                for handler in getattr(one, "handlers", []):
                    yield from walk(handler.body)

asked = json.load(sys.stdin)
root = pathlib.Path(sysconfig.get_path("stdlib"))
found = []
for path in sorted(path for pattern in asked["files"] for path in root.glob(pattern)):
    if path.stat().st_size > asked["limit"]:
        continue
    try:
        with tokenize.open(path) as file:
            source = file.read()
        tree = ast.parse(source)
    except (SyntaxError, UnicodeDecodeError, ValueError, RecursionError):
        continue
    found.append([str(path), source, sorted(set(walk(tree.body)))])
json.dump(found, sys.stdout)
"#;

fn compare(files: &[&str], least: usize) {
    for python in support::interpreters() {
        let files = python.ask(IMPORTS, &json!({"files": files, "limit": MAX_SOURCE_BYTES}));
        let files = files.as_array().unwrap();
        assert!(files.len() > least, "only {} files", files.len());
        for file in files {
            let (name, source) = (file[0].as_str().unwrap(), file[1].as_str().unwrap());
            let found = imports([(name, source)]);
            assert!(found.unread.is_empty(), "{name}");
            // Python has names in a normal form of Unicode; none such belong to distributions.
            let ascii = |name: &&str| name.is_ascii();
            let ours: Vec<_> = found.names.iter().map(String::as_str).filter(ascii).collect();
            let theirs = file[2].as_array().unwrap().iter().map(|one| one.as_str().unwrap());
            assert_eq!(ours, Vec::from_iter(theirs.filter(ascii)), "3.{} {name}", python.minor);
        }
    }
}

#[test]
fn imports_are_those_of_pythons_parser() {
    let of_syntax = "test/test_[gpstu][aryn]*.py";
    compare(&["[a-m]*.py", "importlib/*.py", "unittest/*.py", of_syntax], 100);
}

#[test]
#[ignore = "takes minutes: every file of the library and of its tests"]
fn imports_are_those_of_pythons_parser_in_every_file() {
    compare(&["**/*.py"], 1000);
}
