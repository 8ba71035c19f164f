//! Runs one of the benchmarks.

use clap::ValueEnum;
use std::error::Error;
use xshell::{Shell, cmd};

#[derive(Clone, Copy, Default, ValueEnum)]
pub(crate) enum Benchmark {
    /// Executions over HTTP beside the bare interpreter, bubblewrap and docker; how many a second,
    /// what waiting interpreters hold, and where the time goes; `-- --quick` for fewer rounds.
    #[default]
    Executions,
    /// Writing and reading tars beside GNU tar and Python's tarfile; `-- --quick` for fewer
    /// rounds.
    Archive,
    /// Requests by our clients beside the bare libraries, and uploads beside curl; `-- --quick`
    /// for fewer rounds.
    Clients,
    /// The command as a whole process beside `true` and the bare interpreter; `-- --quick` for
    /// fewer rounds.
    Cli,
    /// What packages cost an execution, attached and imported beforehand, beside the bare interpreter
    /// with the same packages; `-- --quick` for fewer rounds.
    Packages,
    /// Requests that name packages, the first and those after it, beside `pip install`, `uv run` and
    /// the bare interpreter; `-- --quick` for fewer rounds.
    Requirements,
}

pub(crate) fn bench(
    shell: &Shell,
    benchmark: Benchmark,
    arguments: &[String],
) -> Result<(), Box<dyn Error>> {
    let (package, target) = match benchmark {
        Benchmark::Executions => ("pyexec-server", "executions"),
        Benchmark::Clients => ("pyexec-server", "clients"),
        Benchmark::Cli => ("pyexec-cli", "cli"),
        Benchmark::Packages => ("pyexec-sandbox", "packages"),
        Benchmark::Requirements => ("pyexec-server", "packages"),
        Benchmark::Archive => ("pyexec-archive", "archive"),
    };
    Ok(cmd!(shell, "cargo bench -p {package} --bench {target} -- {arguments...}").run()?)
}
