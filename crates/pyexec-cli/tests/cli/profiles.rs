//! Profiles with a server behind them.

use crate::{
    served::{Served, serve},
    session::{Session, pyexec},
};

fn profile(keys: &str) -> String {
    format!("[profile.default]\n{keys}\n")
}

fn closed() -> Served {
    Served::start(pyexec(["serve", "--port", "0"]).env("PYEXEC_TOKEN", "s3cret"))
}

fn stdout(mut session: Session) -> String {
    let output = session.output();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_server_and_its_token() {
    let server = closed();
    let config = profile(&format!("server = '{}'\ntoken_file = 'token'", server.url()));
    let eval = |token: &str| {
        pyexec(["eval", "6 * 7"]).config(&config).secret(".config/pyexec/token", token)
    };
    assert_eq!(stdout(eval("s3cret\n")), "42\n");
    assert!(eval("other\n").show().contains("(HTTP 401)"));
    assert_eq!(stdout(eval("other\n").env("PYEXEC_TOKEN", "s3cret")), "42\n");
    let public = pyexec(["eval", "1"]).config(&config).script(".config/pyexec/token", "s3cret");
    let refused = public.show();
    assert!(refused.starts_with("exit 2\n"), "{refused}");
    assert!(refused.contains("hint: keep it to yourself: chmod 600 FOLDER"), "{refused}");
}

#[test]
fn a_token_is_sent_to_its_own_server_only() {
    let (server, other) = (closed(), closed());
    let config = profile(&format!("server = '{}'\ntoken_file = 'token'", server.url()));
    let eval = |url: &str| {
        let session = pyexec(["eval", "6 * 7"]).config(&config).env("PYEXEC_SERVER", url);
        session.secret(".config/pyexec/token", "s3cret")
    };
    assert_eq!(stdout(eval("")), "42\n");
    // It would open this one too.
    let refused = eval(other.url()).show();
    assert!(refused.contains("(HTTP 401)"), "{refused}");
}

#[test]
fn a_variable_wins_over_the_profile_and_a_flag_over_both() {
    let server = serve();
    let nowhere = "http://127.0.0.1:1";
    let config = profile(&format!("server = '{nowhere}'"));
    let eval = |url: &str| pyexec(["eval", "6 * 7", "--server", url]).config(&config);
    assert_eq!(stdout(eval("").env("PYEXEC_SERVER", server.url())), "42\n");
    assert_eq!(stdout(eval(server.url()).env("PYEXEC_SERVER", nowhere)), "42\n");
    assert!(eval("").show().contains("cannot connect"));
}

#[test]
fn limits_and_versions() {
    let server = serve();
    let config = profile("timeout = 1");
    let sleep = "import time\nprint('on')\ntime.sleep(60)";
    for args in [["run", "main.py"], ["eval", sleep]] {
        let timeout = server.client(args).file("main.py", sleep).config(&config).show();
        assert!(timeout.starts_with("exit 124\n--- stdout\non\n"), "{timeout}");
    }
    let config = profile("memory = 64");
    // A flag wins, and 0 is the server's default.
    let enough = server.client(["eval", "--memory", "0", "len('x' * (100 << 20))"]);
    assert_eq!(stdout(enough.config(&config)), "104857600\n");
    let little = server.client(["eval", "len('x' * (100 << 20))"]).config(&config).show();
    assert!(little.contains("emory") && !little.starts_with("exit 0"), "{little}");
}

#[test]
fn the_version_of_a_profile() {
    let server = serve();
    let config = profile("python = '3.1'");
    for args in [["run", "main.py"], ["eval", "1"]] {
        let refused = server.client(args).file("main.py", "1").config(&config).show();
        assert!(refused.contains("3.1"), "{refused}");
    }
}

#[test]
fn this_machine_in_spite_of_a_profile() {
    let config = profile("server = 'http://127.0.0.1:1'");
    assert_eq!(stdout(pyexec(["eval", "-s", "local", "6 * 7"]).config(&config)), "42\n");
}
