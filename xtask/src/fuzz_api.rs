//! Asks a running server everything that its own description allows, and much that it doesn't.

use std::{
    error::Error,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};
use xshell::{Cmd, Shell, cmd};

/// The version that the project was last tested with.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// Left out, for what no schema can say: whether an archive holds the entrypoint beside it, that
/// `null`, zero and nothing are one, and that what was killed can still be asked for.
const NOT_CHECKED: &str = "positive_data_acceptance,negative_data_rejection,use_after_free";

const TOKEN: &str = "of-the-fuzzer";

#[derive(clap::Args)]
pub(crate) struct FuzzApi {
    /// Cases for each operation and phase
    #[arg(long, default_value_t = 30)]
    examples: u32,
    /// The same number, the same cases
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

pub(crate) fn fuzz_api(shell: &Shell, wanted: &FuzzApi) -> Result<(), Box<dyn Error>> {
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".into());
    let schemathesis = installed(shell, &target)?;
    cmd!(shell, "cargo build --quiet -p pyexec-cli").run()?;
    // No index is to be asked for what is made up here.
    let serve = cmd!(shell, "{target}/debug/pyexec serve --port 0 --installer none");
    let server = Server::start(serve)?;
    let location = format!("{}/docs/doc.json", server.address);
    let (examples, seed) = (wanted.examples.to_string(), wanted.seed.to_string());
    let authorization = format!("Authorization: Bearer {TOKEN}");
    let run = cmd!(shell, "{schemathesis} run {location} --no-color --continue-on-failure");
    let run = run.args(["--header", &authorization, "--exclude-checks", NOT_CHECKED]);
    let run = run.args(["--max-examples", &examples, "--seed", &seed, "--request-timeout", "30"]);
    Ok(run.run()?)
}

/// In a virtual environment of its own.
fn installed(shell: &Shell, target: &str) -> Result<String, Box<dyn Error>> {
    let folder = format!("{target}/schemathesis");
    let program = format!("{folder}/bin/schemathesis");
    let version = SCHEMATHESIS.rsplit('=').next().unwrap_or_default();
    let found = cmd!(shell, "{program} --version").quiet().ignore_stderr().read();
    if !found.is_ok_and(|found| found.ends_with(version)) {
        cmd!(shell, "python3 -m venv {folder}").run()?;
        cmd!(shell, "{folder}/bin/pip install --quiet {SCHEMATHESIS}").run()?;
    }
    Ok(program)
}

/// A server of our own, on a free port, for as long as this lives.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(command: Cmd<'_>) -> Result<Self, Box<dyn Error>> {
        // Code that happens to run forever must not hold up the fuzzer.
        let command = command.env("PYEXEC_TOKEN", TOKEN).env("PYEXEC_DEFAULT_TIMEOUT", "5");
        let mut process = Command::from(command).stderr(Stdio::piped()).spawn()?;
        let log = BufReader::new(process.stderr.take().ok_or("no log")?);
        let mut server = Self { process, address: String::new() };
        let mut lines = log.lines();
        for line in lines.by_ref() {
            if let Some((_, address)) = line?.split_once("listening on ") {
                server.address = address.to_owned();
                break;
            }
        }
        if server.address.is_empty() {
            return Err("the server has not started".into());
        }
        // Nobody else empties the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
