//! Writes what is generated from the command's definition.

use std::error::Error;
use xshell::{Shell, cmd};

pub(crate) fn man(shell: &Shell) -> Result<(), Box<dyn Error>> {
    let _bless = shell.push_env("UPDATE_EXPECT", "1");
    cmd!(shell, "cargo test --quiet -p pyexec-cli --bin pyexec reference::").run()?;
    println!("written: docs/cli.md and crates/pyexec-cli/man");
    Ok(())
}
