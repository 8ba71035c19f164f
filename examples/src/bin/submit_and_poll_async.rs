//! Submitted now, asked for later. On tokio.
#![allow(clippy::print_stdout, reason = "an example")]

use pyexec_async::{Archive, Client, types::Metadata};
use pyexec_examples::server;
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(server())?;
    let code = "import time\ntime.sleep(0.5)\nprint('done')\n";
    let archive = Archive::from_map([("main.py", code)])?;
    let id = client.execute_async(&archive, &Metadata::new("main.py")).await?;
    println!("over already? {}", client.get_execution(&id).await?.status.is_terminal());

    let result = client.wait_for_completion(&id, Duration::from_millis(100)).await?;
    println!("{}: {}", result.status, result.stdout.trim_end());
    Ok(())
}
