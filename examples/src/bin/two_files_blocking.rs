//! A script that imports another file. Without a runtime.
#![allow(clippy::print_stdout, reason = "an example")]

use pyexec_blocking::{Archive, Client, types::Metadata};
use pyexec_examples::server;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(server())?;
    let archive = Archive::from_map([
        ("main.py", "from words import greeting\nprint(greeting('world'))\n"),
        ("words.py", "def greeting(name):\n    return f'Hello, {name}!'\n"),
    ])?;
    let entrypoint = archive.detect_entrypoint()?;
    let result = client.execute_sync(&archive, &Metadata::new(entrypoint))?;
    print!("{}", result.stdout);
    Ok(())
}
