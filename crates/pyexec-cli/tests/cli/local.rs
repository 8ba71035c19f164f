//! Projects on this machine.

use crate::session::{Session, pyexec};
use insta::assert_snapshot;
use std::{io::Write, net::TcpListener};

const HELLO: &str = "import sys\nprint('hello from', sys.argv)\n";

#[test]
fn a_file() {
    assert_snapshot!(pyexec(["run", "hello.py"]).file("hello.py", HELLO).show(), @"
    exit 0
    --- stdout
    hello from ['/work/hello.py']
    ");
    assert_snapshot!(pyexec(["run", "hello"]).file("hello", HELLO).show(), @"
    exit 0
    --- stdout
    hello from ['/work/hello']
    ");
    assert_snapshot!(
        pyexec(["run", "hello.py", "--", "--fast", "a b"]).file("hello.py", HELLO).show(),
        @"
    exit 0
    --- stdout
    hello from ['/work/hello.py', '--fast', 'a b']
    "
    );
}

#[test]
fn a_directory() {
    let project = pyexec(["run", "project"])
        .file("project/main.py", "from pkg import name\nprint(name)\n")
        .file("project/pkg/__init__.py", "name = 'pkg'\n");
    assert_snapshot!(project.show(), @"
    exit 0
    --- stdout
    pkg
    ");
}

#[test]
fn a_tar() {
    let tar = pyexec_blocking::Archive::from_map([("app/main.py", HELLO), ("setup.py", "")]);
    let tar = tar.unwrap().to_vec().unwrap();
    assert_snapshot!(pyexec(["run", "p.tar"]).file("p.tar", tar).show(), @"
    exit 0
    --- stdout
    hello from ['/work/app/main.py']
    ");
}

#[test]
fn a_compressed_tar() {
    let tar = pyexec_blocking::Archive::from_map([("main.py", HELLO)]).unwrap().to_vec().unwrap();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
    encoder.write_all(&tar).unwrap();
    let compressed = encoder.finish().unwrap();
    assert_snapshot!(pyexec(["run", "p.tar.gz"]).file("p.tar.gz", compressed).show(), @"
    exit 0
    --- stdout
    hello from ['/work/main.py']
    ");
}

#[test]
fn what_of_a_directory_is_not_sent() {
    fn project<const N: usize>(args: [&str; N]) -> Session {
        pyexec(args)
            .file("project/main.py", "import os\nprint(sorted(os.listdir()))\n")
            .file("project/.gitignore", "*.csv\n")
            .file("project/data.csv", "1")
            .file("project/__pycache__/main.pyc", "")
    }
    assert_snapshot!(project(["run", "project"]).show(), @"
    exit 0
    --- stdout
    ['.gitignore', 'main.py']
    ");
    let verbose = project(["run", "-v", "project"]).show();
    let notes: Vec<_> = verbose.lines().filter(|line| line.starts_with("note: not")).collect();
    assert_snapshot!(notes.join("\n"), @r#"
    note: not sent: __pycache__/ (left out by default)
    note: not sent: data.csv (.gitignore has "*.csv")
    "#);
}

#[test]
fn what_may_be_executed_still_may() {
    let session = pyexec(["run", "project"])
        .file("project/main.py", "import subprocess\nsubprocess.run(['./tool.sh'])\n")
        .script("project/tool.sh", "#!/bin/sh\necho from the tool\n");
    assert_snapshot!(session.show(), @"
    exit 0
    --- stdout
    from the tool
    ");
}

#[test]
fn a_link_that_leads_out_of_a_directory() {
    let session = pyexec(["run", "project"]).file("project/main.py", "").link("/etc", "project/l");
    assert_snapshot!(session.show(), @"
    exit 125
    --- stderr
    error: project/l links to /etc, outside the directory
    hint: a line in .pyexecignore leaves the link out
    ");
}

#[test]
fn files_one_by_one() {
    fn project<const N: usize>(args: [&str; N]) -> Session {
        pyexec(args).file("src/run.py", "import h\nprint(h.x)\n").file("lib/h.py", "x = 'helped'\n")
    }
    // Without a main.py it is the first that runs.
    let twice = project(["run", "--file", "src/run.py", "--file", "lib/h.py"]);
    assert_snapshot!(twice.show(), @"
    exit 0
    --- stdout
    helped
    ");
    assert_snapshot!(project(["run", "--file", "src/run.py,lib/h.py", "other.py"]).show(), @"
    exit 0
    --- stdout
    helped
    --- stderr
    note: other.py isn't sent, as --file is given
    ");
}

#[test]
fn piped_code() {
    assert_snapshot!(pyexec(["run"]).stdin(HELLO).show(), @"
    exit 0
    --- stdout
    hello from ['/work/main.py']
    ");
    assert_snapshot!(pyexec(["run", "-", "--", "x"]).stdin(HELLO).show(), @"
    exit 0
    --- stdout
    hello from ['/work/main.py', 'x']
    ");
    let named = pyexec(["run", "hello.py"]).file("hello.py", HELLO).stdin("print('not me')");
    assert_snapshot!(named.show(), @"
    exit 0
    --- stdout
    hello from ['/work/hello.py']
    ");
}

#[test]
fn output_goes_where_it_belongs_byte_for_byte() {
    let code = "import sys\nprint('out', end='')\nprint('err', end='', file=sys.stderr)\n";
    assert_snapshot!(pyexec(["run"]).stdin(code).show(), @"
    exit 0
    --- stdout
    out<no newline>
    --- stderr
    err<no newline>
    ");
    assert_snapshot!(pyexec(["run", "-v"]).stdin(code).show(), @"
    exit 0
    --- stdout
    out<no newline>
    --- stderr
    Execution ID: exe_ID
    Status: completed
    Duration: Nms
    Server: local
    ---
    err<no newline>
    ");
    assert_snapshot!(pyexec(["run", "-q"]).stdin(code).show(), @"
    exit 0
    --- stdout
    out<no newline>
    ");
    let fails = format!("{code}sys.exit(3)\n");
    assert_snapshot!(pyexec(["run", "-q"]).stdin(fails).show(), @"exit 3");
}

#[test]
fn variables() {
    let code = "import os\nprint(os.environ['A'], os.environ['B'], os.environ.get('SECRET'))\n";
    let session = pyexec(["run", "-e", "A", "--env", "B=x y=z"]);
    assert_snapshot!(session.env("A", "here").env("SECRET", "s").stdin(code).show(), @"
    exit 0
    --- stdout
    here x y=z None
    ");
}

#[test]
fn an_entrypoint() {
    let project =
        |name| pyexec(["run", ".", "--entrypoint", name]).file("main.py", "").file("b.py", HELLO);
    assert_snapshot!(project("b.py").show(), @"
    exit 0
    --- stdout
    hello from ['/work/b.py']
    ");
    assert_snapshot!(project("c.py").show(), @"
    exit 2
    --- stderr
    error: --entrypoint c.py: there is no such file in what is sent
    hint: there are b.py, main.py
    ");
}

#[test]
fn what_the_server_within_refuses() {
    let session = pyexec(["run", "--requirements", "r.txt"]).file("r.txt", "six\n-e .\n");
    assert_snapshot!(session.stdin(HELLO).show(), @"
    exit 125
    --- stderr
    error: requirements_txt: line 2 of the requirements, `-e .`: -e installs from a folder or a repository, which isn't done; name a distribution of an index, or send the code along with the script (HTTP 400)
    ");
    assert_snapshot!(pyexec(["run", "--image", "ubuntu"]).stdin(HELLO).show(), @r#"
    exit 125
    --- stderr
    error: docker_image "ubuntu" can't be used: this server runs python:X.Y images only, in its own sandbox (HTTP 400)
    "#);
}

#[test]
fn the_network_is_off_unless_asked_for() {
    let service = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = service.local_addr().unwrap().port();
    let code =
        format!("import socket\nprint(socket.socket().connect_ex(('127.0.0.1', {port})) == 0)\n");
    assert_snapshot!(pyexec(["run"]).stdin(code.as_str()).show(), @"
    exit 0
    --- stdout
    False
    ");
    assert_snapshot!(pyexec(["run", "--network"]).stdin(code.as_str()).show(), @"
    exit 0
    --- stdout
    True
    --- stderr
    warning: the script shares this machine's network
    ");
    assert_snapshot!(pyexec(["run", "--network=false"]).stdin(code.as_str()).show(), @"
    exit 0
    --- stdout
    False
    ");
}
