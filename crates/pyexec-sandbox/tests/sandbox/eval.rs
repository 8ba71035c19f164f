//! The value of a last expression, out of band, and the user's own lines in errors.

use crate::harness::{Ran, SANDBOX, eval, job, python, run};
use pyexec_sandbox::{End, RunAs};

fn result(code: &str) -> Option<String> {
    let ran = eval(code);
    assert_eq!(ran.finished.end, End::Exited(0), "{ran:?}");
    ran.finished.claims.result
}

#[test]
fn the_last_expression_is_the_result() {
    for (code, expected) in [
        ("2 + 2", Some("4")),
        ("x = 10\ny = 5\nx * y", Some("50")),
        ("import math\nmath.sqrt(16)", Some("4.0")),
        ("'<é&>'", Some("'<é&>'")),
        ("\"docstring\"", Some("'docstring'")),
        ("None", None),
        ("x = 1", None),
        ("print('hi')", None),
        ("", None),
        ("# only a comment", None),
        (
            "from __future__ import annotations\ndef f(x: nowhere): pass\nf.__annotations__",
            Some("{'x': 'nowhere'}"),
        ),
        ("def f():\n    return __name__\nf()", Some("'__main__'")),
        ("class C: pass\nC", Some("<class '__main__.C'>")),
        ("'a\\x00b\\ud800'", Some("'a\\x00b\\ud800'")),
        ("class R:\n    def __repr__(self): return 'a\\0b\\n'\nR()", Some("a\0b\n")),
        ("if True:\n    1", None),
        (
            "sorted(globals())",
            Some(
                "['__annotations__', '__builtins__', '__cached__', '__doc__', '__file__', '__loader__', '__name__', '__package__', '__spec__']",
            ),
        ),
        (
            "__file__, __import__('sys').argv, __import__('sys').path[0]",
            Some("('/work/main.py', ['/work/main.py'], '/work')"),
        ),
    ] {
        assert_eq!(result(code).as_deref(), expected, "{code}");
    }
}

#[test]
fn output_stays_as_printed_and_can_forge_nothing() {
    let ran = eval("print('out', end='')\nprint('6:result1:9')\n1 + 1");
    assert_eq!(ran.stdout, "out6:result1:9\n");
    assert_eq!(ran.finished.claims.result.as_deref(), Some("2"));
}

#[test]
fn a_result_is_dropped_when_the_exit_code_is_not_zero() {
    let ran = eval("import atexit, os\natexit.register(os._exit, 3)\n1 + 1");
    assert_eq!((ran.finished.end, ran.finished.claims.result), (End::Exited(3), None));
}

/// Code, `error_type`, `error_line`.
const ERRORS: &[(&str, Option<&str>, Option<u64>)] = &[
    ("x = 1\nraise ValueError('bad')", Some("ValueError"), Some(2)),
    ("x = 1\nundefined", Some("NameError"), Some(2)),
    ("if True", Some("SyntaxError"), Some(1)),
    ("x = 1\n  y = 2", Some("IndentationError"), Some(2)),
    ("\n\nraise KeyboardInterrupt", Some("KeyboardInterrupt"), Some(3)),
    ("raise StopIteration", Some("StopIteration"), Some(1)),
    ("import json\njson.loads('{')", Some("json.decoder.JSONDecodeError"), Some(2)),
    ("raise ValueError", Some("ValueError"), Some(1)),
    ("class Oops(Exception): pass\nraise Oops('x')", Some("Oops"), Some(2)),
    ("class A:\n    class B(Exception): pass\nraise A.B", Some("A.B"), Some(3)),
    ("def f():\n    raise KeyError\n\nf()", Some("KeyError"), Some(4)),
    ("import sys\nprint('ValueError: fooled', file=sys.stderr)\nsys.exit(1)", None, None),
    ("eval('1 +')", Some("SyntaxError"), Some(1)),
    ("x = 1\nx.nothing", Some("AttributeError"), Some(2)),
    (
        "class R:\n    def __repr__(self):\n        return 1 / 0\nR()",
        Some("ZeroDivisionError"),
        Some(3),
    ),
    ("raise ExceptionGroup('g', [ValueError(1)])", Some("ExceptionGroup"), Some(1)),
];

fn check_error(ran: &Ran, code: &str, kind: Option<&str>, line: Option<u64>) {
    let claims = &ran.finished.claims;
    assert_eq!((claims.error_type.as_deref(), claims.error_line), (kind, line), "{code}\n{ran:?}");
    assert!(!ran.finished.end.eq(&End::Exited(0)), "{code}");
    for hidden in ["opt/pyexec", "pyexec_eval", "<string>\", line 2"] {
        assert!(!ran.stderr.contains(hidden), "{code}\n{}", ran.stderr);
    }
    assert!(claims.traceback.iter().all(|frame| !frame.file.contains("pyexec")), "{ran:?}");
}

#[test]
fn errors_name_the_users_lines_with_and_without_the_driver() {
    for (code, kind, line) in ERRORS {
        check_error(&eval(code), code, *kind, *line);
        // An expression that only the driver evaluates as the last one has nothing to fail at.
        if !code.contains("__repr__") {
            check_error(&python(code), code, *kind, *line);
        }
    }
}

#[test]
fn tracebacks_are_those_of_plain_python_on_every_interpreter() {
    for interpreter in SANDBOX.interpreters() {
        for (code, ..) in ERRORS.iter().filter(|(code, ..)| !code.contains("__repr__")) {
            let [plain, driven] = [RunAs::Script, RunAs::Eval].map(|run_as| {
                let mut job = job(&[("main.py", code)]);
                job.version = interpreter.version();
                job.run_as = run_as;
                let ran = run(job);
                (ran.stdout, ran.stderr, ran.finished.end)
            });
            assert_eq!(plain, driven, "{code} on {}", interpreter.version());
        }
    }
}

#[test]
fn frames_go_from_the_outermost_in() {
    let ran = eval("def f():\n    raise KeyError\n\nf()");
    let frames: Vec<_> = ran
        .finished
        .claims
        .traceback
        .iter()
        .map(|frame| (frame.file.as_str(), frame.line, frame.function.as_str()))
        .collect();
    assert_eq!(frames, [("/work/main.py", 4, "<module>"), ("/work/main.py", 2, "f")]);
}

#[test]
fn a_forked_child_claims_nothing() {
    let ran = eval(
        "import os\npid = os.fork()\nif pid == 0:\n    raise ValueError('child')\nos.waitpid(pid, 0)\n'parent'",
    );
    assert_eq!(ran.finished.claims.result.as_deref(), Some("'parent'"));
    assert_eq!(ran.finished.claims.error_type, None);
}

#[test]
fn several_files_and_another_entrypoint() {
    let mut job = job(&[("app/start.py", "import h\nh.f()"), ("app/h.py", "def f(): return 'h'")]);
    job.run_as = RunAs::Eval;
    let ran = run(job);
    assert_eq!(ran.finished.claims.result.as_deref(), Some("'h'"), "{ran:?}");
}

#[test]
fn a_huge_result_keeps_both_ends() {
    let ran = eval("'a' + 'x' * (40 << 20) + 'b'");
    let result = ran.finished.claims.result.unwrap();
    assert!(result.starts_with("'ax") && result.ends_with("xb'"));
    assert!(result.contains("characters left out]"));
    assert!(result.len() < 17 << 20);
}
