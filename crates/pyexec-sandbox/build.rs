//! Builds the zygote's extension with the compiler alone: it needs neither a standard library nor
//! another crate. Where that can't be done (no linker for the target), the crate works without
//! zygotes: every run then starts an interpreter of its own.

use std::{env, fs, path::PathBuf, process::Command};

const SOURCES: [&str; 6] =
    ["lib.rs", "config.rs", "fork.rs", "kernel.rs", "memory.rs", "python.rs"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for source in SOURCES {
        println!("cargo::rerun-if-changed=zygote/{source}");
    }
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let output = PathBuf::from(variable("OUT_DIR")).join("_pyexec_zygote.so");
    let built =
        match (variable("CARGO_CFG_TARGET_OS").as_str(), &*variable("CARGO_CFG_TARGET_ARCH")) {
            ("linux", "x86_64" | "aarch64") => build(&output),
            _ => Ok(false),
        };
    match built {
        Ok(true) => return,
        Ok(false) => {}
        Err(why) => {
            println!("cargo::warning=no zygotes, each run starts its own interpreter: {why}");
        }
    }
    if let Err(error) = fs::write(&output, "") {
        println!("cargo::error=cannot write {}: {error}", output.display());
    }
}

fn build(output: &std::path::Path) -> Result<bool, String> {
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let mut compiler = Command::new(variable("RUSTC"));
    compiler
        .args(["--edition", "2024", "--crate-name", "_pyexec_zygote", "--crate-type", "cdylib"])
        .args(["--target", &variable("TARGET")])
        .args(["-C", "panic=abort", "-C", "opt-level=s", "-C", "strip=symbols"])
        .args(["-C", "target-feature=-crt-static"])
        .args(["-C", "link-arg=-nostdlib", "-C", "link-arg=-nostartfiles"])
        .args(["-o".as_ref(), output.as_os_str()])
        .arg("zygote/lib.rs");
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        compiler.args(["-C", &format!("linker={linker}")]);
    }
    let ran = compiler.output().map_err(|error| error.to_string())?;
    if ran.status.success() {
        return Ok(true);
    }
    let text = String::from_utf8_lossy(&ran.stderr).into_owned();
    Err(text.lines().next().unwrap_or_default().to_owned())
}
