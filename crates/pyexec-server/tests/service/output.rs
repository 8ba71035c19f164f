//! Large output.

use crate::http::{Client, SHARED, server};

#[test]
fn fifty_megabytes_arrive() {
    let client = Client::of(&SHARED);
    let code = "import sys\nfor n in range(50): sys.stdout.write('é\\n\\x00' * (1 << 18))";
    let result = client.run(code);
    assert_eq!(result["status"], "completed");
    let text = result["stdout"].as_str().unwrap();
    assert_eq!(text.len(), 50 << 20);
    assert!(text.chars().eq("é\n\0".chars().cycle().take(text.chars().count())));
}

/// Its disk, not its memory: that is what a full spool takes from an execution, and only from it.
#[test]
fn a_full_spool_ends_an_execution_and_not_the_server() {
    let server = server(|config| config.output_spool_bytes = 4 << 20);
    let client = Client::of(&server);
    let result = client.run("import sys\nwhile True: sys.stdout.write('x' * 100_000)");
    assert_eq!((&result["status"], &result["outcome"]), (&"failed".into(), &"lost".into()));
    assert_eq!(result["error"], "its output could not be kept: the spool is full");
    assert!(result["stdout"].as_str().unwrap().len() > 1 << 20, "what came before is there");
    let code = "import sys\nsys.stdout.write('x' * (3 << 20))";
    // What the first has left fills most of it.
    assert_eq!(client.run(code)["outcome"], "lost");
    assert_eq!(client.run("print('on')")["stdout"], "on\n");
}
