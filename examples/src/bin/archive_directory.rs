//! An archive of a directory: what is in, what isn't and why, and a key to cache it by.
#![allow(clippy::print_stdout, reason = "an example")]

use pyexec_archive::DirectoryOptions;
use std::{error::Error, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    for (name, text) in [
        ("main.py", "print(open('data/small.csv').read())\n"),
        ("data/small.csv", "1,2\n"),
        ("data/large.csv", "3,4\n"),
        (".gitignore", "large.csv\n"),
        (".env", "SECRET=1\n"),
    ] {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap_or(directory.path()))?;
        fs::write(path, text)?;
    }

    let archive = DirectoryOptions::new().hidden(false).archive(&directory)?;
    for entry in archive.entries() {
        println!("{:>6} {}", entry.size(), entry.name());
    }
    let report = archive.report();
    println!("{} files, {} bytes", report.files, report.bytes);
    for left_out in report.left_out {
        println!("not sent: {left_out}");
    }
    // Equal files have an equal key, on whatever machine.
    println!("key {}", archive.digest()?);
    Ok(())
}
