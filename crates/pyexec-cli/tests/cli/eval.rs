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

#[test]
fn code_from_files() {
    let session = pyexec(["eval", "--file", "calc.py,helper.py"])
        .file("calc.py", "import helper\nhelper.answer()")
        .file("helper.py", "def answer():\n    return 42\n");
    assert_snapshot!(session.show(), @"
    exit 0
    --- stdout
    42
    ");
    let session = pyexec(["eval", "--file", "calc.py"]).file("calc.py", "x = 1\nx / 0");
    assert_snapshot!(session.show(), @r#"
    exit 1
    --- stderr
    Traceback (most recent call last):
      File "/work/calc.py", line 2, in <module>
        x / 0
        ~~^~~
    ZeroDivisionError: division by zero
    "#);
    assert_snapshot!(pyexec(["eval", "--file", "none.py"]).show(), @"
    exit 125
    --- stderr
    error: can't read none.py
    caused by: No such file or directory (os error 2)
    ");
    assert_snapshot!(pyexec(["eval", "1", "--file", "a.py"]).show(), @"
    exit 2
    --- stderr
    error: the argument '[CODE]' cannot be used with '--file <FILE>'

    Usage: pyexec eval <CODE>

    For more information, try '--help'.
    ");
    let twice = pyexec(["eval", "--file", "a.py,b/a.py"]).file("a.py", "").file("b/a.py", "");
    assert_snapshot!(twice.show(), @"
    exit 2
    --- stderr
    error: two files have the base name a.py
    ");
}

#[test]
fn input() {
    let code = "import sys\nsys.stdin.read()";
    assert_snapshot!(pyexec(["eval", code]).stdin("not for it").show(), @"
    exit 0
    --- stdout
    ''
    ");
    assert_snapshot!(pyexec(["eval", "-i", code]).stdin("for it").show(), @"
    exit 0
    --- stdout
    'for it'
    ");
    let file = pyexec(["eval", "--stdin", "in.txt", code]).file("in.txt", "of a file");
    assert_snapshot!(file.show(), @"
    exit 0
    --- stdout
    'of a file'
    ");
    assert_snapshot!(pyexec(["eval", "-i"]).stdin(code).show(), @"
    exit 2
    --- stderr
    error: standard input can't be both the code and its input
    hint: name the file to run, or give its input as a file: --stdin FILE
    ");
}

#[test]
fn variables_and_bytes() {
    let code = "import os, sys; os.environ['A'], os.environ['B'], sys.stdin.buffer.read()";
    let eval = pyexec(["eval", "-e", "A=x y", "-e", "B", "--stdin", "in.bin", code]);
    assert_snapshot!(eval.env("B", "ours").file("in.bin", b"ab\xff").show(), @r"
    exit 0
    --- stdout
    ('x y', 'ours', b'ab\xff')
    ");
    assert_snapshot!(pyexec(["eval", "-e", "UNSET_HERE", "1"]).show(), @"
    exit 2
    --- stderr
    error: -e UNSET_HERE: the variable isn't set
    hint: set it, or give its value: -e UNSET_HERE=value
    ");
}

#[test]
fn requirements() {
    let requirements = pyexec(["eval", "--requirements", "r.txt", "1"]).file("r.txt", "./six\n");
    assert_snapshot!(requirements.show(), @"
    exit 125
    --- stderr
    error: requirements_txt: line 1 of the requirements, `./six`: a path is no requirement; name a distribution of an index, or send the code along with the script (HTTP 400)
    ");
}
