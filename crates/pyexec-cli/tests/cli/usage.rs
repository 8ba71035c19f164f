//! What is refused before anything runs.

use crate::session::pyexec;
use insta::assert_snapshot;
use std::fs::File;

#[test]
fn flags_that_do_not_apply() {
    assert_snapshot!(pyexec(["kill", "--image", "python:3.12", "exe_1"]).show(), @"
    exit 2
    --- stderr
    error: unexpected argument '--image' found

      tip: to pass '--image' as a value, use '-- --image'

    Usage: pyexec kill [OPTIONS] <ID>...

    For more information, try '--help'.
    ");
    assert_snapshot!(pyexec(["--image", "python:3.12", "kill", "exe_1"]).show(), @"
    exit 2
    --- stderr
    error: --image does not apply to `pyexec kill`

    Usage: pyexec [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    assert_snapshot!(pyexec(["eval", "--async", "1"]).show(), @"
    exit 2
    --- stderr
    error: unexpected argument '--async' found

      tip: to pass '--async' as a value, use '-- --async'

    Usage: pyexec eval [OPTIONS] [CODE]

    For more information, try '--help'.
    ");
    assert_snapshot!(pyexec(["-q", "run", "-v", "x.py"]).show(), @"
    exit 2
    --- stderr
    error: --quiet and --verbose contradict each other
    ");
    assert_snapshot!(pyexec(["--token-file", "token", "eval", "1"]).show(), @"
    exit 2
    --- stderr
    error: --token-file is for a server
    hint: name the server: --server URL, PYEXEC_SERVER or a profile
    ");
}

#[test]
fn slips() {
    assert_snapshot!(pyexec(["rnu", "x.py"]).show(), @"
    exit 2
    --- stderr
    error: unrecognized subcommand 'rnu'

      tip: a similar subcommand exists: 'run'

    Usage: pyexec [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    assert_snapshot!(pyexec(["run", "--timeuot", "5"]).show(), @"
    exit 2
    --- stderr
    error: unexpected argument '--timeuot' found

      tip: a similar argument exists: '--timeout'
      tip: to pass '--timeuot' as a value, use '-- --timeuot'

    Usage: pyexec run --timeout <SECONDS> [INPUT] [-- <ARGS>...]

    For more information, try '--help'.
    ");
    assert_snapshot!(pyexec(["kill", "--token-fiel", "t", "exe_1"]).show(), @"
    exit 2
    --- stderr
    error: unexpected argument '--token-fiel' found

      tip: a similar argument exists: '--token-file'

    Usage: pyexec kill --token-file <FILE> <ID>...

    For more information, try '--help'.
    ");
    assert_snapshot!(pyexec(["config", "shwo"]).show(), @"
    exit 2
    --- stderr
    error: unrecognized subcommand 'shwo'

      tip: a similar subcommand exists: 'show'

    Usage: pyexec config <COMMAND>

    For more information, try '--help'.
    ");
    assert_snapshot!(pyexec(["script.py", "one"]).file("script.py", "1").show(), @"
    exit 2
    --- stderr
    error: script.py is no command
    hint: to run it: pyexec run script.py
    ");
}

#[test]
fn a_token_as_an_argument() {
    let refused = "exit 2\n--- stderr\nerror: there is no --token: everyone on this machine can see \
                   the arguments of programs\nhint: set PYEXEC_TOKEN, or write the token into a \
                   file: --token-file FILE\n";
    for args in [["eval", "--token", "s3cret"], ["--token=s3cret", "kill", "exe_1"]] {
        assert_eq!(pyexec(args).show(), refused);
    }
    #[cfg(all(feature = "local", target_os = "linux"))]
    assert_eq!(pyexec(["serve", "--token", "s3cret"]).show(), refused);
}

#[test]
fn arguments_that_are_none() {
    assert_snapshot!(pyexec(["run", "--timeout", "soon", "x.py"]).show(), @"
    exit 2
    --- stderr
    error: invalid value 'soon' for '--timeout <SECONDS>': invalid digit found in string

    For more information, try '--help'.
    ");
    assert_snapshot!(pyexec(["run", "main.py", "argument"]).show(), @"
    exit 2
    --- stderr
    error: there is one INPUT already, and argument is another
    hint: several files: --file A --file B; a file of a directory: DIR --entrypoint NAME; arguments of the program: INPUT -- argument
    ");
    assert_snapshot!(pyexec(["follow"]).show(), @"
    exit 2
    --- stderr
    error: the following required arguments were not provided:
      <ID>

    Usage: pyexec follow <ID>

    For more information, try '--help'.
    ");
    assert_snapshot!(pyexec(["eval", "  "]).show(), @"
    exit 2
    --- stderr
    error: nothing to evaluate
    ");
    assert_snapshot!(pyexec(["eval", "-s", "localhost:8080", "1"]).show(), @r#"
    exit 2
    --- stderr
    error: invalid base URL "localhost:8080": it must begin with http:// or https://
    hint: for example --server http://127.0.0.1:PORT
    "#);
}

#[test]
fn nothing_to_run() {
    assert_snapshot!(pyexec(["run"]).show(), @"
    exit 2
    --- stderr
    error: nothing to run: standard input is empty
    hint: name a file or directory, or pipe code in; see --help
    ");
    assert_snapshot!(pyexec(["eval"]).stdin(" \n").show(), @"
    exit 2
    --- stderr
    error: nothing to run: standard input is empty
    hint: name a file or directory, or pipe code in; see --help
    ");
    assert_snapshot!(pyexec(["run"]).stdin_from(terminal()).show(), @"
    exit 2
    --- stderr
    error: nothing to run
    hint: name a file or directory, or pipe code in; see --help
    ");
    assert_snapshot!(pyexec(["eval"]).stdin_from(terminal()).show(), @"
    exit 2
    --- stderr
    error: nothing to run
    hint: name a file or directory, or pipe code in; see --help
    ");
}

/// One that nobody types at. It lasts as long as its other end, so that is leaked.
fn terminal() -> File {
    use rustix::pty;
    let flags = pty::OpenptFlags::RDWR | pty::OpenptFlags::NOCTTY;
    let controller = pty::openpt(flags).unwrap();
    pty::grantpt(&controller).unwrap();
    pty::unlockpt(&controller).unwrap();
    let name = pty::ptsname(&controller, Vec::new()).unwrap();
    let name = std::str::from_utf8(name.to_bytes()).unwrap();
    let terminal = File::options().read(true).write(true).open(name).unwrap();
    std::mem::forget(controller);
    terminal
}

#[test]
fn projects_that_cannot_be_sent() {
    assert_snapshot!(pyexec(["run", "missing.py"]).show(), @"
    exit 125
    --- stderr
    error: can't read missing.py
    caused by: No such file or directory (os error 2)
    ");
    assert_snapshot!(pyexec(["run", "."]).file("README", "").file("data.csv", "").show(), @r#"
    exit 125
    --- stderr
    error: no Python file to run: the archive holds "README", "data.csv"
    hint: name the file to run with --entrypoint
    "#);
    assert_snapshot!(
        pyexec(["run", "--file", "a/x.py,b/x.py"]).file("a/x.py", "").file("b/x.py", "").show(),
        @r#"
    exit 125
    --- stderr
    error: a/x.py and b/x.py have the same base name "x.py"
    "#
    );
    assert_snapshot!(pyexec(["run", "p.tar"]).file("p.tar", b"PK\x03\x04").show(), @"
    exit 125
    --- stderr
    error: p.tar can't be sent as an archive
    caused by: not a plain tar archive but zip; send it uncompressed, as tar
    ");
    assert_snapshot!(pyexec(["run", "p.tar.gz"]).file("p.tar.gz", b"\x1f\x8b\x08").show(), @"
    exit 125
    --- stderr
    error: p.tar.gz can't be sent as an archive
    caused by: the gzip data is corrupt or truncated
    caused by: unexpected end of file
    ");
    assert_snapshot!(
        pyexec(["run", "main.py", "--requirements", "none.txt"]).file("main.py", "").show(),
        @"
    exit 125
    --- stderr
    error: can't read none.txt
    caused by: No such file or directory (os error 2)
    "
    );
}

#[test]
fn variables_that_are_not_set() {
    assert_snapshot!(pyexec(["run", "main.py", "-e", "NOWHERE"]).file("main.py", "").show(), @"
    exit 2
    --- stderr
    error: -e NOWHERE: the variable isn't set
    hint: set it, or give its value: -e NOWHERE=value
    ");
    assert_snapshot!(pyexec(["run", "main.py", "-e", "=x"]).file("main.py", "").show(), @"
    exit 2
    --- stderr
    error: -e: the variable has no name; write -e NAME or -e NAME=value
    ");
}

#[test]
fn colour_on_request_only() {
    let shown = |session: crate::session::Session| session.show().replace('\u{1b}', "^[");
    assert_snapshot!(shown(pyexec(["run", "none.py", "--color", "always"])), @"
    exit 125
    --- stderr
    ^[[1m^[[31merror:^[[0m can't read none.py
    ^[[1m^[[31mcaused by:^[[0m No such file or directory (os error 2)
    ");
    assert_snapshot!(shown(pyexec(["--color=always", "rum"])), @"
    exit 2
    --- stderr
    ^[[1m^[[31merror:^[[0m unrecognized subcommand '^[[33mrum^[[0m'

      ^[[32mtip:^[[0m a similar subcommand exists: '^[[32mrun^[[0m'

    ^[[1m^[[4mUsage:^[[0m ^[[1mpyexec^[[0m [OPTIONS] <COMMAND>

    For more information, try '^[[1m--help^[[0m'.
    ");
    let forced = pyexec(["run", "none.py"]).env("CLICOLOR_FORCE", "1");
    assert!(shown(forced).contains("^["));
    let never = pyexec(["run", "none.py", "--color=never"]).env("CLICOLOR_FORCE", "1");
    assert!(!shown(never).contains("^["));
    assert_snapshot!(shown(pyexec(["run", "none.py", "--color", "sometimes"])), @"
    exit 2
    --- stderr
    error: invalid value 'sometimes' for '--color <WHEN>'
      [possible values: auto, always, never]

    For more information, try '--help'.
    ");
}

#[test]
fn a_server_that_is_not_there() {
    let absent = |name| pyexec([name, "--server", "http://127.0.0.1:1", "1"]).file("1", "");
    assert_snapshot!(absent("kill").show(), @"
    exit 125
    --- stderr
    error: cannot connect to http://127.0.0.1:PORT: connection refused
    hint: start a server there with `pyexec serve`, or check its address
    ");
    assert_snapshot!(absent("submit").show(), @"
    exit 125
    --- stderr
    error: cannot connect to http://127.0.0.1:PORT: connection refused
    hint: start a server there with `pyexec serve`, or check its address
    ");
}

#[test]
#[cfg(not(all(feature = "local", target_os = "linux")))]
fn no_server_and_none_of_its_own() {
    let output = pyexec(["eval", "1"]).output();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.contains("--server"), "{stderr}");
}
