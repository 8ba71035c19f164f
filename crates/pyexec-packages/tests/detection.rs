//! What is detected, and what is left out and why.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]
#![cfg(feature = "detect")]

use proptest::prelude::*;
use pyexec_packages::{
    Detection, Detector, Distribution, LeftOutReason, MAX_DETECTED, Origin, Policy, PythonVersion,
    Requirements,
};

const PYTHON: PythonVersion = PythonVersion::new(3, 12);

fn detect(source: &str) -> Detection {
    Detector::new(PYTHON).detect([("main.py", source)])
}

fn names(detection: &Detection) -> Vec<&str> {
    detection.distributions().iter().map(Distribution::name).collect()
}

fn left_out(detection: &Detection) -> Vec<(&str, &LeftOutReason)> {
    detection.left_out().iter().map(|one| (one.import(), one.reason())).collect()
}

#[test]
fn several_sources_make_one_list() {
    let detection = Detector::new(PYTHON).detect([
        ("main.py", "import numpy as np, os\nfrom PIL import Image"),
        ("pkg/a.py", "import numpy.linalg\nimport somewhat_new"),
        ("pkg/b.py", "broken = ("),
    ]);
    assert_eq!(names(&detection), ["numpy", "pillow", "somewhat-new"]);
    let told: Vec<_> =
        detection.distributions().iter().map(|one| (one.import(), one.origin())).collect();
    assert_eq!(
        told,
        [("numpy", Origin::Table), ("PIL", Origin::Table), ("somewhat_new", Origin::SameName)]
    );
    assert!(detection.left_out().is_empty() && detection.unread().is_empty());
}

#[test]
fn one_distribution_for_all_its_imports() {
    assert_eq!(names(&detect("import bson, pymongo, gridfs")), ["pymongo"]);
    assert_eq!(
        names(&detect(
            "from google.cloud import storage, bigquery\nimport google.protobuf.message"
        )),
        ["google-cloud-bigquery", "google-cloud-storage", "protobuf"]
    );
}

#[test]
fn the_standard_library_is_that_of_the_version() {
    let source = "import tomllib, cgi, telnetlib, os.path, __future__";
    let at = |minor| Detector::new(PythonVersion::new(3, minor)).detect([("main.py", source)]);
    assert_eq!(at(11), Detection::default());
    assert_eq!(at(12), Detection::default());
    // A known successor is taken; otherwise nothing of that name is anyone's but Python's.
    assert_eq!(names(&at(13)), ["legacy-cgi"]);
    assert_eq!(left_out(&at(13)), [("telnetlib", &LeftOutReason::OtherPython)]);
    assert_eq!(left_out(&at(10)), [("tomllib", &LeftOutReason::OtherPython)]);
    assert_eq!(left_out(&detect("import urllib2")), [("urllib2", &LeftOutReason::OtherPython)]);
}

#[test]
fn what_comes_with_the_script_is_never_looked_up() {
    let source = "import numpy, acme_internal, requests.x, yaml\nfrom google.cloud import storage";
    let detection = Detector::new(PYTHON)
        .archive_files([
            "main.py",
            "acme_internal/x.py",
            "vendor/requests/__init__.py",
            "lib/google/y.so",
            "Yaml.py",
        ])
        .detect([("main.py", source)]);
    assert_eq!(names(&detection), ["numpy"]);
    for (import, reason) in left_out(&detection) {
        assert!(["acme_internal", "google", "requests", "yaml"].contains(&import), "{import}");
        assert_eq!(*reason, LeftOutReason::InArchive);
    }
    assert_eq!(detection.left_out().len(), 4);
}

#[test]
fn what_cannot_be_told_is_left_out() {
    let detection = detect("import utils, google.cloud.unheard_of, _private, Config, näme");
    let reasons: Vec<_> = detection.left_out().iter().map(ToString::to_string).collect();
    assert_eq!(
        reasons,
        [
            "Config is missing among the script's own modules",
            "_private can't be the name of a distribution",
            "google.cloud.unheard_of lies in a namespace of many distributions; \
             require the one it is in",
            "näme can't be the name of a distribution",
            "utils is missing among the script's own modules",
        ]
    );
    assert!(detection.distributions().is_empty());
}

