//! A script that imports another file. On tokio.
#![allow(clippy::print_stdout, reason = "an example")]

use pyexec_async::{Archive, Client, types::Metadata};
use pyexec_examples::server;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(server())?;
    let archive = Archive::from_map([
        ("main.py", "from words import greeting\nprint(greeting('world'))\n"),
        ("words.py", "def greeting(name):\n    return f'Hello, {name}!'\n"),
    ])?;
    let entrypoint = archive.detect_entrypoint()?;
    let result = client.execute_sync(&archive, &Metadata::new(entrypoint)).await?;
    print!("{}", result.stdout);
    Ok(())
}
