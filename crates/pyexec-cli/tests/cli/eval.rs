//! Code without a project.

use crate::session::pyexec;
use insta::assert_snapshot;

#[test]
fn the_value_of_the_last_expression() {
    assert_snapshot!(pyexec(["eval", "2 + 2"]).show(), @"
    exit 0
    --- stdout
    4
    ");
    assert_snapshot!(pyexec(["eval", "-7"]).show(), @"
    exit 0
    --- stdout
    -7
    ");
    assert_snapshot!(pyexec(["eval"]).stdin("x = 'piped'\nx").show(), @"
    exit 0
    --- stdout
    'piped'
    ");
    assert_snapshot!(pyexec(["eval", "x = 1"]).show(), @"exit 0");
    assert_snapshot!(pyexec(["eval", "--no-result", "2 + 2"]).show(), @"exit 0");
}

#[test]
fn what_is_printed_comes_first() {
    let code = "print('printed', end='')\n6 * 7";
    assert_snapshot!(pyexec(["eval", code]).show(), @"
    exit 0
    --- stdout
    printed
    42
    ");
    assert_snapshot!(pyexec(["eval", "-v", code]).show(), @"
    exit 0
    --- stdout
    printed
    42
    --- stderr
    Execution ID: exe_ID
    Status: completed
    Duration: Nms
    Server: local
    ---
    ");
    assert_snapshot!(pyexec(["eval", "-q", code]).show(), @"
    exit 0
    --- stdout
    42
    ");
    assert_snapshot!(pyexec(["eval", "-q", "--no-result", code]).show(), @"
    exit 0
    --- stdout
    printed<no newline>
    ");
}

#[test]
fn an_exception() {
    let code = "def f():\n    raise ValueError('no')\nf()";
    assert_snapshot!(pyexec(["eval", code]).show(), @r#"
    exit 1
    --- stderr
    Traceback (most recent call last):
      File "/work/main.py", line 3, in <module>
        f()
      File "/work/main.py", line 2, in f
        raise ValueError('no')
    ValueError: no
    "#);
}

#[test]
fn a_version_that_is_not_here() {
    let output = pyexec(["eval", "--python", "2.7", "1"]).output();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(125));
    assert!(stderr.starts_with("error: unsupported python_version \"2.7\"; supported"), "{stderr}");
}
