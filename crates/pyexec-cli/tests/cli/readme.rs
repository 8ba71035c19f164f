//! What the READMEs have people type, typed.

use crate::{examples::shell, served::Served};
use std::{fs, path::Path};

const TOKEN: &str = "s3cret";

/// The blocks of one kind in a README.
fn blocks(path: &str, kind: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = fs::read_to_string(path).unwrap();
    let begin = format!("```{kind}\n");
    text.split(&begin).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// Runs a block: a server that it begins with as well, else one of ours in place of a server that
/// it names. Returns what it printed.
fn run(block: &str) -> String {
    let (servers, lines): (Vec<_>, Vec<_>) =
        block.lines().partition(|line| line.contains("pyexec serve"));
    let start = match servers.as_slice() {
        [] => format!("PYEXEC_TOKEN={TOKEN} pyexec serve"),
        [server] => (*server).to_owned(),
        several => panic!("{several:?}"),
    };
    // Nobody else is to reach it, and the port may be taken.
    let start = start.replace("0.0.0.0", "127.0.0.1").replace("--port 8080", "--port 0");
    let (variables, serve) = start.split_once("pyexec serve").unwrap();
    let start = format!("exec env {variables} PYEXEC_PORT=0 pyexec serve{serve}");
    let server = Served::start(shell(&start));
    let script = lines.join("\n").replace('…', TOKEN);
    let script = ["http://pyexec.example.com", "http://127.0.0.1:8080"]
        .iter()
        .fold(script, |script, url| script.replace(url, server.url()));
    // Whatever it starts in the background isn't to be left there.
    let script = format!("set -e\n{script}\npyexec local stop --now >&2");
    let args = include_str!("../../../../examples/python/args.py");
    let mut session = shell(&script)
        .file("examples/python/args.py", args)
        .file("my-project/main.py", "import sys\nprint('project', *sys.argv[1:])\n");
    let output = session.output();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{script}\n{stdout}\n{stderr}");
    stdout
}

#[test]
fn blocks_of_the_project() {
    let blocks = blocks("../../README.md", "sh");
    let of_ours: Vec<_> = blocks.iter().filter(|block| !block.starts_with("cargo ")).collect();
    let printed: Vec<_> = of_ours.iter().map(|block| run(block)).collect();
    assert_eq!(printed.len(), 4, "{printed:?}");
    assert!(printed[0].starts_with("['one', 'two']\n1024\n4.0\nok   kernel"), "{}", printed[0]);
    assert_eq!(printed[1], "script\nscript\n");
    assert!(printed[2].ends_with("\nscript\nthe local server has ended\n"), "{}", printed[2]);
    assert_eq!(printed[3], "");
}

#[test]
fn sessions_of_the_command() {
    let blocks = blocks("README.md", "console");
    assert_eq!(blocks.len(), 2);
    let printed = blocks.iter().map(|block| {
        let typed: Vec<_> = block.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
        run(&typed.join("\n"))
    });
    assert_eq!(printed.collect::<Vec<_>>(), ["4\nproject --fast\nscript\n", "project\n"]);
    assert!(blocks[0].starts_with("$ pyexec eval '2 + 2'\n4\n"));
}

#[test]
fn profiles() {
    let of_both: Vec<_> =
        ["../../README.md", "README.md"].iter().map(|path| blocks(path, "toml")).collect();
    assert_eq!(of_both[0], of_both[1], "the same in both");
    let [config] = of_both[0].as_slice() else { panic!("{of_both:?}") };
    let shown =
        shell("pyexec config show; pyexec config show --profile work").config(config).show();
    for expected in [
        "timeout  60       profile default\n",
        "server   https://pyexec.example.com  profile work\n",
        "FOLDER/.config/pyexec/work-token\n",
    ] {
        assert!(shown.contains(expected), "{shown}");
    }
}
