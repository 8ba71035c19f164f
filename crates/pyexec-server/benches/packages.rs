//! `cargo bench -p pyexec-server --bench packages`: what requests that name packages take, the
//! first of each kind and those after it, beside what does the same without us: `pip install` and a
//! run, `uv run --with` where there is a uv (`PYEXEC_TEST_UV`, else on the `PATH`), and the bare
//! interpreter with the package installed. All alternate in one run, so that whatever else the
//! machine does hits all alike; the ratios are what carries over between machines. `-- --quick`
//! for fewer rounds. Takes colorama and numpy from the configured package index.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark")]

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("the server needs Linux");
}

#[cfg(target_os = "linux")]
mod linux {
    use pyexec_blocking::Client;
    use pyexec_core::{Archive, types::Metadata};
    use pyexec_sandbox::{Interpreter, SandboxOptions, discover};
    use pyexec_server::{EmbeddedServer, PackageInstaller, PackageOptions, ServerConfig};
    use std::{
        env, fs,
        path::{Path, PathBuf},
        process::{Command, Output, Stdio},
        thread,
        time::{Duration, Instant},
    };
    use tempfile::TempDir;

    const NOTHING: &str = "print(1)";
    const COLORAMA: &str = "import colorama; print(1)";
    const NUMPY: &str = "import numpy; print(1)";
    const PACKAGES: [(&str, &str); 2] = [("colorama", COLORAMA), ("numpy", NUMPY)];

    /// Of those that install, and of those that find what is installed.
    const ROUNDS: [(usize, usize); 2] = [(3, 60), (1, 10)];
    /// For the pool to make the next sandbox ready: what is timed is the request.
    const PAUSE: Duration = Duration::from_millis(50);
    /// Of whatever has to be ready first.
    const PATIENCE: Duration = Duration::from_secs(120);

