//! The tables of the standard library, compared with the interpreters of the machine.
//! `BLESS=1` writes them.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test's helpers are tests, too")]

mod support;

use serde_json::{Value, json};
use std::{env, fs, path::Path};

const NAMES: &str = "import json, sys; json.dump(sorted(sys.stdlib_module_names), sys.stdout)";

#[test]
fn the_tables_are_what_the_interpreters_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/standard_library");
    let pythons = support::interpreters();
    for python in &pythons {
        let names: Vec<String> = serde_json::from_value(python.ask(NAMES, &Value::Null)).unwrap();
        let current = names.join("\n") + "\n";
        let path = folder.join(format!("3.{}.txt", python.minor));
        if env::var_os("BLESS").is_some() {
            fs::write(&path, &current).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), current, "{path:?}; BLESS=1 writes it");
    }
    println!("compared with {}", json!(pythons.iter().map(|one| one.minor).collect::<Vec<_>>()));
}
