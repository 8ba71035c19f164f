//! One file, run and waited for. Without a runtime.
#![allow(clippy::print_stdout, reason = "an example")]

use pyexec_blocking::{Archive, Client, types::Metadata};
use pyexec_examples::server;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(server())?;
    let archive = Archive::from_map([("main.py", "print('Hello, world!')")])?;
    let result = client.execute_sync(&archive, &Metadata::new("main.py"))?;
    print!("{}", result.stdout);
    Ok(())
}