#[test]
fn a_policy_leaves_out_and_says_why() {
    let source = "import numpy, yaml, unheard_of, google.cloud.storage";
    let with = |policy: &Policy| Detector::new(PYTHON).policy(policy).detect([("main.py", source)]);

    let denying = Policy::default().deny(["pyyaml", "google-*"]).unwrap();
    assert_eq!(names(&with(&denying)), ["numpy", "unheard-of"]);
    let told: Vec<_> = with(&denying).left_out().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "google.cloud.storage needs google-cloud-storage, which is denied by google-*",
            "yaml needs pyyaml, which is denied by pyyaml",
        ]
    );

    let allowing = Policy::default().allow(["numpy"]).unwrap();
    assert_eq!(names(&with(&allowing)), ["numpy"]);

    let known = Policy::default().known_imports_only(true);
    assert_eq!(names(&with(&known)), ["google-cloud-storage", "numpy", "pyyaml"]);
    assert_eq!(left_out(&with(&known)), [("unheard_of", &LeftOutReason::Unknown)]);

    // A name of the operator's is known, one that a pattern happens to match isn't.
    let named = known.clone().allow(["unheard-of", "numpy"]).unwrap();
    assert_eq!(names(&with(&named)), ["numpy", "unheard-of"]);
    let any = known.allow(["*"]).unwrap();
    assert_eq!(left_out(&with(&any)), [("unheard_of", &LeftOutReason::Unknown)]);
}

#[test]
fn the_callers_line_wins() {
    let detection = detect("import numpy, yaml, requests");
    let mut requirements =
        Requirements::parse("NumPy==1.26.4\npyyaml>=6; python_version < '3.0'").unwrap();
    requirements.merge_detected(detection.distributions());
    assert_eq!(
        requirements.lines(),
        ["numpy==1.26.4", "pyyaml>=6; python_version < \"3.0\"", "requests"]
    );
}

#[test]
fn there_are_bounds() {
    let source: String = (0..500).map(|n| format!("import package_{n:03}, utils_{n}_\n")).collect();
    let detection = detect(&source);
    assert_eq!(detection.distributions().len(), MAX_DETECTED);
    assert_eq!(detection.left_out().len(), MAX_DETECTED);
    assert_eq!(detection.left_out()[0].reason(), &LeftOutReason::TooMany);
    let large = "#".repeat(600 * 1024);
    let detection =
        Detector::new(PYTHON).detect([("a.py", large.as_str()), ("b.py", "import six")]);
    assert_eq!(detection.unread(), ["a.py"]);
    assert_eq!(names(&detection), ["six"]);
}

proptest! {
    /// Whatever a source holds, nothing goes wrong, and what is detected is a name.
    #[test]
    fn any_text_is_a_source(text in any::<String>(), words in words()) {
        for source in [text, words] {
            let detection = detect(&source);
            prop_assert!(detection.unread().is_empty());
            let mut requirements = Requirements::default();
            requirements.merge_detected(detection.distributions());
            let again = Requirements::parse(&requirements.lines().join("\n")).unwrap();
            prop_assert_eq!(&again, &requirements);
            prop_assert_eq!(Vec::from_iter(requirements.names()), names(&detection));
        }
    }
}

/// Sources put together from what Python has.
fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "import ",
        "from ",
        "a",
        "B_c.d",
        ".",
        ",",
        " as ",
        "*",
        "(",
        ")",
        "[",
        "{",
        "}",
        "\n",
        "\n    ",
        "\n        ",
        ":",
        ";",
        "if ",
        "else",
        "try",
        "except",
        "def f()",
        "class C",
        "match x",
        "case ",
        "'",
        "\"",
        "\"\"\"",
        "f'",
        "{x}",
        "#",
        "\\",
        "\\\n",
        "lambda ",
        "x = ",
        "TYPE_CHECKING",
        "typing.",
        "async ",
        "with ",
        "é",
        "\0",
        "\t",
        "\u{c}",
        "\r",
    ]);
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}
