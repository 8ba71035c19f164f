//! One file, run and waited for. On tokio.
#![allow(clippy::print_stdout, reason = "an example")]

use pyexec_async::{Archive, Client, types::Metadata};
use pyexec_examples::server;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(server())?;
    let archive = Archive::from_map([("main.py", "print('Hello, world!')")])?;
    let result = client.execute_sync(&archive, &Metadata::new("main.py")).await?;
    print!("{}", result.stdout);
    Ok(())
}
