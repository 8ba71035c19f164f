//! `cargo bench -p pyexec-sandbox --bench packages`: what packages cost an execution, beside the
//! bare interpreter with the same packages, alternating in one run, so that whatever else the
//! machine does hits all alike. The ratios are what carries over between machines. `-- --quick`
//! for fewer rounds. Takes numpy and colorama from the configured package index.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark")]

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("the sandbox needs Linux");
}

#[cfg(target_os = "linux")]
mod linux {
    use pyexec_archive::{
        Archive,
        read::{ReadOptions, canonicalize},
    };
    use pyexec_sandbox::{
        Captured, Environment, Interpreter, Job, Preload, Sandbox, SandboxOptions, Start, Stop,
        discover,
    };
    use std::{
        fs,
        os::unix::fs::PermissionsExt,
        process::{Command, Stdio},
        time::{Duration, Instant},
    };
    use tempfile::TempDir;

    const NOTHING: &str = "print(1)";
    const COLORAMA: &str = "import colorama; print(1)";
    const NUMPY: &str = "import numpy; print(1)";
    const ROUNDS: [usize; 2] = [100, 20];
    /// For the pool to make the next one ready: what is timed is the execution.
    const PAUSE: Duration = Duration::from_millis(50);

    /// Name, and how it is run once.
    type Contender<'a> = (&'static str, Box<dyn Fn() + 'a>);

    pub(super) fn main() {
        let quick = std::env::args().any(|argument| argument == "--quick");
        let rounds = ROUNDS[usize::from(quick)];
        let interpreter = discover().remove(0);
        let folder = match installed(&interpreter) {
            Ok(folder) => folder,
            Err(why) => return println!("skipped: numpy and colorama can't be had here: {why}"),
        };
        let environment = Environment::open(folder.path()).unwrap();
        let usual = Sandbox::start(options(&interpreter)).unwrap();
        let preloads =
            vec![Preload::new(interpreter.version(), environment.clone(), ["numpy", "colorama"])];
        let preloaded =
            Sandbox::start(SandboxOptions { preloads, ..options(&interpreter) }).unwrap();
        await_preload(&preloaded, &interpreter, &environment);

        let version = interpreter.version();
        let with = |code, start, packages: Option<&Environment>| Job {
            start,
            environment: packages.cloned(),
            ..job(&interpreter, code)
        };
        let copy = |code, packages| {
            let usual = &usual;
            Box::new(move || run(usual, with(code, Start::Zygote, packages)))
        };
        let packages = Some(&environment);
        let contenders: [Contender<'_>; 9] = [
            ("bare, nothing", Box::new(|| bare(&interpreter, &folder, NOTHING))),
            ("bare, colorama", Box::new(|| bare(&interpreter, &folder, COLORAMA))),
            ("bare, numpy", Box::new(|| bare(&interpreter, &folder, NUMPY))),
            ("sandbox, no packages", copy(NOTHING, None)),
            ("sandbox, packages attached", copy(NOTHING, packages)),
            ("sandbox, colorama", copy(COLORAMA, packages)),
            ("sandbox, numpy", copy(NUMPY, packages)),
            (
                "sandbox, numpy, strict",
                Box::new(|| run(&usual, with(NUMPY, Start::Strict, packages))),
            ),
            (
                "sandbox, numpy, preloaded",
                Box::new(|| run(&preloaded, with(NUMPY, Start::Zygote, packages))),
            ),
        ];
        let mut samples = vec![Vec::new(); contenders.len()];
        for _ in 0..rounds {
            for ((_, run), samples) in contenders.iter().zip(&mut samples) {
                std::thread::sleep(PAUSE);
                let before = Instant::now();
                run();
                samples.push(before.elapsed().as_secs_f64() * 1000.0);
            }
        }
        println!("Python {version}, {rounds} rounds; medians, and the slowest tenth from");
        let mut medians = Vec::new();
        for ((name, _), mut samples) in contenders.iter().zip(samples) {
            samples.sort_by(f64::total_cmp);
            let median = samples[samples.len() / 2];
            println!("{name:32}{median:>10.2} ms{:>10.2} ms", samples[samples.len() * 9 / 10]);
            medians.push(median);
        }
        let goal = |text: &str, value: f64, most: f64| {
            let word = if value <= most { "met" } else { "MISSED" };
            println!("goal {word}: {text}: {value:.2}, at most {most}");
        };
        goal("attaching packages, in ms", medians[4] - medians[3], 2.0);
        goal("colorama beside bare", medians[5] / medians[1], 1.2);
        goal("numpy beside bare", medians[6] / medians[2], 1.2);
        goal("numpy preloaded beside bare", medians[8] / medians[2], 0.15);
    }

    fn options(interpreter: &Interpreter) -> SandboxOptions {
        let version = interpreter.version();
        SandboxOptions { warm: vec![version], ready: 2, ..SandboxOptions::default() }
    }

    fn await_preload(sandbox: &Sandbox, interpreter: &Interpreter, environment: &Environment) {
        let before = Instant::now();
        let code = "import sys; print(1 if 'numpy' in sys.modules else 2)";
        loop {
            let mut output = Captured::default();
            let job = Job { environment: Some(environment.clone()), ..job(interpreter, code) };
            sandbox.run(job, &mut output, &Stop::new().unwrap()).unwrap();
            if output.stdout == b"1\n" {
                return;
            }
            let states: Vec<_> = sandbox.preloads().map(|(_, state)| state).collect();
            assert!(before.elapsed().as_secs() < 60, "{states:?}");
        }
    }

    fn job(interpreter: &Interpreter, code: &str) -> Job {
        let archive = Archive::from_map([("main.py", code)]).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        canonicalize(archive.open(), &mut file, &ReadOptions::default()).unwrap();
        Job::new(file.into(), interpreter.version(), "main.py")
    }

    fn run(sandbox: &Sandbox, job: Job) {
        let wanted = job.start;
        let mut output = Captured::default();
        let finished = sandbox.run(job, &mut output, &Stop::new().unwrap()).unwrap();
        assert_eq!((output.stdout.as_slice(), finished.start), (&b"1\n"[..], wanted));
    }

    fn bare(interpreter: &Interpreter, packages: &TempDir, code: &str) {
        let output = Command::new(interpreter.executable())
            .args(["-c", code])
            .env("PYTHONPATH", packages.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.stdout, b"1\n", "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// With compiled modules, as `pip` leaves them.
    fn installed(interpreter: &Interpreter) -> Result<TempDir, String> {
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let output = Command::new(interpreter.executable())
            .args(["-m", "pip", "install", "--quiet", "--only-binary=:all:", "--target"])
            .arg(folder.path())
            .args(["numpy", "colorama"])
            .output()
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(folder);
        }
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
