//! Whole texts of requirements: lines as pip puts them together, what is refused and how it is
//! said, and that nothing which is taken could mean more than a requirement.

#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]

mod support;

use proptest::{prelude::*, strategy::ValueTree};
use pyexec_packages::{
    MAX_REQUIREMENTS, MAX_REQUIREMENTS_BYTES, Requirement, RequirementError, Requirements,
    RequirementsError,
};
use serde_json::{Value, json};

fn lines(text: &str) -> Vec<String> {
    Requirements::parse(text).unwrap().lines().to_vec()
}

/// Why the one line of a text is refused.
fn reason(line: &str) -> RequirementError {
    match Requirements::parse(&format!("numpy\n{line}\n")) {
        Err(RequirementsError::Line { line: 2, reason, .. }) => reason,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn a_file_as_people_write_it() {
    let text = "\u{feff}# What the report needs.\r\n\
                Pandas>=2,<3   # frames\r\n\
                \r\n\
                numpy==2.*\r\
                requests[socks] \\\r\n    >=2.31 ; \\\r\n    python_version >= '3.8'\r\n\
                NumPy >= 2.1\r\n\
                pandas<3,>=2";
    assert_eq!(
        lines(text),
        [
            "numpy==2.*",
            "numpy>=2.1",
            "pandas<3,>=2",
            "requests[socks]>=2.31; python_version >= \"3.8\""
        ]
    );
    let requirements = Requirements::parse(text).unwrap();
    assert_eq!(Vec::from_iter(requirements.names()), ["numpy", "pandas", "requests"]);
}

#[test]
fn nothing_is_nothing() {
    for text in ["", "\n\n", "# only words\n   # more", "\\\n", "\u{feff}"] {
        assert!(Requirements::parse(text).unwrap().is_empty(), "{text:?}");
    }
}

#[test]
fn options_are_refused_by_what_they_do() {
    use RequirementError as E;
    for line in ["-r other.txt", "-rother.txt", "--requirement=x", "-c x", "--constraint x"] {
        assert!(matches!(reason(line), E::Include { .. }), "{line}");
    }
    for line in ["-e .", "--editable=git+https://x/y", "-e git+https://x/y#egg=z"] {
        assert!(matches!(reason(line), E::Editable { .. }), "{line}");
    }
    for line in [
        "-i https://evil/simple",
        "--index-url=https://evil/simple",
        "--extra-index-url https://evil",
        "--no-index",
        "-f .",
        "--find-links=/tmp",
        "--trusted-host evil",
        "a --index-url=https://evil",
        "a; os_name == 'x' --index-url=https://evil",
        "a; platform_version == 'x --index-url=https://evil '",
    ] {
        assert!(matches!(reason(line), E::IndexOption { .. }), "{line}");
    }
    for line in ["a==1 --hash=sha256:abc", "a==1 \\\n  --hash=sha256:abc"] {
        assert!(matches!(reason(line), E::Hash { .. }), "{line}");
    }
    for line in
        ["--pre", "-", "--", "-x", "--no-binary=:all:", "a --config-settings=x=y", "-\u{a0}"]
    {
        assert!(matches!(reason(line), E::Option { .. } | E::NotAscii { .. }), "{line}");
    }
}

#[test]
fn what_leads_elsewhere_is_refused() {
    use RequirementError as E;
    for line in [
        ".",
        "..",
        "./a",
        "../a",
        "/a",
        "~/a",
        "a/b",
        "a\\b",
        "C:\\a",
        "c:a",
        "file:a",
        "file:///a",
        "a @ file:///a",
        "a@./b",
        "a @ /b",
        "a.whl",
        "A-1.0-py3-none-any.WHL",
        "a.whl[x]",
        "a.zip ; os_name == 'x'",
        "a.tar.gz",
        "./a.whl[b]",
        "a @ b.tar.bz2",
    ] {
        assert_eq!(reason(line), E::Path, "{line}");
    }
    for line in [
        "https://x/a.tar",
        "HTTP://x/a",
        "a@https://x/a",
        "a @ https://x/a ; os_name == 'x'",
        "a[b]@ http://x",
        "ftp://x/y",
        "a @ b",
    ] {
        assert_eq!(reason(line), E::Url, "{line}");
    }
    for line in
        ["git+https://x/y", "a @ git+ssh://git@x/y@main", "a@hg+http://x", "svn+x://y", "bzr+lp:x"]
    {
        assert_eq!(reason(line), E::Repository, "{line}");
    }
    for line in ["${HOME}", "a==${VERSION}", "a; os_name == '${X}'"] {
        assert_eq!(reason(line), E::Variable, "{line}");
    }
}

#[test]
fn characters_that_do_not_print_are_refused_wherever_they_are() {
    for character in ['\0', '\u{b}', '\u{c}', '\u{1b}', '\u{7f}', '\u{85}', '\u{2028}', '\u{2029}']
    {
        for line in [format!("a{character}b"), format!("a # {character}"), format!("#{character}b")]
        {
            let code = character.into();
            assert_eq!(reason(&line), RequirementError::ControlCharacter { code }, "{line:?}");
        }
    }
    assert_eq!(reason("nümpy"), RequirementError::NotAscii { character: 'ü' });
    assert_eq!(reason("а"), RequirementError::NotAscii { character: 'а' });
    assert_eq!(lines("a # für später"), ["a"]);
}

#[test]
fn an_error_names_the_line_the_text_the_rule_and_what_to_do() {
    let message = |text: &str| Requirements::parse(text).unwrap_err().to_string();
    expect(
        &message("numpy\n\n# more\nfoo \\\n  @ https://me:secret@example.com/foo.whl\n"),
        "line 4 of the requirements, `foo   @ https://…@example.com/foo.whl`: a URL is no \
         requirement; give the distribution's name and version, such as name==1.0",
    );
    expect(
        &message("foo=1.0"),
        "line 1 of the requirements, `foo=1.0`: \"=1.0\" is no version specifier: \
         no such comparison operator \"=\", must be one of ~= == != <= >= < > ===",
    );
    expect(
        &message("foo bar"),
        "line 1 of the requirements, `foo bar`: expected a version, a condition after `;`, \
         or the end at column 5; see PEP 508",
    );
    expect(
        &message("foo; python_version > 'x'"),
        "line 1 of the requirements, `foo; python_version > 'x'`: the condition at column 6 \
         compares python_version with what is no version, such as \"3.12\"",
    );
    expect(
        &message("a\nb\u{0}"),
        "line 2 of the requirements, `b\u{fffd}`: the control character U+0000 can't be in a \
         requirement; remove it",
    );
}

#[track_caller]
fn expect(message: &str, expected: &str) {
    assert_eq!(message, expected);
}

#[test]
fn there_are_bounds() {
    let many = |count: usize| (0..count).map(|n| format!("a{n}\n")).collect::<String>();
    assert_eq!(lines(&many(MAX_REQUIREMENTS)).len(), MAX_REQUIREMENTS);
    assert_eq!(
        Requirements::parse(&many(MAX_REQUIREMENTS + 1)),
        Err(RequirementsError::TooMany { limit: MAX_REQUIREMENTS })
    );
    let long = |length: usize| format!("a{}", "#".repeat(length - 1).replacen('#', " #", 1));
    assert_eq!(lines(&long(MAX_REQUIREMENTS_BYTES - 1)), ["a"]);
    let length = MAX_REQUIREMENTS_BYTES + 1;
    assert_eq!(
        Requirements::parse(&long(length - 1)),
        Err(RequirementsError::TooLong { length, limit: MAX_REQUIREMENTS_BYTES })
    );
    assert!(matches!(reason(&"a".repeat(5000)), RequirementError::TooLong { limit: 4096 }));
}

#[test]
fn conditions_have_bounds() {
    let comparisons = |count| format!("a; {}", ["os_name=='x'"; 30][..count].join(" or "));
    assert!(Requirements::parse(&comparisons(24)).is_ok());
    assert!(matches!(reason(&comparisons(25)), RequirementError::Condition { .. }));
    let nested = |depth| format!("a; {}os_name=='x'{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Requirements::parse(&nested(16)).is_ok());
    assert!(matches!(reason(&nested(17)), RequirementError::Condition { .. }));
    assert!(matches!(reason(&"a;".repeat(2000)), RequirementError::Syntax { .. }));
}

#[test]
fn what_is_added_and_merged_is_sorted_and_bounded() {
    let mut requirements = Requirements::parse("b\nd").unwrap();
    requirements.add("c".parse().unwrap()).unwrap();
    requirements.add("B".parse().unwrap()).unwrap();
    requirements.merge(&Requirements::parse("a\nd\ne").unwrap()).unwrap();
    assert_eq!(requirements.lines(), ["a", "b", "c", "d", "e"]);
    let many: Requirements =
        (0..MAX_REQUIREMENTS).map(|n| format!("x{n}").parse::<Requirement>().unwrap()).collect();
    let limit = MAX_REQUIREMENTS;
    assert_eq!(requirements.merge(&many), Err(RequirementsError::TooMany { limit }));
}

/// Pieces from which texts are put together that come near to what is taken.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "a", "Foo", "b.c", "[x]", "[", "]", ">=1", "==1.*", "~=2.0", ",", "<3", "(", ")", ";",
            "os_name", "python_version", "==", "in", "not", "and", "or", "'x'", "\"3.8\"", "'", "\"",
        ]),
        4 => prop::sample::select(vec![" ", "\n", "\\\n", "#", " # c", "\r\n", "\r", "\t", "\\"]),
        1 => prop::sample::select(vec![
            "-r", "-e", "--hash=sha256:0", " --index-url=x", "git+", "://", "@", "/", "./", ".whl",
            "${X}", "$", "file:", "\0", "é", "\u{2028}", "-", "_", "\u{c}",
        ]),
        2 => Just("a>=1; os_name == 'x'\n"),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

fn assert_harmless(requirements: &Requirements) {
    for line in requirements.lines() {
        assert!(line.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{line:?}");
        assert!(line.as_bytes()[0].is_ascii_alphanumeric(), "{line:?}");
        for never in ["://", " -", " #", "${", "\\"] {
            assert!(!line.contains(never), "{line:?}");
        }
        let before_condition = line.split(';').next().unwrap();
        assert!(!before_condition.contains(['@', '/', ':', ' ']), "{line:?}");
        assert_eq!(&line.parse::<Requirement>().unwrap().to_string(), line);
    }
    assert_eq!(Requirements::parse(&requirements.lines().join("\n")).as_ref(), Ok(requirements));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]
    #[test]
    fn any_text_is_taken_or_refused(text in any::<String>()) {
        if let Ok(requirements) = Requirements::parse(&text) {
            assert_harmless(&requirements);
        }
    }

    #[test]
    fn what_is_taken_is_harmless(text in text()) {
        if let Ok(requirements) = Requirements::parse(&text) {
            assert_harmless(&requirements);
        }
    }
}

/// Lines as pip puts them together, each with its number; and, as pip reads a file of them, the
/// requirement of each and whether there is more to it.
const PIP: &str = r#"
import json, optparse, os, sys, tempfile
from pip._internal.network.session import PipSession
from pip._internal.req.req_file import parse_requirements, preprocess

def written(lines):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "requirements.txt")
        with open(path, "w") as file:
            file.write("\n".join(lines))
        options = optparse.Values({"format_control": None, "features_enabled": []})
        parsed = parse_requirements(path, session=PipSession(), options=options)
        return [
            None if one.is_editable or one.constraint or any((one.options or {}).values())
            else one.requirement
            for one in parsed
        ]

