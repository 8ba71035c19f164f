//! Code without an archive, and the value of its last expression. Without a runtime.
#![allow(clippy::print_stdout, reason = "an example")]

use pyexec_blocking::{Client, types::SimpleExecRequest};
use pyexec_examples::server;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(server())?;
    for code in
        ["2 + 2", "x = 10\ny = 5\nx * y", "import math\nmath.sqrt(16)", "print('only printed')"]
    {
        let result = client.eval(&SimpleExecRequest::new(code))?;
        println!("result {:?}, stdout {:?}", result.result, result.stdout);
    }
    Ok(())
}
