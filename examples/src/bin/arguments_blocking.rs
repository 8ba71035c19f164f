//! `sys.argv`, and limits. Without a runtime.
#![allow(clippy::print_stdout, reason = "an example")]

use pyexec_blocking::{
    Archive, Client,
    types::{ExecutionConfig, Metadata},
};
use pyexec_examples::server;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(server())?;
    let archive = Archive::from_map([("main.py", "import sys; print(sys.argv[1:])")])?;
    let metadata = Metadata {
        script_args: vec!["--name".into(), "Ada".into()],
        config: Some(ExecutionConfig {
            timeout_seconds: 30,
            memory_mb: 256,
            ..ExecutionConfig::default()
        }),
        ..Metadata::new("main.py")
    };
    let result = client.execute_sync(&archive, &metadata)?;
    println!("{} with exit code {}", result.stdout.trim_end(), result.exit_code);
    Ok(())
}
