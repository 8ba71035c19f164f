//! Inline script metadata, compared with the reference implementation of PEP 723.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]

mod support;

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use pyexec_packages::{PythonVersion, ScriptMetadata, ScriptMetadataError};
use serde_json::json;

/// The examples of the PEP and of the specification: a script, one with settings of tools, one
/// whose comment has the end mark within, and one with blocks of other kinds.
const EXAMPLES: [&str; 5] = [
    r#"# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "requests<3",
#   "rich",
# ]
# ///

import requests
from rich.pretty import pprint

resp = requests.get("https://peps.python.org/api/peps.json")
data = resp.json()
pprint([(k, v["title"]) for k, v in data.items()][:10])
"#,
    "#!/usr/bin/env python\n# /// script\n# dependencies = []\n# [tool.black]\n# line-length = 100\n# ///\n",
    r#"# /// script
# embedded-csharp = '''
# /// <summary>
# /// text
# ///
# /// </summary>
# public class MyClass { }
# '''
# ///
"#,
    "# /// other\n# x\n# ///\n\n# /// script\n# requires-python = '==3.12.*'\n# ///",
    "# /// script\n# dependencies = ['a']\n# ///\n\n# /// script\n# dependencies = ['b']\n# ///\n",
];

/// The reference implementation, as the PEP describes it: the expression finds blocks, two of the
/// same kind are an error, `# ` is taken away before each line.
const REFERENCE: &str = r##"
import json, re, sys
try:
    import tomllib
except ImportError:
    from pip._vendor import tomli as tomllib

BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")

def metadata(script):
    found = [one for one in BLOCK.finditer(script) if one["type"] == "script"]
    if len(found) > 1:
        return "twice"
    if not found:
        return None
    lines = found[0]["content"].splitlines(keepends=True)
    content = "".join(line[2:] if line.startswith("# ") else line[1:] for line in lines)
    try:
        read = tomllib.loads(content)
    except tomllib.TOMLDecodeError:
        return "toml"
    return {
        "dependencies": sorted(set(read.get("dependencies", []))),
        "python": read.get("requires-python"),
    }

json.dump([metadata(script) for script in json.load(sys.stdin)], sys.stdout)
"##;

fn ours(script: &str) -> serde_json::Value {
    match ScriptMetadata::parse(script) {
        Ok(None) => json!(null),
        Ok(Some(metadata)) => json!({
            "dependencies": metadata.requirements().lines(),
            "python": metadata.requires_python(),
        }),
        Err(ScriptMetadataError::Twice { .. }) => json!("twice"),
        Err(ScriptMetadataError::Toml { .. }) => json!("toml"),
        Err(error) => panic!("{script}: {error}"),
    }
}

#[test]
fn the_examples_of_the_pep_are_read_as_by_its_reference() {
    for python in support::interpreters() {
        let expected = python.ask(REFERENCE, &json!(EXAMPLES));
        for (index, script) in EXAMPLES.into_iter().enumerate() {
            assert_eq!(ours(script), expected[index], "{script}");
        }
    }
    assert_eq!(ours(EXAMPLES[0])["dependencies"], json!(["requests<3", "rich"]));
    assert_eq!(ours(EXAMPLES[4]), "twice");
}

/// Scripts put together from lines that matter.
fn script() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        3 => prop::sample::select(vec!["# /// script", "# ///", "# /// other"]),
        3 => prop::sample::select(vec![
            "#", "# ", "# dependencies = ['a']", "# dependencies = [", "#   'b>=1',", "# ]",
            "# requires-python = '>=3.11'", "# # words",
        ]),
        1 => prop::sample::select(vec![
            "", "x", "#x", " # ///", "# /// ", "# /// script ", "# /// a_b", "#\t", "# = broken",
            "# \u{b}", "# é",
        ]),
    ];
    let end = prop::sample::select(vec!["\n", "\n", "\n", "\n\n", ""]);
    prop::collection::vec((line, end), 0..12)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| line.to_owned() + end).collect())
}

#[test]
fn any_script_is_read_as_by_the_reference() {
    let mut runner = TestRunner::deterministic();
    let scripts: Vec<_> =
        (0..20_000).map(|_| script().new_tree(&mut runner).unwrap().current()).collect();
    for python in support::interpreters() {
        let expected = python.ask(REFERENCE, &json!(scripts));
        for (index, script) in scripts.iter().enumerate() {
            assert_eq!(ours(script), expected[index], "{script:?}");
        }
    }
    let read = scripts.iter().filter(|script| ours(script).is_object()).count();
    assert!(read > 50, "only {read} have metadata");
}

