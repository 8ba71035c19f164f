//! The project's own chores: `cargo xtask --help`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "it is there to be read")]

use clap::{Parser, Subcommand, ValueEnum};
use std::collections::BTreeSet;
use xshell::{Shell, cmd};

#[derive(Parser)]
#[command(about = "The project's own chores", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Everything that CI checks beside the tests: format, lints, docs, licences, portability.
    Check,
    /// One of the benchmarks: medians, and their ratios to what others take.
    Bench {
        #[arg(value_enum, default_value_t)]
        benchmark: Benchmark,
        /// Passed on to it.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Benchmark {
    /// One execution over HTTP beside the bare interpreter.
    #[default]
    Roundtrip,
    /// Writing and reading tars beside GNU tar and Python's tarfile; `-- --quick` for fewer
    /// rounds.
    Archive,
}

fn main() -> xshell::Result<()> {
    let shell = Shell::new()?;
    // Two variables that machines export and that change what is measured and compared.
    for name in ["PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"] {
        shell.set_var(name, "");
    }
    match Arguments::parse().chore {
        Chore::Check => check(&shell),
        Chore::Bench { benchmark, arguments } => {
            let (package, target) = match benchmark {
                Benchmark::Roundtrip => ("pyexec-server", "roundtrip"),
                Benchmark::Archive => ("pyexec-archive", "archive"),
            };
            cmd!(shell, "cargo bench -p {package} --bench {target} -- {arguments...}").run()
        }
    }
}

fn check(shell: &Shell) -> xshell::Result<()> {
    cmd!(shell, "cargo fmt --all --check").run()?;
    cmd!(shell, "cargo clippy --workspace --all-targets --all-features -- -D warnings").run()?;
    // Each crate alone, since features of one member would switch on another's.
    for package in
        ["pyexec-archive", "pyexec-core", "pyexec-async", "pyexec-blocking", "pyexec-cli"]
    {
        cmd!(shell, "cargo clippy -p {package} --no-default-features -- -D warnings").run()?;
    }
    {
        let _docs = shell.push_env("RUSTDOCFLAGS", "-D warnings");
        cmd!(shell, "cargo doc --workspace --no-deps --all-features").run()?;
    }
    cmd!(shell, "cargo deny --log-level error check licenses bans sources").run()?;
    small(shell)?;
    portable(shell)
}

/// A crate that others embed must not bring along many more.
fn small(shell: &Shell) -> xshell::Result<()> {
    const MOST: usize = 8;
    let tree = cmd!(
        shell,
        "cargo tree -p pyexec-archive --no-default-features -e normal,build --prefix none"
    )
    .quiet()
    .read()?;
    let crates: BTreeSet<_> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    println!("pyexec-archive without features: {} crates, {MOST} at most", crates.len());
    assert!(crates.len() <= MOST, "too many: {crates:#?}");
    Ok(())
}

/// What may not need an operating system, and what must build on others, where those targets are
/// installed (`rustup target add`).
fn portable(shell: &Shell) -> xshell::Result<()> {
    let sysroot = cmd!(shell, "rustc --print sysroot").quiet().read()?;
    for (target, packages) in [
        ("wasm32-unknown-unknown", &["pyexec-types", "pyexec-archive", "pyexec-core"][..]),
        ("x86_64-apple-darwin", &["pyexec-sandbox", "pyexec-server"]),
    ] {
        if !shell.path_exists(format!("{sysroot}/lib/rustlib/{target}")) {
            println!("{target} isn't installed, so nothing is checked for it");
            continue;
        }
        for package in packages {
            cmd!(shell, "cargo check -p {package} --target {target} --no-default-features")
                .run()?;
        }
    }
    Ok(())
}
