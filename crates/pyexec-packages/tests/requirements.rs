//! What is taken for a requirement and what isn't, compared with the parsers of pip and uv.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test's helpers are tests, too")]

mod support;

use pyexec_packages::Requirement;
use serde_json::{Value, json};

/// What is taken, and its canonical form.
const TAKEN: [(&str, &str); 50] = [
    ("numpy", "numpy"),
    ("A", "a"),
    ("0", "0"),
    ("zope.interface", "zope-interface"),
    ("Foo__bar.-baz", "foo-bar-baz"),
    ("a[]", "a"),
    ("a [ ]", "a"),
    ("a[b]", "a[b]"),
    ("a[b,c]", "a[b,c]"),
    ("a [ C.d , b_e ]", "a[b-e,c-d]"),
    ("a[b]>=1", "a[b]>=1"),
    ("a>=1", "a>=1"),
    ("a >= 1 , < 2", "a<2,>=1"),
    ("a>=1,<2", "a<2,>=1"),
    ("a (>=1)", "a>=1"),
    ("a(>=1,<2)", "a<2,>=1"),
    ("a==1.*", "a==1.*"),
    ("a!=1.2.*", "a!=1.2.*"),
    ("a~=1.2", "a~=1.2"),
    ("a==1.0.dev1", "a==1.0.dev1"),
    ("a==1.0a1.post2.dev3", "a==1.0a1.post2.dev3"),
    ("a==2!1.0+ubuntu.1", "a==2!1.0+ubuntu.1"),
    ("a===1.0", "a===1.0"),
    ("a==1.0-1", "a==1.0.post1"),
    ("a==1.0-alpha", "a==1.0a0"),
    ("a;os_name=='posix'", "a; os_name == \"posix\""),
    ("a ; os_name == \"posix\"", "a; os_name == \"posix\""),
    ("a>=1;os_name=='posix'", "a>=1; os_name == \"posix\""),
    ("a(>=1);os_name=='posix'", "a>=1; os_name == \"posix\""),
    ("a; python_version<'3.12'", "a; python_version < \"3.12\""),
    ("a; python_version == '3.*'", "a; python_version == \"3.*\""),
    ("a; python_version ~= '3.8'", "a; python_version ~= \"3.8\""),
    ("a; '3.8' <= python_version", "a; \"3.8\" <= python_version"),
    ("a; python_full_version != '3.12.1'", "a; python_full_version != \"3.12.1\""),
    ("a; implementation_version >= '3.10'", "a; implementation_version >= \"3.10\""),
    ("a; python_version in '3.10 3.11'", "a; python_version in \"3.10 3.11\""),
    ("a; python_version not in '3.10 3.11'", "a; python_version not in \"3.10 3.11\""),
    ("a; sys_platform in 'linux darwin'", "a; sys_platform in \"linux darwin\""),
    ("a; 'linux' in sys_platform", "a; \"linux\" in sys_platform"),
    ("a; 'win' not  in sys_platform", "a; \"win\" not in sys_platform"),
    ("a; platform_version == '\"'", "a; platform_version == '\"'"),
    ("a; platform_version == \"it's\"", "a; platform_version == \"it's\""),
    ("a; platform_release > '5'", "a; platform_release > \"5\""),
    ("a; extra == 'b'", "a; extra == \"b\""),
    ("a; sys.platform == 'x'", "a; sys_platform == \"x\""),
    ("a; python_implementation == 'x'", "a; platform_python_implementation == \"x\""),
    (
        "a; os_name=='x' and os_name=='y' or os_name=='z'",
        "a; os_name == \"x\" and os_name == \"y\" or os_name == \"z\"",
    ),
    (
        "a; (os_name=='x' or os_name=='y')and(os_name=='z')",
        "a; (os_name == \"x\" or os_name == \"y\") and (os_name == \"z\")",
    ),
    ("a; ((os_name == 'x'))", "a; ((os_name == \"x\"))"),
    ("a; platform_machine != ''", "a; platform_machine != \"\""),
];

/// What nobody takes.
const REFUSED: [&str; 43] = [
    "_a",
    "a-",
    ".a",
    "a b",
    "a,b",
    "a>=",
    "a>=1 2",
    "a>=1 <2",
    "a>=1,,<2",
    "a>1.*",
    "a~=1",
    "a=1",
    "a=>1",
    "a==one",
    "a>=1.0+local",
    "a[",
    "a[b",
    "a[b c]",
    "a[,]",
    "a[-b]",
    "a[b-]",
    "a[b]]",
    "a(",
    "a(>=1",
    "a(>=1))",
    "a)",
    "a;",
    "a; ",
    "a; x",
    "a; os_name",
    "a; os_name ==",
    "a; os_name == posix",
    "a; os_name == 'posix",
    "a; os_name = 'posix'",
    "a; foo == 'x'",
    "a; os_name == 'x' and",
    "a; os_name == 'x' os_name == 'y'",
    "a; (os_name == 'x'",
    "a; os_name == 'x')",
    "a; os_name not 'x'",
    "a; and",
    "a; os_name == \"x'",
    "a; 'x'",
];