asked = json.load(sys.stdin)
json.dump({
    "texts": [list(preprocess(text)) for text in asked["texts"]],
    "lines": written(asked["lines"]),
}, sys.stdout)
"#;

#[test]
fn pip_puts_lines_together_alike_and_finds_nothing_else_in_them() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut sample = || text().new_tree(&mut runner).unwrap().current();
    // Both sides of the line that variables and control characters draw.
    let texts: Vec<_> = (0..4000)
        .map(|_| sample())
        .filter(|text| !text.contains(['\0', '\u{c}', '\u{2028}', '$']))
        .collect();
    let taken: Requirements = texts
        .iter()
        .filter_map(|text| Requirements::parse(text).ok())
        .flat_map(|taken| taken.lines().to_vec())
        .chain(["a; platform_version == \"x -\"".to_owned()])
        .filter_map(|line| line.parse::<Requirement>().ok())
        .collect();
    assert!(taken.lines().len() > 20, "{:?}", taken.lines());
    for python in support::interpreters() {
        let answer = python.ask(PIP, &json!({"texts": texts, "lines": taken.lines()}));
        assert_eq!(answer["lines"], json!(taken.lines()), "3.{}", python.minor);
        for (text, lines) in texts.iter().zip(answer["texts"].as_array().unwrap()) {
            assert_same_lines(text, lines.as_array().unwrap());
        }
    }
}

/// Holds what becomes of a text against the lines that pip makes of it.
fn assert_same_lines(text: &str, lines: &[Value]) {
    let mut expected = Ok(Vec::new());
    for line in lines {
        let requirement = line[1].as_str().unwrap().parse::<Requirement>();
        match (&mut expected, requirement) {
            (Ok(taken), Ok(requirement)) => taken.push(requirement),
            (Ok(_), Err(_)) => expected = Err(line[0].as_u64().unwrap() as usize),
            (Err(_), _) => {}
        }
    }
    match (Requirements::parse(text), expected) {
        (Ok(taken), Ok(expected)) => assert_eq!(taken, Requirements::from_iter(expected)),
        (Err(RequirementsError::Line { line, .. }), Err(expected)) => {
            assert_eq!(line, expected, "{text:?}");
        }
        (ours, pips) => panic!("{text:?}: {ours:?}, by pip's lines {pips:?}"),
    }
}
