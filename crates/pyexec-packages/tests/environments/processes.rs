//! Several processes that have the same folder open, and processes that are killed.

use crate::support::{Dist, Index, Store, Tool, newest, obtain, run, tools};
use pyexec_packages::{Environments, EnvironmentsOptions, Phase};
use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

const STORE: &str = "PYEXEC_TEST_STORE";
const WHEELS: &str = "PYEXEC_TEST_WHEELS";
const TOOL: &str = "PYEXEC_TEST_TOOL";

/// This test program again, as [`child`].
fn spawn(store: &Path, index: &Index, tool: Tool) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "processes::child", "--ignored", "--nocapture", "--test-threads=1"])
        .env(STORE, store)
        .env(WHEELS, index.wheels())
        .env(TOOL, format!("{tool:?}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "run by the other tests, as a process of its own"]
fn child() {
    let (Some(store), Some(wheels)) = (env::var_os(STORE), env::var_os(WHEELS)) else { return };
    let tool = if env::var(TOOL).as_deref() == Ok("Uv") { Tool::Uv } else { Tool::Pip };
    let environments = Environments::open(store, EnvironmentsOptions::new()).unwrap();
    let installer = Index::at(Path::new(&wheels)).installer(tool);
    println!("ready");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let (environment, phases) = obtain(&environments, &installer, &["both"]);
    let environment = environment.unwrap();
    println!("phases {phases:?}");
    // Held until the parent has seen it.
    line.clear();
    std::io::stdin().read_line(&mut line).unwrap();
    drop(environment);
}

fn index() -> Index {
    Index::new(&[Dist::wheel("both", "1.0").requires("one"), Dist::wheel("one", "1.0")])
}

/// The first line that begins so.
fn wait_for(child: &mut BufReader<&mut std::process::ChildStdout>, begin: &str) -> String {
    for line in child.lines() {
        let line = line.unwrap();
        // The test program itself writes to the same stream.
        if let Some(at) = line.find(begin) {
            return line[at..].to_owned();
        }
    }
    panic!("no {begin}");
}

#[test]
fn two_processes_build_once() {
    let index = index();
    for tool in tools() {
        let store = Store::new();
        let mut children = [0; 2].map(|_| spawn(&store.path(), &index, tool));
        let mut outputs = children.each_mut().map(|c| c.stdout.take().unwrap());
        let mut readers = outputs.each_mut().map(BufReader::new);
        for reader in &mut readers {
            wait_for(reader, "ready");
        }
        for child in &mut children {
            child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
        }
        let phases = readers.each_mut().map(|reader| wait_for(reader, "phases"));
        let built = phases.iter().filter(|phases| phases.contains("Installing")).count();
        assert_eq!(built, 1, "{phases:?}");
        // What they use is in use here, too.
        assert!(store.environments.list().unwrap()[0].in_use);
        let everything = pyexec_packages::Prune::Everything;
        assert_eq!(store.environments.prune(everything).unwrap().environments, 0);
        for child in &mut children {
            child.stdin.as_mut().unwrap().write_all(b"end\n").unwrap();
            assert!(child.wait().unwrap().success());
        }
        assert_eq!(store.environments.prune(everything).unwrap().environments, 1);
        store.assert_tidy();
    }
}

#[test]
fn whoever_is_killed_leaves_nothing_half_made() {
    let index = index();
    for tool in tools() {
        let store = Store::new();
        let began = std::time::Instant::now();
        drop(store.obtain(&index.installer(tool), &["both"]).unwrap());
        let whole = began.elapsed();
        let (mut interrupted, mut complete) = (0, 0);
        // pip takes a hundred times as long as uv.
        let rounds = if tool == Tool::Uv { 16 } else { 8 };
        for round in 0..rounds {
            store.environments.prune(pyexec_packages::Prune::Everything).unwrap();
            let mut child = spawn(&store.path(), &index, tool);
            let mut output = child.stdout.take().unwrap();
            wait_for(&mut BufReader::new(&mut output), "ready");
            child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
            // Spread over all that it does, and a little more.
            std::thread::sleep(whole.mul_f64(f64::from(round) / f64::from(rounds - 2)));
            child.kill().unwrap();
            child.wait().unwrap();
            // Its installer may go on for a while; then it is another's to clear away.
            let environments = store.reopened();
            assert_eq!(environments.opened().damaged, []);
            interrupted += environments.opened().interrupted;
            complete += environments.opened().environments;
            let (obtained, phases) = obtain(&environments, &index.installer(tool), &["both"]);
            let obtained = obtained.unwrap();
            assert!(!phases.iter().any(|phase| matches!(phase, Phase::Rebuilding { .. })));
            let code = "import both, one; print(both.VERSION, one.VERSION)";
            assert_eq!(run(newest(), &obtained, code), "1.0 1.0");
        }
        assert!(interrupted > 0 || complete < 8, "nothing was interrupted");
        sweep(&store);
        store.assert_tidy();
    }
}

/// Opens the folder until no installer that lost its parent has anything there any more.
fn sweep(store: &Store) {
    for _ in 0..600 {
        store.reopened();
        let staging = store.path().join("staging");
        if std::fs::read_dir(staging).unwrap().count() == 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