/// What pip's parser takes, and why it isn't taken here.
const STRICTER: [(&str, &str); 16] = [
    ("a @ https://example.com/a.whl", "a URL"),
    ("a @ git+https://example.com/a", "a repository"),
    ("a @ file:///a", "a path"),
    ("a_", "no name by PEP 508"),
    ("a.whl", "an archive, to pip and uv"),
    ("a.tar.gz[b]", "an archive, to pip and uv"),
    ("a; platform_version == 'x -r y'", "pip finds an option in it"),
    ("a; platform_version == 'x # y'", "pip finds a comment in it"),
    ("a; platform_version == '${HOME}'", "pip and uv replace it"),
    ("a; os_name == sys_platform", "pip takes the second for text"),
    ("a; 'x' == 'y'", "pip fails at installing"),
    ("a; os_name ~= 'x'", "pip fails at installing"),
    ("a; python_version > 'x'", "as text by pip; left out by uv, or by older ones"),
    ("a; '3' in python_version", "as text by pip; as a version by uv"),
    ("a; python_version in '3.10,3.11'", "as text by pip; left out by uv, or by older ones"),
    ("a; extra < 'b'", "as text by pip; left out by uv, or by older ones"),
];

/// Whether pip's `packaging` reads each text, and both texts of a pair alike.
const PACKAGING: &str = r#"
import json, sys
from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name

def parts(text):
    try:
        found = Requirement(text)
    except Exception:
        return None
    names = [canonicalize_name(name) for name in [found.name, *sorted(found.extras)]]
    return names[0], set(names[1:]), found.specifier, found.url, str(found.marker)

def verdict(one):
    first, *others = map(parts, one)
    return first is not None and all(first == other for other in others)

json.dump([verdict(one) for one in json.load(sys.stdin)], sys.stdout)
"#;

#[test]
fn what_is_taken() {
    for (text, canonical) in TAKEN {
        match text.parse::<Requirement>() {
            Ok(requirement) => assert_eq!(requirement.as_str(), canonical, "{text}"),
            Err(error) => panic!("{text}: {error}"),
        }
    }
}

#[test]
fn what_is_refused() {
    for text in REFUSED.into_iter().chain(STRICTER.map(|(text, _)| text)) {
        assert!(text.parse::<Requirement>().is_err(), "{text}");
    }
}

#[test]
fn pip_reads_what_is_taken_and_its_canonical_form_alike() {
    for python in support::interpreters() {
        let canonical = TAKEN.map(|(_, canonical)| json!([canonical]));
        let pairs = TAKEN.map(|(text, canonical)| json!([text, canonical]));
        let verdicts = |all: &[Value]| {
            let verdicts = python.ask(PACKAGING, &json!(all));
            let differing = TAKEN.into_iter().zip(verdicts.as_array().unwrap().clone());
            differing.filter(|(_, fine)| *fine != true).map(|(one, _)| one).collect::<Vec<_>>()
        };
        assert_eq!(verdicts(&canonical), [], "3.{}", python.minor);
        // Older ones don't take every spelling.
        if python.minor == 13 {
            assert_eq!(verdicts(&pairs), [], "3.{}", python.minor);
        }
    }
}

#[test]
fn pip_refuses_what_is_refused() {
    // Older ones have a grammar of their own, which takes old spellings of versions.
    let newest = support::interpreters().pop().unwrap();
    let taken = |texts: &[&'static str]| {
        let asked: Vec<_> = texts.iter().map(|text| [text]).collect();
        let verdicts = newest.ask(PACKAGING, &json!(asked));
        let all = texts.iter().zip(verdicts.as_array().unwrap().clone());
        all.filter(|(_, taken)| *taken == true).map(|(text, _)| *text).collect::<Vec<_>>()
    };
    assert_eq!(taken(&REFUSED), Vec::<&str>::new());
    assert_eq!(taken(&STRICTER.map(|(text, _)| text)), STRICTER.map(|(text, _)| text));
}

#[test]
fn uv_reads_the_canonical_form() {
    let Some(uv) = support::uv() else {
        println!("SKIPPED: no uv to compare with, neither in PYEXEC_TEST_UV nor on the PATH");
        return;
    };
    // Whatever it reads, it finds none of them, which isn't the failure that it is asked for.
    let (code, log) = uv.read(&TAKEN.map(|(_, canonical)| canonical));
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("No solution found"), "{log}");
    for line in ["a >= 1 -r b", "a[b"] {
        assert_eq!(uv.read(&[line]).0, Some(2), "{line}");
    }
}
