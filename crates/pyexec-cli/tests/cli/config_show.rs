//! What is decided outside the command line, and what is no decision.

use crate::session::pyexec;
use insta::assert_snapshot;

const CONFIG: &str = "\
[profile.default]
timeout = 60

[profile.work]
server = 'https://x:s3cret@pyexec.example.com/api/'
token_file = 'token'
memory = 512
network = true
python = '3.12'
";

#[test]
fn without_a_file() {
    assert_snapshot!(pyexec(["config", "show"]).show(), @"
    exit 0
    --- stdout
    file: FOLDER/.config/pyexec/config.toml (not there)
    profiles: none

    profile  default  built in
    server   local    built in
    token    -        built in
    timeout  -        built in
    memory   -        built in
    disk     -        built in
    cpu      -        built in
    network  -        built in
    image    -        built in
    python   -        built in
    ");
    assert_snapshot!(pyexec(["config", "path"]).show(), @"
    exit 0
    --- stdout
    FOLDER/.config/pyexec/config.toml
    ");
}

#[test]
fn each_value_and_where_it_comes_from() {
    assert_snapshot!(pyexec(["config", "show"]).config(CONFIG).show(), @"
    exit 0
    --- stdout
    file: FOLDER/.config/pyexec/config.toml
    profiles: default, work

    profile  default  built in
    server   local    built in
    token    -        built in
    timeout  60       profile default
    memory   -        built in
    disk     -        built in
    cpu      -        built in
    network  -        built in
    image    -        built in
    python   -        built in
    ");
    let work = pyexec(["--profile", "work", "config", "show"]).config(CONFIG);
    assert_snapshot!(work.show(), @"
    exit 0
    --- stdout
    file: FOLDER/.config/pyexec/config.toml
    profiles: default, work

    profile  work                            --profile
    server   https://pyexec.example.com/api  profile work
    token    (hidden)                        profile work, FOLDER/.config/pyexec/token
    timeout  -                               built in
    memory   512                             profile work
    disk     -                               built in
    cpu      -                               built in
    network  true                            profile work
    image    -                               built in
    python   3.12                            profile work
    ");
    let others = pyexec(["config", "show", "-s", "http://h.example:8080/"])
        .config(CONFIG)
        .env("PYEXEC_PROFILE", "work")
        .env("PYEXEC_TOKEN", "s3cret");
    assert_snapshot!(others.show(), @"
    exit 0
    --- stdout
    file: FOLDER/.config/pyexec/config.toml
    profiles: default, work

    profile  work                   PYEXEC_PROFILE
    server   http://h.example:8080  --server
    token    (hidden)               PYEXEC_TOKEN
    timeout  -                      built in
    memory   512                    profile work
    disk     -                      built in
    cpu      -                      built in
    network  true                   profile work
    image    -                      built in
    python   3.12                   profile work
    ");
    let here = pyexec(["config", "show", "-s", "local"]).env("PYEXEC_SERVER", "http://h").show();
    assert!(here.contains("local    --server\n"), "{here}");
}

#[test]
fn for_programs() {
    let mut session = pyexec(["config", "show", "--json"]).config(CONFIG);
    session = session.env("PYEXEC_PROFILE", "work").env("PYEXEC_TOKEN", "s3cret");
    assert_snapshot!(session.show(), @r#"
    exit 0
    --- stdout
    {
      "file": "FOLDER/.config/pyexec/config.toml",
      "file_exists": true,
      "profiles": [
        "default",
        "work"
      ],
      "settings": {
        "cpu": {
          "from": null,
          "source": "default",
          "value": null
        },
        "disk": {
          "from": null,
          "source": "default",
          "value": null
        },
        "image": {
          "from": null,
          "source": "default",
          "value": null
        },
        "memory": {
          "from": "work",
          "source": "profile",
          "value": 512
        },
        "network": {
          "from": "work",
          "source": "profile",
          "value": true
        },
        "profile": {
          "from": "PYEXEC_PROFILE",
          "source": "environment",
          "value": "work"
        },
        "python": {
          "from": "work",
          "source": "profile",
          "value": "3.12"
        },
        "server": {
          "from": "work",
          "source": "profile",
          "value": "https://pyexec.example.com/api"
        },
        "timeout": {
          "from": null,
          "source": "default",
          "value": null
        },
        "token": {
          "from": "PYEXEC_TOKEN",
          "source": "environment",
          "value": "(hidden)"
        }
      }
    }
    "#);
}

#[test]
fn profiles_that_are_not_there() {
    let chosen = |name| pyexec(["eval", "1", "--profile", name]).config(CONFIG);
    assert_snapshot!(chosen("wrok").show(), @"
    exit 2
    --- stderr
    error: --profile: there is no profile `wrok`
    hint: did you mean `work`?
    ");
    assert_snapshot!(chosen("home").show(), @"
    exit 2
    --- stderr
    error: --profile: there is no profile `home`
    hint: FOLDER/.config/pyexec/config.toml has default, work
    ");
    let unset = pyexec(["kill", "exe_1"]).env("PYEXEC_PROFILE", "work");
    assert_snapshot!(unset.show(), @"
    exit 2
    --- stderr
    error: PYEXEC_PROFILE: there is no profile `work`
    hint: write it into FOLDER/.config/pyexec/config.toml, below a line [profile.work]
    ");
}

#[test]
fn a_file_that_makes_no_sense() {
    let shown = |config: &str| pyexec(["run", "x.py"]).file("x.py", "1").config(config).show();
    assert_snapshot!(shown("# mine\n[profile.work]\nsever = 'http://h'\n"), @"
    exit 2
    --- stderr
    error: FOLDER/.config/pyexec/config.toml, line 3: unknown key `sever` in profile `work`
    hint: did you mean `server`?
    ");
    assert_snapshot!(shown("server = 'http://h'\n"), @"
    exit 2
    --- stderr
    error: FOLDER/.config/pyexec/config.toml, line 1: `server` stands outside of any profile
    hint: a profile begins with a line [profile.NAME]; [profile.default] is the one that is used where none is named
    ");
    assert_snapshot!(shown("[profile.default]\ntoken = s3cret\n"), @"
    exit 2
    --- stderr
    error: FOLDER/.config/pyexec/config.toml, line 2: string values must be quoted, expected literal string
    ");
    assert_snapshot!(shown("[profile.default]\nserver = 'localhost:8080'\n"), @r#"
    exit 2
    --- stderr
    error: FOLDER/.config/pyexec/config.toml, line 2: invalid base URL "localhost:8080": it must begin with http:// or https://
    hint: for example server = "http://127.0.0.1:PORT"; "local" is this machine
    "#);
    // What needs no configuration works all the same.
    assert!(pyexec(["version"]).config("!").show().starts_with("exit 0"));
    assert!(pyexec(["config", "path"]).config("!").show().starts_with("exit 0"));
}

#[test]
fn variables_that_are_not_text() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pyexec"));
    let output = command
        .args(["eval", "1"])
        .env_clear()
        .env("PYEXEC_SERVER", OsStr::from_bytes(b"http://\xff"))
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, "error: PYEXEC_SERVER is not valid UTF-8\n");
}
