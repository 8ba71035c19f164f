//! Settings of a server: by flag, variable and file.

use crate::{
    served::Served,
    session::{Session, pyexec, shown},
};
use insta::assert_snapshot;
use rustix::process::Signal;

/// What `--print-config` says of some settings.
fn printed(session: Session, keys: &[&str]) -> String {
    let text = session.arg("--print-config").show();
    let is_meant = |line: &&str| {
        let key = line.trim_start_matches("# ").split(' ').next().unwrap();
        keys.contains(&key)
    };
    text.lines().filter(is_meant).map(|line| format!("{line}\n")).collect()
}

#[test]
fn flags_win_over_variables_and_those_over_the_file() {
    let keys = ["host", "port", "slots", "queue", "strict", "grace", "state_dir", "allowed_host"];
    let text = "host = '::1'\nport = 1\nslots = 1\nstrict = true\ngrace = '1m'\n\
                allowed_host = ['a.example', 'b.example']\nstate_dir = ''\n";
    let session = pyexec(["serve", "--config", "c.toml", "--slots", "3"])
        .secret("c.toml", text)
        .env("PYEXEC_PORT", "2")
        .env("PYEXEC_SLOTS", "2")
        // Empty is as good as not set.
        .env("PYEXEC_HOST", "")
        .env("PYEXEC_QUEUE", "");
    assert_snapshot!(printed(session, &keys), @r#"
    host = "::1" # c.toml
    port = 2 # PYEXEC_PORT
    slots = 3 # --slots
    strict = true # c.toml
    queue = 1000 # default
    grace = "1m" # c.toml
    # state_dir is not set # default
    allowed_host = ["a.example", "b.example"] # c.toml
    "#);
    let session = pyexec(["serve"])
        .secret("c.toml", text)
        .env("PYEXEC_CONFIG", "c.toml")
        .env("PYEXEC_STRICT", "0")
        .env("PYEXEC_ALLOWED_HOSTS", "c.example,d.example");
    assert_snapshot!(printed(session, &keys[3..]), @r#"
    strict = false # PYEXEC_STRICT
    queue = 1000 # default
    grace = "1m" # c.toml
    # state_dir is not set # default
    allowed_host = ["c.example", "d.example"] # PYEXEC_ALLOWED_HOSTS
    "#);
    let without = pyexec(["serve"]).env("PYEXEC_CONFIG", "");
    assert_snapshot!(printed(without, &keys[3..]), @r#"
    strict = false # default
    queue = 1000 # default
    grace = "10s" # default
    # state_dir is not set # default
    # allowed_host is not set # default
    "#);
}

#[test]
fn all_of_it() {
    let session =
        pyexec(["serve", "--print-config", "--slots", "2"]).arg("--memory-budget-mb").arg("4096");
    assert_snapshot!(session.show(), @r#"
    exit 0
    --- stdout
    # The settings of `pyexec serve`, and where each comes from.
    host = "127.0.0.1" # default
    port = 8080 # default
    log_level = "info" # default
    log_format = "text" # default
    isolation = "full" # default
    network_mode = "none" # default
    default_network = "off" # default
    slots = 2 # --slots
    # cpus_per_execution is not set # default
    # ready is not set # default
    strict = false # default
    queue = 1000 # default
    cleanup_ttl = "5m" # default
    grace = "10s" # default
    max_body_mb = 1024 # default
    # state_dir is not set # default
    # spool_dir is not set # default
    # cgroup is not set # default
    # token is not set # default
    # token_file is not set # default
    # allowed_host is not set # default
    # tls_cert is not set # default
    # tls_key is not set # default
    max_connections = 4096 # default
    max_connections_per_address = 512 # default
    memory_budget_mb = 4096 # --memory-budget-mb
    queue_timeout = "5m" # default
    max_timeout = 3600 # default
    max_disk_mb = 16384 # default
    output_mb = 64 # default
    output_limit_mb = 1024 # default
    results_mb = 1024 # default
    spool_mb = 8192 # default
    output_spool_mb = 8192 # default
    installer = "auto" # default
    # packages_dir is not set # default
    packages_mb = 8192 # default
    offline = false # default
    install_timeout = "5m" # default
    resolution_ttl = "1h" # default
    # allow_package is not set # default
    # deny_package is not set # default
    # preload is not set # default
    auto_detect_imports = "on" # default
    default_timeout = 300 # default
    default_memory_mb = 1024 # default
    default_disk_mb = 2048 # default
    default_cpu_shares = 1024 # default
    # default_image is not set # default
    "#);
}

/// What is printed may be used as a file, and means the same.
#[test]
fn what_is_printed_is_a_configuration() {
    let values = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.rsplit_once(" # ").unwrap().0.to_owned()).collect::<Vec<_>>()
    };
    let print = ["serve", "--print-config", "--allowed-host", "a.example,b.example"];
    let first = pyexec(print)
        .env("PYEXEC_STATE_DIR", "a \"quoted\"\\folder # with é")
        .env("PYEXEC_CPUS_PER_EXECUTION", "00.50")
        .env("PYEXEC_PORT", "007")
        .env("PYEXEC_STRICT", "yes");
    let first = String::from_utf8({ first }.output().stdout).unwrap();
    assert!(
        first.contains("state_dir = 'a \"quoted\"\\folder # with é' # PYEXEC_STATE_DIR"),
        "{first}"
    );
    let name = "a folder/c\n.toml";
    let second = pyexec(["serve", "--print-config", "--config", name]).secret(name, &first).show();
    assert!(second.starts_with("exit 0\n"), "{second}");
    let second: Vec<_> = second.lines().skip(2).collect();
    assert_eq!(values(&first), values(&second.join("\n")));
    assert!(second.contains(&"port = 7 # a folder/c\u{fffd}.toml"), "{second:?}");
}

#[test]
fn secrets_are_not_printed() {
    let serve = ["serve", "--print-config"];
    for (session, source) in [
        (pyexec(serve).env("PYEXEC_TOKEN", "hunter2"), "PYEXEC_TOKEN"),
        (
            pyexec(serve).arg("--config").arg("c.toml").secret("c.toml", "token = 'hunter2'"),
            "c.toml",
        ),
    ] {
        let text = session.show();
        assert!(text.contains(&format!("\n# token is not shown # {source}\n")), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn a_server_by_a_file() {
    let text = "port = 0\ntoken = 'secret'\ndefault_timeout = 1\nlog_level = 'error'\n";
    let server = Served::start(pyexec(["serve", "--config", "c.toml"]).file("c.toml", text));
    let eval = |token: &str| {
        server.client(["eval", "import time; time.sleep(60)"]).env("PYEXEC_TOKEN", token).show()
    };
    assert_snapshot!(eval("secret"), @"
    exit 124
    --- stderr
    Error: execution timeout after 1s
    ");
    assert_snapshot!(eval("other"), @"
    exit 125
    --- stderr
    error: this token is not known (HTTP 401)
    hint: pass the server's token: set PYEXEC_TOKEN, or --token-file FILE
    ");
    assert_snapshot!(shown(&server.end(Signal::TERM)), @"
    exit 0
    --- stderr
    warning: everyone on this machine can read the token in c.toml
    listening on http://127.0.0.1:PORT
    ");
    // A variable wins over it.
    let session = pyexec(["serve", "--config", "c.toml"]).secret("c.toml", text);
    let server = Served::start(session.env("PYEXEC_TOKEN", "other"));
    let eval = |token: &str| server.client(["eval", "6 * 7"]).env("PYEXEC_TOKEN", token).show();
    assert!(eval("other").contains("42"));
    assert!(eval("secret").contains("HTTP 401"));
}

#[test]
fn files_that_cannot_be_used() {
    let serve = |text: &str| pyexec(["serve", "--config", "c.toml"]).file("c.toml", text).show();
    assert_snapshot!(pyexec(["serve", "--config", "none.toml"]).show(), @"
    exit 125
    --- stderr
    error: can't read none.toml
    caused by: No such file or directory (os error 2)
    ");
    assert_snapshot!(serve("\nprot = 8080\n"), @r#"
    exit 2
    --- stderr
    error: c.toml: line 2: "prot" is no setting
    hint: did you mean port?
    "#);
    assert_snapshot!(serve("max_body = 5\n"), @r#"
    exit 2
    --- stderr
    error: c.toml: line 1: "max_body" is no setting
    hint: did you mean max_body_mb?
    "#);
    assert_snapshot!(serve("port = 'http'\n"), @"
    exit 2
    --- stderr
    error: c.toml: line 1: port: it takes a number
    ");
    assert_snapshot!(serve("port = 80800\n"), @"
    exit 2
    --- stderr
    error: c.toml: line 1: port: 80800 is not in 0..=65535
    ");
    assert_snapshot!(serve("port: 8080\n"), @"
    exit 2
    --- stderr
    error: c.toml: line 1 is no TOML: key with no value, expected `=`
    hint: write each setting as in: port = 8080
    ");
    assert_snapshot!(serve("tls_cert = 'cert.pem'\n"), @"
    exit 2
    --- stderr
    error: HTTPS takes a certificate and its key
    hint: give both --tls-cert and --tls-key
    ");
    let contradiction = pyexec(["serve", "--print-config", "--tls-key", "key.pem"]);
    assert_snapshot!(contradiction.show(), @"
    exit 2
    --- stderr
    error: HTTPS takes a certificate and its key
    hint: give both --tls-cert and --tls-key
    ");
}

/// What an operator allows is what requests get.
#[test]
fn how_much_there_is_to_take() {
    let text = "port = 0\nlog_level = 'error'\nmemory_budget_mb = 512\nmax_timeout = 60\n\
                max_disk_mb = 32\noutput_mb = 1\noutput_limit_mb = 2\n";
    let server = Served::start(pyexec(["serve", "--config", "c.toml"]).file("c.toml", text));
    let ask = |flag, value| server.client(["eval", flag, value, "1"]).show();
    assert_snapshot!(ask("--memory", "513"), @"
    exit 125
    --- stderr
    error: memory_mb is 513, above this server's maximum of 512 (HTTP 400)
    ");
    assert_snapshot!(ask("--timeout", "61"), @"
    exit 125
    --- stderr
    error: timeout_seconds is 61, above this server's maximum of 60 (HTTP 400)
    ");
    assert_snapshot!(ask("--disk", "33"), @"
    exit 125
    --- stderr
    error: disk_mb is 33, above this server's maximum of 32 (HTTP 400)
    ");
    let print =
        |bytes: &str| server.client(["eval", &format!("print('x' * {bytes})\nNone")]).show();
    let cut = print("1_500_000");
    assert!(cut.contains("left out") && cut.starts_with("exit 125\n"), "{}", cut.len());
    let ended = print("3_000_000");
    assert!(
        ended.ends_with("Error: wrote more than 2097152 bytes to one stream\n"),
        "{}",
        ended.len()
    );
}
