//! The project's own chores: `cargo xtask --help`.
#![forbid(unsafe_code)]

use clap::{Parser, Subcommand};
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
    /// The round trip of one execution beside the bare interpreter: medians and their ratio.
    Bench,
}

fn main() -> xshell::Result<()> {
    let shell = Shell::new()?;
    // Two variables that machines export and that change what is measured and compared.
    for name in ["PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"] {
        shell.set_var(name, "");
    }
    match Arguments::parse().chore {
        Chore::Check => check(&shell),
        Chore::Bench => cmd!(shell, "cargo bench -p pyexec-server --bench roundtrip").run(),
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
    portable(shell)
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
            continue;
        }
        for package in packages {
            cmd!(shell, "cargo check -p {package} --target {target} --no-default-features")
                .run()?;
        }
    }
    Ok(())
}
