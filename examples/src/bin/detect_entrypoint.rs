//! Which file of an archive is the one to run.
#![allow(clippy::print_stdout, reason = "an example")]

use pyexec_archive::{Archive, detect_entrypoint};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let archive = Archive::from_map([("app/main.py", ""), ("setup.py", "")])?;
    println!("{}", archive.detect_entrypoint()?);

    // On names alone: `main.py`, else `__main__.py`, else the first `.py`.
    println!("{:?}", detect_entrypoint(["pkg/__main__.py", "a.py"]));
    println!("{:?}", detect_entrypoint(["README.md"]));
    Ok(())
}
