//! What can't be installed, and that it is told.

use crate::{Shop, wheels};
use pyexec_blocking::types::{ExecutionResult, Outcome, Status};

fn check(result: &ExecutionResult, words: &[&str]) {
    assert_eq!((&result.status, result.exit_code), (&Status::Failed, 1), "{result:?}");
    assert_eq!(result.outcome, Some(Outcome::InstallFailed));
    let error = result.error.as_deref().unwrap();
    for word in words {
        assert!(error.contains(word), "{word}: {error}");
    }
    assert!(!result.stderr.is_empty(), "the installer's words: {result:?}");
    assert_eq!(result.stdout, "");
}

#[test]
fn the_requirement_and_the_reason_are_named() {
    let shop = Shop::open();
    check(&shop.run("nowhere-to-be-found", "print(1)"), &["nowhere-to-be-found"]);
    check(&shop.run("blue>=3", "print(1)"), &["blue>=3"]);
    check(&shop.run("blue>=2\ngreen", "print(1)"), &["exclude each other"]);
    check(&shop.eval("nowhere-to-be-found", "1"), &["nowhere-to-be-found"]);
    // What was asked for is missed, whatever was detected.
    check(&shop.eval("blue\nnowhere-to-be-found", "import blue"), &["nowhere-to-be-found"]);
}

#[test]
fn nothing_of_a_failure_is_kept() {
    let shop = Shop::open();
    check(&shop.run("late", "import late"), &["late"]);
    wheels::add(&shop.wheels(), "late", "1.0", "", "print('here')\n");
    assert_eq!(shop.run("late", "import late").stdout, "here\n");
}
