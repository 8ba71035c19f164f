//! The project's own chores: `cargo xtask --help`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is there to be read")]

mod attacks;
mod bench;
mod binaries;
mod check;
mod features;
mod fuzz_api;
mod man;
mod parity;
mod sizes;

use clap::{Parser, Subcommand};
use std::{error::Error, process::ExitCode};
use xshell::Shell;

#[derive(Parser)]
#[command(about = "The project's own chores", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Everything that CI checks beside the tests: format, lints, docs, licences, portability, and
    /// the chores `parity`, `sizes` and `features`.
    Check,
    /// Compares what the two clients offer.
    ///
    /// Fails when a method of the trait `Executor` isn't on both clients, or a public method of a
    /// client or of its builder isn't on the other's, with the same arguments and the same result.
    /// The differences that there have to be are listed in `xtask/src/parity.rs`, each with its
    /// reason. Types are compared as they are written.
    Parity,
    /// Counts the crates that each library brings along.
    ///
    /// Fails when there are more than agreed, or when pyexec-core brings one that does I/O. The
    /// bounds are in `xtask/src/sizes.rs`.
    Sizes,
    /// Builds the command in three sizes, and prints how large each is.
    Binaries,
    /// Builds each library and the command with each of their features alone.
    ///
    /// And once without any. The features are those of the manifests, `default` excepted. Goes on
    /// after a failure and names all of them in the end.
    Features,
    /// Attacks the sandbox in every way that is known, and shows what that got the attackers.
    ///
    /// As the present user and, started by root, as an ordinary one; by copies of interpreters and
    /// strictly; and once for each layer of the isolation without it, where the same attacks have
    /// to succeed. Fails when an attack got what it may not.
    Attacks(attacks::Attacks),
    /// Asks a server of our own what its OpenAPI document allows, and much that it doesn't.
    ///
    /// By schemathesis, which is installed from PyPI below the target folder. Fails when an answer
    /// is a 5xx, isn't described, or isn't as described.
    FuzzApi(fuzz_api::FuzzApi),
    /// Writes the manual pages of the command, and its reference in docs/cli.md.
    ///
    /// Both are what its help says. A test fails where they are behind it.
    Man,
    /// One of the benchmarks: medians, and their ratios to what others take.
    Bench {
        #[arg(value_enum, default_value_t)]
        benchmark: bench::Benchmark,
        /// Passed on to it.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<(), Box<dyn Error>> {
    let shell = Shell::new()?;
    shell.change_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    // Two variables that machines export and that change what is measured and compared.
    for name in ["PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"] {
        shell.set_var(name, "");
    }
    match chore {
        Chore::Check => check::check(&shell),
        Chore::Parity => parity::parity(&shell),
        Chore::Sizes => sizes::sizes(&shell),
        Chore::Features => features::features(&shell),
        Chore::Attacks(wanted) => attacks::attacks(&shell, &wanted),
        Chore::FuzzApi(wanted) => fuzz_api::fuzz_api(&shell, &wanted),
        Chore::Binaries => binaries::binaries(&shell),
        Chore::Man => man::man(&shell),
        Chore::Bench { benchmark, arguments } => bench::bench(&shell, benchmark, &arguments),
    }
}
