//! An execution that is killed when the function that waits for it gives up.
#![allow(clippy::print_stdout, reason = "an example")]

use pyexec_blocking::{
    Archive, Client, Error, WaitPolicy,
    types::{ExecutionId, Metadata, Status},
};
use pyexec_examples::server;
use std::time::Duration;

/// Waits a while, and leaves nothing running.
fn patient_for(client: &Client, id: &ExecutionId, limit: Duration) -> Result<String, Error> {
    let guard = client.kill_guard(id);
    let policy = WaitPolicy::every(Duration::from_millis(50)).deadline(limit);
    let result = client.wait_for_completion(id, policy)?;
    guard.disarm();
    Ok(result.stdout)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(server())?;
    let archive = Archive::from_map([("main.py", "import time\ntime.sleep(600)\n")])?;
    let id = client.execute_async(&archive, &Metadata::new("main.py"))?;
    let error = patient_for(&client, &id, Duration::from_millis(300)).err();
    println!("gave up: {}", error.is_some_and(|error| error.is_timeout()));
    println!("killed: {}", client.get_execution(&id)?.status == Status::Killed);
    Ok(())
}
