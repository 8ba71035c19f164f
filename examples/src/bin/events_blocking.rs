//! What a script writes, while it writes it. Without a runtime.
#![allow(clippy::print_stdout, reason = "an example")]

use pyexec_blocking::{Archive, Client, ExecutionEvent, types::Metadata};
use pyexec_examples::server;
use std::io::{Write, stderr, stdout};

const SCRIPT: &str = "import time\nfor i in range(5):\n    print(i)\n    time.sleep(0.2)\n";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(server())?;
    let archive = Archive::from_map([("main.py", SCRIPT)])?;
    let id = client.execute_async(&archive, &Metadata::new("main.py"))?;
    for event in client.events(&id) {
        match event? {
            ExecutionEvent::Stdout(output) => stdout().write_all(&output.bytes)?,
            ExecutionEvent::Stderr(output) => stderr().write_all(&output.bytes)?,
            ExecutionEvent::Result(result) => println!("exit code {}", result.exit_code),
            _ => {}
        }
    }
    Ok(())
}