    /// Name, how it is prepared, which isn't timed, and how it is run once.
    struct Contender<'a> {
        name: String,
        run: Box<dyn FnMut() -> Duration + 'a>,
        samples: Vec<f64>,
    }

    impl<'a> Contender<'a> {
        fn new(name: impl Into<String>, run: impl FnMut() -> Duration + 'a) -> Self {
            Self { name: name.into(), run: Box::new(run), samples: Vec::new() }
        }

        fn timed(name: impl Into<String>, mut run: impl FnMut() + 'a) -> Self {
            Self::new(name, move || time(&mut run))
        }
    }

    pub(super) fn main() {
        let arguments: Vec<_> = env::args().skip(1).filter(|it| it != "--bench").collect();
        let (first, second) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => ROUNDS[0],
            ["--quick"] => ROUNDS[1],
            _ => panic!("the only option is --quick"),
        };
        let Some((python, installed)) = supplied() else {
            return println!("SKIPPED, all of it: no interpreter here gets colorama and numpy");
        };
        let uv = uv(&python);
        println!("Python {}, {}", python.version(), uv.as_ref().map_or("no uv", |_| "pip and uv"));
        firsts(&python, uv.as_deref(), first);
        seconds(&python, &installed, uv.as_deref(), second);
    }

    /// Requests for packages that were never asked for.
    fn firsts(python: &Interpreter, uv: Option<&Path>, rounds: usize) {
        println!("\nfirst requests, into empty folders, {rounds} rounds");
        let mut contenders = Vec::new();
        for (package, code) in PACKAGES {
            contenders.push(Contender::new(format!("exec/sync, {package}, by pip"), move || {
                let served = Served::start(python, PackageInstaller::Pip, &[]);
                time(|| served.run(package, code))
            }));
            if let Some(uv) = uv {
                contenders.push(Contender::new(
                    format!("exec/sync, {package}, by uv"),
                    move || {
                        let served =
                            Served::start(python, PackageInstaller::Uv(uv.to_owned()), &[]);
                        time(|| served.run(package, code))
                    },
                ));
            }
            contenders.push(Contender::new(format!("pip install {package}, run"), move || {
                let folder = folder();
                time(|| {
                    let output = pip_install(python, folder.path(), &[package]);
                    assert!(output.status.success(), "{output:?}");
                    bare(python, folder.path(), code);
                })
            }));
            if let Some(uv) = uv {
                contenders.push(Contender::new(format!("uv run --with {package}"), move || {
                    let cache = folder();
                    time(|| uv_run(uv, python, cache.path(), package, code).unwrap())
                }));
            }
        }
        alternate(&mut contenders, rounds);
        let medians = print(contenders);
        let others = medians.len() / PACKAGES.len();
        for ((package, _), of_package) in PACKAGES.iter().zip(medians.chunks(others)) {
            let pip = if uv.is_some() { of_package[2] } else { of_package[1] };
            println!("{package}, by pip / pip install and run: {:.2}", of_package[0] / pip);
            if uv.is_some() {
                println!("{package}, by uv / uv run: {:.2}", of_package[1] / of_package[3]);
            }
        }
    }

    /// Requests for packages that are there.
    fn seconds(python: &Interpreter, installed: &TempDir, uv: Option<&Path>, rounds: usize) {
        println!("\nsecond requests and those after them, {rounds} rounds");
        let served = Served::start(python, PackageInstaller::Pip, &[]);
        let preloaded = Served::start(python, PackageInstaller::Pip, &["numpy"]);
        for (package, code) in PACKAGES {
            served.run(package, code);
        }
        preloaded.await_preload("numpy");
        let shipped = shipped(installed.path());
        let cache = folder();
        let mut contenders = vec![
            Contender::timed("bare, nothing", || bare(python, installed.path(), NOTHING)),
            Contender::timed("bare, colorama", || bare(python, installed.path(), COLORAMA)),
            Contender::timed("bare, numpy", || bare(python, installed.path(), NUMPY)),
            Contender::timed("exec/sync, no packages", || served.run("", NOTHING)),
            Contender::timed("… colorama, not imported", || served.run("colorama", NOTHING)),
            Contender::timed("… colorama, imported", || served.run("colorama", COLORAMA)),
            Contender::timed("… colorama in its archive", || served.send(&shipped, "")),
            Contender::timed("… numpy", || served.run("numpy", NUMPY)),
            Contender::timed("… numpy, preloaded", || preloaded.run("numpy", NUMPY)),
        ];
        if let Some(uv) = uv {
            for (package, code) in PACKAGES {
                uv_run(uv, python, cache.path(), package, code).unwrap();
                let run = || uv_run(uv, python, cache.path(), package, code).unwrap();
                contenders.push(Contender::timed(format!("uv run --with {package}"), run));
            }
        }
        alternate(&mut contenders, rounds);
        let medians = print(contenders);
        let [_, _, numpy_bare, none, attached, colorama, archived, numpy, ready, ..] = medians[..]
        else {
            unreachable!("nine at least");
        };
        println!("colorama imported beyond no packages, in ms: {:.2}", colorama - none);
        if let [.., colorama_by_uv, numpy_by_uv] = medians[9..] {
            println!("colorama / uv run: {:.2}", colorama / colorama_by_uv);
            println!("numpy / uv run: {:.2}", numpy / numpy_by_uv);
        }
        goal("colorama beyond no packages, in ms, neither imports it", attached - none, 2.0);
        goal("colorama beyond the same in its archive, in ms", colorama - archived, 2.0);
        goal("numpy beside bare", numpy / numpy_bare, 1.2);
        goal("numpy preloaded beside bare", ready / numpy_bare, 0.15);
    }

    fn goal(text: &str, value: f64, most: f64) {
        let word = if value <= most { "met" } else { "MISSED" };
        println!("goal {word}: {text}: {value:.2}, at most {most}");
    }

    fn alternate(contenders: &mut [Contender<'_>], rounds: usize) {
        for _ in 0..rounds {
            for contender in &mut *contenders {
                thread::sleep(PAUSE);
                let took = (contender.run)();
                contender.samples.push(took.as_secs_f64() * 1000.0);
            }
        }
    }

    /// Says the medians, and gives them back.
    fn print(contenders: Vec<Contender<'_>>) -> Vec<f64> {
        println!("{:32}{:>13}{:>13}", "", "median", "least");
        let median = |Contender { name, mut samples, .. }: Contender<'_>| {
            samples.sort_by(f64::total_cmp);
            let median = samples[samples.len() / 2];
            println!("{name:32}{median:>10.2} ms{:>10.2} ms", samples[0]);
            median
        };
        contenders.into_iter().map(median).collect()
    }

    fn time(work: impl FnOnce()) -> Duration {
        let before = Instant::now();
        work();
        before.elapsed()
    }

    fn folder() -> TempDir {
        tempfile::tempdir_in("/var/tmp").unwrap()
    }

    /// A server with an empty folder for packages, and a copy of the interpreter that waits.
    struct Served {
        client: Client,
        _server: EmbeddedServer,
        _folder: TempDir,
    }

    impl Served {
        fn start(python: &Interpreter, installer: PackageInstaller, preload: &[&str]) -> Self {
            let folder = folder();
            let packages = PackageOptions {
                folder: Some(folder.path().join("environments")),
                installer,
                preload: preload.iter().map(ToString::to_string).collect(),
                ..PackageOptions::default()
            };
            let config = ServerConfig {
                packages,
                default_image: Some(format!("python:{}", python.version())),
                ..ServerConfig::default()
            };
            let sandbox = SandboxOptions {
                warm: vec![python.version()],
                ready: 2,
                ..SandboxOptions::default()
            };
            let server = EmbeddedServer::start_with(config, sandbox).unwrap();
            let client = Client::builder(server.url()).bearer_token(server.token());
            let served = Self { client: client.build().unwrap(), _server: server, _folder: folder };
            for _ in 0..5 {
                served.run("", NOTHING);
                thread::sleep(PAUSE);
            }
            served
        }

        fn run(&self, requirements: &str, code: &str) {
            self.send(&Archive::from_map([("main.py", code)]).unwrap(), requirements);
        }

        fn send(&self, archive: &Archive, requirements: &str) {
            assert_eq!(self.output(archive, requirements), "1\n");
        }

        fn output(&self, archive: &Archive, requirements: &str) -> String {
            let metadata =
                Metadata { requirements_txt: requirements.into(), ..Metadata::new("main.py") };
            let result = self.client.execute_sync(archive, &metadata).unwrap();
            assert_eq!(result.exit_code, 0, "{result:?}");
            result.stdout
        }

        fn await_preload(&self, module: &str) {
            let before = Instant::now();
            let code = format!("import sys; print('{module}' in sys.modules)");
            let archive = Archive::from_map([("main.py", code.as_str())]).unwrap();
            while self.output(&archive, module) != "True\n" {
                assert!(before.elapsed() < PATIENCE, "{module} was never preloaded");
                thread::sleep(PAUSE);
            }
        }
    }

    /// An archive that brings colorama along, compiled as in an environment.
    fn shipped(installed: &Path) -> Archive {
        let mut builder = Archive::builder();
        builder.add_bytes("main.py", COLORAMA).unwrap();
        for folder in ["colorama", "colorama/__pycache__"] {
            for entry in fs::read_dir(installed.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    let name = path.file_name().unwrap().to_str().unwrap();
                    builder
                        .add_bytes(format!("{folder}/{name}"), fs::read(&path).unwrap())
                        .unwrap();
                }
            }
        }
        builder.build()
    }

    fn bare(python: &Interpreter, packages: &Path, code: &str) {
        let mut command = Command::new(python.executable());
        command.args(["-c", code]).env("PYTHONPATH", packages).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert_eq!(output.stdout, b"1\n", "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn uv_run(
        uv: &Path,
        python: &Interpreter,
        cache: &Path,
        package: &str,
        code: &str,
    ) -> Result<(), String> {
        let mut command = Command::new(uv);
        command.args(["run", "--no-project", "--quiet", "--with", package, "--python"]);
        command.arg(python.executable()).args(["python", "-c", code]);
        // An empty folder: nothing of a project around this one.
        command.current_dir(cache).env("UV_CACHE_DIR", cache.join("cache")).stdin(Stdio::null());
        let output = command.output().map_err(|error| error.to_string())?;
        match output.stdout == b"1\n" {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    fn pip_install(python: &Interpreter, folder: &Path, packages: &[&str]) -> Output {
        let mut command = Command::new(python.executable());
        command.args(["-m", "pip", "install", "--quiet", "--no-cache-dir"]);
        command.args(["--only-binary=:all:", "--disable-pip-version-check"]);
        command.args(["--root-user-action=ignore", "--target"]).arg(folder).args(packages);
        command.stdin(Stdio::null()).output().unwrap()
    }

    /// An interpreter for which the index has what is needed, the server's own choice first, and
    /// the packages of its bare one, whose compiled files are valid wherever they lie.
    fn supplied() -> Option<(Interpreter, TempDir)> {
        let mut all = discover();
        all.sort_by_key(|found| found.version().to_string() != "3.12");
        for python in all {
            let folder = folder();
            let output = pip_install(&python, folder.path(), &["colorama", "numpy"]);
            if output.status.success() {
                let mut compile = Command::new(python.executable());
                compile.args(["-m", "compileall", "-q", "-f"]);
                compile.args(["--invalidation-mode", "unchecked-hash"]).arg(folder.path());
                assert!(compile.status().unwrap().success());
                return Some((python, folder));
            }
            let why = String::from_utf8_lossy(&output.stderr);
            println!("without Python {}, which gets no packages:\n{why}", python.version());
        }
        None
    }

    fn uv(python: &Interpreter) -> Option<PathBuf> {
        let named = env::var_os("PYEXEC_TEST_UV").map(PathBuf::from);
        let path = env::var_os("PATH").unwrap_or_default();
        let found = || env::split_paths(&path).map(|it| it.join("uv")).find(|uv| uv.is_file());
        let uv = named.or_else(found)?;
        match uv_run(&uv, python, folder().path(), "colorama", COLORAMA) {
            Ok(()) => Some(uv),
            Err(why) => {
                println!("SKIPPED, what is done by uv: {} can't be used:\n{why}", uv.display());
                None
            }
        }
    }
}
