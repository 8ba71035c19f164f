//! What is sent: what the program reads, which file runs, and what `--dry-run` says of it.

use crate::{
    fake::{json, ok},
    scripted::{Asked, server},
    session::{Session, pyexec},
};
use insta::assert_snapshot;
use rustix::pipe::pipe;

const ECHO: &str = "import sys\nprint(sys.stdin.read())\n";

#[test]
fn a_program_has_no_input_unless_it_is_given_some() {
    // A pipe that stays open must hold up nobody.
    let (reader, _writer) = pipe().unwrap();
    let session = pyexec(["run", "echo.py"]).file("echo.py", ECHO).stdin_from(reader);
    assert_snapshot!(session.show(), @"
    exit 0
    --- stdout
    ");
    let session = || pyexec(["run", "echo.py", "-i"]).file("echo.py", ECHO);
    assert_snapshot!(session().stdin("piped é").show(), @"
    exit 0
    --- stdout
    piped é
    ");
    let file = pyexec(["run", "echo.py", "--stdin", "in.txt"]).file("echo.py", ECHO);
    assert_snapshot!(file.file("in.txt", "from a file").show(), @"
    exit 0
    --- stdout
    from a file
    ");
    // The code is piped, and the input is not.
    let file = pyexec(["run", "--stdin", "in.txt"]).file("in.txt", "from a file").stdin(ECHO);
    assert_snapshot!(file.show(), @"
    exit 0
    --- stdout
    from a file
    ");
}

#[test]
fn input_of_any_bytes() {
    let code = "import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read())";
    let bytes: Vec<u8> = (0..=255).collect::<Vec<u8>>().repeat(1000);
    let mut cat = pyexec(["run", "-i", "cat.py"]).file("cat.py", code).stdin(bytes.clone());
    assert!(cat.output().stdout == bytes);
    let file = pyexec(["run", "--stdin", "in.bin", "cat.py"]).file("cat.py", code);
    assert!(file.file("in.bin", &bytes).output().stdout == bytes);
}

#[test]
fn a_shell_loop_keeps_its_input() {
    let session = pyexec(["run", "echo.py"]).file("echo.py", ECHO);
    let script = "while read -r line; do echo \"$line\"; \"$0\" \"$@\"; done";
    let session = session.within(&["sh", "-c", script]).stdin("a\nb\n");
    assert_snapshot!(session.show(), @"
    exit 0
    --- stdout
    a

    b
    ");
}

#[test]
fn input_that_makes_no_sense() {
    let run = |args: [&str; 4]| pyexec(args).file("echo.py", ECHO).file("in.bin", b"ab\xff");
    let older = server(|asked: Asked| match asked.line() {
        "GET /health" => asked.say(&ok(r#"{"status":"ok"}"#)),
        line => panic!("{line}"),
    });
    let refused = pyexec(["run", "-s", &older, "--stdin", "in.bin", "echo.py"]);
    assert_snapshot!(refused.file("echo.py", ECHO).file("in.bin", b"ab\xff").show(), @"
    exit 125
    --- stderr
    error: the server takes only text as a program's input, which stdin_base64 isn't
    ");
    let refused = pyexec(["eval", "-s", &older, "--stdin", "in.bin", "1"]);
    assert_snapshot!(refused.file("in.bin", b"ab\xff").show(), @"
    exit 125
    --- stderr
    error: the server takes only text as a program's input, which stdin_base64 isn't
    ");
    let refused = pyexec(["eval", "-s", &older, "-e", "A=1", "1"]);
    assert_snapshot!(refused.show(), @"
    exit 125
    --- stderr
    error: the server takes no environment variables with code to evaluate
    ");
    assert_snapshot!(run(["run", "echo.py", "--stdin", "none"]).show(), @"
    exit 125
    --- stderr
    error: can't read none
    caused by: No such file or directory (os error 2)
    ");
    assert_snapshot!(pyexec(["run", "-i"]).stdin("1").show(), @"
    exit 2
    --- stderr
    error: standard input can't be both the code and its input
    hint: name the file to run, or give its input as a file: --stdin FILE
    ");
    assert_snapshot!(pyexec(["run", "-i", "-"]).stdin("1").show(), @"
    exit 2
    --- stderr
    error: standard input can't be both the code and its input
    hint: name the file to run, or give its input as a file: --stdin FILE
    ");
    assert_snapshot!(run(["run", "echo.py", "-i", "--stdin=in.bin"]).show(), @"
    exit 2
    --- stderr
    error: the argument '--interactive' cannot be used with '--stdin <FILE>'

    Usage: pyexec run --interactive <INPUT> [-- <ARGS>...]

    For more information, try '--help'.
    ");
}

#[test]
fn more_than_one_thing_to_run() {
    let project = |args: [&str; 3]| pyexec(args).file("dir/main.py", "").file("file.py", "");
    assert_snapshot!(project(["run", "dir/", "file.py"]).show(), @"
    exit 2
    --- stderr
    error: there is one INPUT already, and file.py is another
    hint: several files: --file A --file B; a file of a directory: DIR --entrypoint NAME; arguments of the program: INPUT -- file.py
    ");
    assert_snapshot!(project(["submit", "file.py", "--fast"]).show(), @"
    exit 2
    --- stderr
    error: unexpected argument '--fast' found

      tip: to pass '--fast' as a value, use '-- --fast'

    Usage: pyexec submit <INPUT> [-- <ARGS>...]

    For more information, try '--help'.
    ");
}

#[test]
fn which_file_runs() {
    let project = |args: [&str; 2]| pyexec(args).file("p/a.py", "print('a')").file("p/b.py", "");
    assert_snapshot!(project(["run", "p"]).show(), @"
    exit 2
    --- stderr
    error: several files could be run: a.py, b.py
    hint: choose one: --entrypoint a.py
    ");
    assert_snapshot!(project(["run", "p"]).file("p/sub/main.py", "print('main')").show(), @"
    exit 0
    --- stdout
    main
    ");
    let chosen = pyexec(["run", "p", "--entrypoint", "./a.py"]).file("p/a.py", "print('a')");
    assert_snapshot!(chosen.file("p/b.py", "").show(), @"
    exit 0
    --- stdout
    a
    ");
}

#[test]
fn a_python_version() {
    let code = "import sys\nprint('%d.%d' % sys.version_info[:2])";
    let version = pyexec_sandbox::discover()[0].version().to_string();
    let output = pyexec(["run", "--python", &version]).stdin(code).output();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{version}\n"));
    assert_snapshot!(pyexec(["run", "--python", "py3"]).stdin(code).show(), @"
    exit 2
    --- stderr
    error: --python py3: not a Python version
    hint: for example --python 3.12
    ");
    let both = pyexec(["run", "--python", "3.12", "--image", "python:3.12"]).stdin(code);
    assert_snapshot!(both.show(), @"
    exit 2
    --- stderr
    error: --python and --image both choose the Python version: give one of them
    ");
}

#[test]
fn detached() {
    let url = server(|asked: Asked| match asked.line() {
        "POST /api/v1/exec/async" => {
            asked.say(&json("202 Accepted", r#"{"execution_id":"exe_1"}"#));
        }
        line => panic!("{line}"),
    });
    let run = |name| pyexec(["run", name, "-s", &url]).stdin("1");
    assert_snapshot!(run("--detach").show(), @"
    exit 0
    --- stdout
    exe_ID
    ");
    assert_snapshot!(run("--async").show(), @"
    exit 0
    --- stdout
    exe_ID
    ");
}

fn plan<const N: usize>(args: [&str; N]) -> Session {
    pyexec(args)
        .file("p/main.py", "print(1)\n")
        .file("p/pkg/data.txt", "x".repeat(2000))
        .file("p/.gitignore", "*.csv\n")
        .file("p/big.csv", "1,2,3")
        .file("p/__pycache__/main.pyc", "")
        .link("main.py", "p/link.py")
        .env("SECRET", "s3cret")
}

#[test]
fn what_would_be_sent() {
    assert_snapshot!(plan(["run", "--dry-run", "p"]).show(), @r#"
    exit 0
    --- stdout
    Server: local
    Entrypoint: main.py
    Files: 4, 2024 bytes; 7168 bytes to upload
               6 .gitignore
               9 link.py
               9 main.py
       directory pkg
            2000 pkg/data.txt
    Not sent:
                 __pycache__/ (left out by default)
                 big.csv (.gitignore has "*.csv")
    "#);
    let much = ["run", "--dry-run", "p", "-e", "SECRET", "--python", "3.12", "--", "a b", "-x"];
    let shown = plan(much).show();
    assert!(!shown.contains("s3cret"));
    assert_snapshot!(shown.lines().take(7).collect::<Vec<_>>().join("\n"), @r#"
    exit 0
    --- stdout
    Server: local
    Entrypoint: main.py
    Arguments: "a b" "-x"
    Variables: SECRET
    Image: python:3.12-slim
    "#);
    // Nobody is asked.
    let absent = ["submit", "--dry-run", "--server", "http://127.0.0.1:1", "p/main.py"];
    assert_snapshot!(plan(absent).show(), @"
    exit 0
    --- stdout
    Server: http://127.0.0.1:PORT
    Entrypoint: main.py
    Files: 1, 9 bytes; 2048 bytes to upload
               9 main.py
    ");
    assert_snapshot!(plan(["run", "--dry-run", "--json", "p"]).show(), @r#"
    exit 0
    --- stdout
    {"entrypoint":"main.py","entries":[{"name":".gitignore","type":"file","bytes":6},{"name":"link.py","type":"file","bytes":9},{"name":"main.py","type":"file","bytes":9},{"name":"pkg","type":"directory","bytes":0},{"name":"pkg/data.txt","type":"file","bytes":2000}],"files":4,"bytes":2024,"upload_bytes":7168,"left_out":[{"path":"__pycache__/","reason":"left out by default"},{"path":"big.csv","reason":".gitignore has \"*.csv\""}],"script_args":[],"env":[],"stdin_bytes":0,"image":null,"requirements":false,"server":"local"}
    "#);
    assert_snapshot!(plan(["run", "--dry-run", "none"]).show(), @"
    exit 125
    --- stderr
    error: can't read none
    caused by: No such file or directory (os error 2)
    ");
}
