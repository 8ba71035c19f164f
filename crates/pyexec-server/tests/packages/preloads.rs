//! Modules that are imported before anyone asks for them.

use crate::{Shop, wheels};
use std::path::Path;

const WHEN: &str = "import sys\nbefore = 'red' in sys.modules\nimport red\nbefore";

fn preloading(modules: &str) -> Shop {
    // Nothing is printed by a module of which there are copies.
    let text = "import os\nborn = os.urandom(8)\n";
    let add = |folder: &Path| wheels::add(folder, "red", "2.0", "", text);
    Shop::stocked(add, |config| config.packages.preload = vec![modules.into()])
}

#[test]
fn who_needs_exactly_them_has_them_at_once() {
    let shop = preloading("red");
    let seen: Vec<_> = (0..40)
        .map_while(|_| {
            let result = shop.eval("", WHEN).result.unwrap();
            (result != "True").then_some(result)
        })
        .collect();
    assert!(seen.len() < 40, "never: {seen:?}");
    // Others import what they need as always.
    assert_eq!(shop.eval("blue", WHEN).result.as_deref(), Some("False"));
    let result = shop.eval("-", "import sys\n'red' in sys.modules");
    assert_eq!(result.result.as_deref(), Some("False"));
}

#[test]
fn what_cannot_be_had_does_without() {
    for modules in ["surely_nowhere", "json"] {
        let shop = preloading(modules);
        assert_eq!(shop.eval("", WHEN).result.as_deref(), Some("False"), "{modules}");
    }
}
