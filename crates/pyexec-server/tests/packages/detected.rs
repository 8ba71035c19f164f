//! What imports say.

use crate::{Shop, wheels};
use pyexec_blocking::{
    Archive,
    types::{Metadata, SimpleExecRequest},
};

#[test]
fn code_to_evaluate_gets_what_it_imports() {
    let shop = Shop::open();
    let code = "def f():\n    import blue\n    return blue.version\nf()";
    assert_eq!(shop.eval("", code).result.as_deref(), Some("'2.0'"));
    // The caller's line wins.
    assert_eq!(shop.eval("blue<2", code).result.as_deref(), Some("'1.0'"));
    // Unless it is turned off.
    let off = shop.eval("-", code);
    assert_eq!(off.error_type.as_deref(), Some("ModuleNotFoundError"));
    let operators = Shop::with(|config| config.packages.detect_imports = false);
    assert_eq!(operators.eval("", code).error_type.as_deref(), Some("ModuleNotFoundError"));
    assert_eq!(operators.eval("blue", code).result.as_deref(), Some("'2.0'"));
}

#[test]
fn what_is_nowhere_is_the_scripts_own_affair() {
    let shop = Shop::open();
    let code =
        "try:\n    import surely_nowhere\nexcept ImportError:\n    import blue\nblue.version";
    assert_eq!(shop.eval("", code).result.as_deref(), Some("'2.0'"));
    let result = shop.eval("", "import surely_nowhere");
    assert_eq!(result.error_type.as_deref(), Some("ModuleNotFoundError"), "{result:?}");
    assert_eq!(result.error_line, Some(1));
}

#[test]
fn a_module_that_comes_along_is_never_looked_up() {
    let shop = Shop::open();
    wheels::add(&shop.wheels(), "helpers", "1.0", "", "print('the stranger\\'s')\n");
    let files = [
        ("main.py", "import helpers, red, blue\n"),
        ("helpers.py", "print('my own')\n"),
        ("red/__init__.py", "print('my own, too')\n"),
    ];
    let metadata = Metadata { auto_install: true, ..Metadata::new("main.py") };
    let archive = Archive::from_map(files).unwrap();
    let result = shop.client().execute_sync(&archive, &metadata).unwrap();
    assert_eq!(result.stdout, "my own\nmy own, too\n", "{result:?}");
    // Projects get nothing unasked.
    let result = shop.client().execute_sync(&archive, &Metadata::new("main.py")).unwrap();
    assert!(result.stderr.contains("No module named 'blue'"), "{result:?}");

    let files = files.map(|(name, content)| pyexec_blocking::types::CodeFile {
        name: name.into(),
        content: content.into(),
    });
    let request = SimpleExecRequest { files: files.into(), ..SimpleExecRequest::new("") };
    assert_eq!(shop.client().eval(&request).unwrap().stdout, "my own\nmy own, too\n");
}
