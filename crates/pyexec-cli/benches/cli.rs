//! `cargo bench -p pyexec-cli --bench cli`: whole processes, from their start to their end:
//! `pyexec --version` beside `true`, and `pyexec run hello.py` on this machine beside
//! `python3 hello.py` by the same interpreter, alternating in one run. Prints medians, and the
//! ratios, which are what carries over between machines. `-- --quick` for fewer rounds.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark")]

#[cfg(all(feature = "local", target_os = "linux"))]
fn main() {
    linux::main();
}

#[cfg(not(all(feature = "local", target_os = "linux")))]
fn main() {
    println!("local mode needs Linux and the feature `local`");
}

#[cfg(all(feature = "local", target_os = "linux"))]
mod linux {
    use pyexec_sandbox::{Interpreter, discover};
    use std::{
        fs,
        process::{Command, Stdio},
        time::{Duration, Instant},
    };

    const ROUNDS: [usize; 2] = [200, 20];
    const WARM_UP: usize = 3;
    const HELLO: &str = "print('Hello, world!')\n";
    /// What is run where nobody asks for a version.
    const USUAL: &str = "3.12";

    pub(crate) fn main() {
        let arguments: Vec<_> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
        let rounds = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => ROUNDS[0],
            ["--quick"] => ROUNDS[1],
            _ => panic!("the only option is --quick"),
        };
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("hello.py"), HELLO).unwrap();
        let in_folder = |program: &str, args: &[&str]| {
            let mut command = Command::new(program);
            command.args(args).current_dir(folder.path()).stdin(Stdio::null());
            // No profile, and no server that somebody has.
            command.env("XDG_CONFIG_HOME", folder.path());
            for name in ["PYEXEC_SERVER", "PYEXEC_PROFILE", "PYTHONUNBUFFERED"] {
                command.env_remove(name);
            }
            command
        };
        let pyexec = env!("CARGO_BIN_EXE_pyexec");
        println!("whole processes, medians of {rounds} rounds; less is better");
        compare(
            rounds,
            ("pyexec --version", in_folder(pyexec, &["--version"])),
            ("true", in_folder("true", &[])),
        );
        let interpreters = discover();
        let is_usual = |found: &&Interpreter| found.version().to_string() == USUAL;
        let python = interpreters.iter().find(is_usual).or(interpreters.first()).unwrap();
        let python = python.executable().to_str().unwrap();
        compare(
            rounds,
            ("pyexec run hello.py", in_folder(pyexec, &["run", "hello.py"])),
            (python, in_folder(python, &["hello.py"])),
        );
    }

    fn compare(
        rounds: usize,
        (ours, mut our_command): (&str, Command),
        (theirs, mut their_command): (&str, Command),
    ) {
        let mut times = [Vec::new(), Vec::new()];
        for round in 0..rounds + WARM_UP {
            let pair = [took(&mut our_command), took(&mut their_command)];
            if round >= WARM_UP {
                times.iter_mut().zip(pair).for_each(|(times, took)| times.push(took));
            }
        }
        let [our_median, their_median] = times.map(median);
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        let (our_median, their_median) = (milliseconds(our_median), milliseconds(their_median));
        println!("  {ours:<20} {our_median:8.2} ms");
        println!("  {theirs:<20} {their_median:8.2} ms");
        println!(
            "    ours / theirs {:.2}, {:.2} ms more",
            our_median / their_median,
            our_median - their_median
        );
    }

    fn took(command: &mut Command) -> Duration {
        let before = Instant::now();
        let output = command.output().unwrap();
        let took = before.elapsed();
        assert!(output.status.success(), "{output:?}");
        took
    }

    fn median(mut times: Vec<Duration>) -> Duration {
        times.sort();
        times[times.len() / 2]
    }
}
