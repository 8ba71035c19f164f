//! How large the command is, with and without what it runs code by.

use std::error::Error;
use xshell::{Shell, cmd};

/// Kinds of the command, and the flags that build them.
const KINDS: [(&str, &[&str]); 3] = [
    ("a client without TLS", &["--no-default-features"]),
    ("a client", &["--no-default-features", "--features", "rustls"]),
    ("with sandbox and server", &[]),
];

pub(crate) fn binaries(shell: &Shell) -> Result<(), Box<dyn Error>> {
    let metadata = cmd!(shell, "cargo metadata --no-deps --format-version 1").quiet().read()?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let target = metadata["target_directory"].as_str().ok_or("no target folder")?;
    let mut lines = String::new();
    for (kind, flags) in KINDS {
        cmd!(shell, "cargo build --release -p pyexec-cli {flags...}").run()?;
        let bytes = std::fs::metadata(format!("{target}/release/pyexec"))?.len();
        lines += &format!("{:>7.1} MiB  {kind} ({})\n", bytes as f64 / 1048576.0, flags.join(" "));
    }
    print!("{lines}");
    Ok(())
}
