//! A client with every default, and one with a timeout of its own, on both runtimes.
#![allow(clippy::print_stdout, reason = "an example")]

use pyexec_examples::server;
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Requests may take 5 minutes by default; a synchronous execution as long as it is allowed to.
    let client = pyexec_blocking::Client::new(server())?;
    println!("blocking: {}", client.health()?.status);

    let quick = pyexec_async::Client::builder(server()).timeout(Duration::from_secs(10)).build()?;
    let runtime = tokio::runtime::Runtime::new()?;
    println!("async: {}", runtime.block_on(quick.health())?.status);
    Ok(())
}
