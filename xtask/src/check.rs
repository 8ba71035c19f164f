//! Everything that CI checks beside the tests.

use crate::{features::features, parity::parity, sizes::sizes};
use std::error::Error;
use xshell::{Shell, cmd};

pub(crate) fn check(shell: &Shell) -> Result<(), Box<dyn Error>> {
    cmd!(shell, "cargo fmt --all --check").run()?;
    // Built by a build script, so that cargo doesn't know it.
    cmd!(shell, "rustfmt --check --edition 2024 crates/pyexec-sandbox/zygote/lib.rs").run()?;
    // These two take seconds, so they come before what takes minutes.
    parity(shell)?;
    sizes(shell)?;
    cmd!(shell, "cargo clippy --workspace --all-targets --all-features -- -D warnings").run()?;
    // Each crate alone, since features of one member would switch on another's.
    for package in [
        "pyexec-archive",
        "pyexec-core",
        "pyexec-async",
        "pyexec-blocking",
        "pyexec-packages",
        "pyexec-cli",
    ] {
        cmd!(shell, "cargo clippy -p {package} --no-default-features -- -D warnings").run()?;
    }
    features(shell)?;
    {
        let _docs = shell.push_env("RUSTDOCFLAGS", "-D warnings");
        cmd!(shell, "cargo doc --workspace --no-deps --all-features").run()?;
    }
    cmd!(shell, "cargo deny --log-level error check licenses bans sources").run()?;
    portable(shell)
}

/// What may not need an operating system, and what must build on others, where those targets are
/// installed (`rustup target add`).
fn portable(shell: &Shell) -> Result<(), Box<dyn Error>> {
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
