//! Every example runs against a real server and prints what its page says.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use pyexec_server::EmbeddedServer;
use std::process::Command;

fn run(program: &str) -> String {
    let server = EmbeddedServer::start().unwrap();
    let url = server.url().replace("http://", &format!("http://x:{}@", server.token()));
    let output = Command::new(program).env("PYEXEC_SERVER", url).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

macro_rules! prints {
    ($($name:ident: $expected:expr,)*) => {$(
        #[test]
        fn $name() {
            assert_eq!(run(env!(concat!("CARGO_BIN_EXE_", stringify!($name)))), $expected);
        }
    )*};
}

const EVAL: &str = "result Some(\"4\"), stdout \"\"\n\
    result Some(\"50\"), stdout \"\"\n\
    result Some(\"4.0\"), stdout \"\"\n\
    result None, stdout \"only printed\\n\"\n";

const DIRECTORY: &str = "    37 main.py
     0 data
     4 data/small.csv
2 files, 41 bytes
not sent: .env (hidden)
not sent: .gitignore (hidden)
not sent: data/large.csv (.gitignore has \"large.csv\")
key b1e4211699a4f6a1b220ee5904dcc1357fe4e12bf347db16c986dfd809f36474
";

prints! {
    new_client: "blocking: ok\nasync: ok\n",
    archive_from_map: "lib/words.py (16 bytes)\nmain.py (41 bytes)\n3072 bytes as a tar\n",
    archive_directory: DIRECTORY,
    detect_entrypoint: "app/main.py\nSome(\"pkg/__main__.py\")\nNone\n",
    hello_async: "Hello, world!\n",
    hello_blocking: "Hello, world!\n",
    arguments_async: "['--name', 'Ada'] with exit code 0\n",
    arguments_blocking: "['--name', 'Ada'] with exit code 0\n",
    two_files_async: "Hello, world!\n",
    two_files_blocking: "Hello, world!\n",
    submit_and_poll_async: "over already? false\ncompleted: done\n",
    submit_and_poll_blocking: "over already? false\ncompleted: done\n",
    events_async: "0\n1\n2\n3\n4\nexit code 0\n",
    events_blocking: "0\n1\n2\n3\n4\nexit code 0\n",
    kill_guard_async: "gave up: true\nkilled: true\n",
    kill_guard_blocking: "gave up: true\nkilled: true\n",
    eval_async: EVAL,
    eval_blocking: EVAL,
}