proptest! {
    #[test]
    fn any_text_is_a_script(text in any::<String>(), lines in any::<String>()) {
        let _ = ScriptMetadata::parse(&text);
        let _ = ScriptMetadata::parse(&format!("# /// script\n# {}\n# ///", lines.replace('\n', "\n# ")));
    }
}

fn block(content: &str) -> String {
    format!("import os\n# /// script\n# {}\n# ///\n", content.replace('\n', "\n# "))
}

fn message(content: &str) -> String {
    ScriptMetadata::parse(&block(content)).unwrap_err().to_string()
}

#[test]
fn an_error_names_the_line_and_what_is_wrong() {
    let script = EXAMPLES[4];
    assert_eq!(
        ScriptMetadata::parse(script).unwrap_err().to_string(),
        "the script has two blocks `# /// script`, on the lines 1 and 5; remove one"
    );
    assert_eq!(
        message("dependencies = ['a', 'b @ https://u:p@host/b.whl']"),
        "the script's metadata on line 2, dependency `b @ https://…@host/b.whl`: a URL is no \
         requirement; give the distribution's name and version, such as name==1.0"
    );
    assert_eq!(
        message("dependencies = [\"a\\n-r b\"]"),
        "the script's metadata on line 2, dependency `a\u{fffd}-r b`: the control character \
         U+000A can't be in a requirement; remove it"
    );
    assert_eq!(
        message("requires-python = 'three'"),
        "the script's metadata on line 2: requires-python = \"three\" is no version specifier, \
         such as \">=3.11\""
    );
    for (content, line) in [
        ("dependencies = 'a'", 3),
        ("x = 1\ndependencies = [1]", 4),
        ("requires-python = 3.11", 3),
        ("x = 1\ny =", 4),
        ("dependencies = []\ndependencies = []", 4),
    ] {
        let expected = format!("the script's metadata on line {line} can't be read: ");
        assert!(message(content).starts_with(&expected), "{}", message(content));
    }
}

#[test]
fn there_are_bounds() {
    let many = |count: usize| {
        let names: Vec<_> = (0..count).map(|n| format!("'a{n}'")).collect();
        block(&format!("dependencies = [{}]", names.join(",")))
    };
    assert!(ScriptMetadata::parse(&many(500)).is_ok());
    let error = ScriptMetadata::parse(&many(501)).unwrap_err();
    assert_eq!(error, ScriptMetadataError::TooMany { line: 2, limit: 500 });
    let long = block(&format!("# {}", "x".repeat(64 * 1024)));
    let error = ScriptMetadata::parse(&long).unwrap_err();
    assert_eq!(error, ScriptMetadataError::TooLong { line: 2, limit: 64 * 1024 });
    // Nesting is bounded by the parser.
    let nested = block(&format!("x = {}{}", "[".repeat(30_000), "]".repeat(30_000)));
    assert!(matches!(ScriptMetadata::parse(&nested), Err(ScriptMetadataError::Toml { .. })));
}

#[test]
fn lines_may_end_in_any_way() {
    let script = EXAMPLES[0];
    for end in ["\r\n", "\r"] {
        assert_eq!(ours(&script.replace('\n', end)), ours(script));
    }
}

#[test]
fn which_pythons_it_runs_on() {
    let runs_on = |text: &str, minor: u16| {
        let script = block(&format!("requires-python = '{text}'"));
        let metadata = ScriptMetadata::parse(&script).unwrap().unwrap();
        metadata.runs_on(PythonVersion::new(3, minor))
    };
    assert!(runs_on(">=3.11", 11) && !runs_on(">=3.11", 10));
    assert!(runs_on(">=3.11.4", 11) && !runs_on(">=3.11.4", 10));
    assert!(runs_on("<3.11.4", 11) && !runs_on("<3.11", 11));
    assert!(runs_on("==3.12.*", 12) && !runs_on("==3.12.*", 13));
    assert!(runs_on("~=3.10", 13) && !runs_on("!=3.13.*,>=3.10", 13));
    assert!(runs_on("==3.12.7", 12) && runs_on("", 12));
    let metadata = ScriptMetadata::parse(&block("x = 1")).unwrap().unwrap();
    assert!(metadata.runs_on(PythonVersion::new(3, 10)) && metadata.requires_python().is_none());
    assert!(metadata.requirements().is_empty());
}
