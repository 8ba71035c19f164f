//! An archive from files in memory, sorted by name whatever the order of the map.
#![allow(clippy::print_stdout, reason = "an example")]

use pyexec_archive::Archive;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let archive = Archive::from_map([
        ("main.py", "from lib.words import hello\nprint(hello)\n"),
        ("lib/words.py", "hello = 'hello'\n"),
    ])?;
    for entry in archive.entries() {
        println!("{} ({} bytes)", entry.name(), entry.size());
    }
    println!("{} bytes as a tar", archive.size());
    Ok(())
}
