//! Submitted now, asked for later. Without a runtime.
#![allow(clippy::print_stdout, reason = "an example")]

use pyexec_blocking::{Archive, Client, types::Metadata};
use pyexec_examples::server;
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(server())?;
    let code = "import time\ntime.sleep(0.5)\nprint('done')\n";
    let archive = Archive::from_map([("main.py", code)])?;
    let id = client.execute_async(&archive, &Metadata::new("main.py"))?;
    println!("over already? {}", client.get_execution(&id)?.status.is_terminal());

    let result = client.wait_for_completion(&id, Duration::from_millis(100))?;
    println!("{}: {}", result.status, result.stdout.trim_end());
    Ok(())
}
