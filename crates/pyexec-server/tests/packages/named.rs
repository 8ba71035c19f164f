//! What `requirements_txt` names.

use crate::{Shop, entries, needing, project};
use pyexec_blocking::types::{Outcome, Status};
use pyexec_server::PackageOptions;
use std::thread;

const CODE: &str = "\
import blue, socket
try:
    socket.create_connection(('192.0.2.1', 80), timeout=5)
except OSError as error:
    print(blue.version, blue.where, error.strerror)
";

#[test]
fn packages_are_there_and_the_network_is_not() {
    let shop = Shop::open();
    let health = shop.client().health().unwrap();
    assert!(health.offers("packages") && health.offers("auto_install"));
    assert!(health.limits.unwrap().install_seconds > 0);
    for (requirements, version) in [
        ("blue", "2.0"),
        ("# a comment\nBlue<2 # pinned\n", "1.0"),
        ("green", "1.0"),
        ("blue", "2.0"),
    ] {
        let result = shop.run(requirements, CODE);
        let expected =
            format!("{version} /opt/pyexec/site-packages/blue.py Network is unreachable\n");
        assert_eq!((&*result.stdout, &*result.stderr), (&*expected, ""), "{result:?}");
        let result = shop.eval(requirements, "import blue\nblue.version");
        assert_eq!(result.result, Some(format!("'{version}'")), "{result:?}");
    }
    // Whoever doesn't name it doesn't have it.
    let result = shop.run("", "import blue");
    assert!(result.stderr.contains("No module named 'blue'"), "{result:?}");
    // Every version of Python has its own.
    let mut metadata = needing("blue; python_version < '3.12'");
    metadata.docker_image = "python:3.11".into();
    let code = "import sys, blue; print(sys.version_info[:2], blue.version)";
    let result = shop.client().execute_sync(&project(code), &metadata).unwrap();
    assert_eq!(result.stdout, "(3, 11) 2.0\n");
}

#[test]
fn what_could_be_anything_else_is_refused() {
    let shop = Shop::open();
    for line in [
        "-r other.txt",
        "-e .",
        "--index-url https://evil.invalid/simple",
        "blue @ https://evil.invalid/blue.whl",
        "git+https://evil.invalid/blue",
        "./blue",
        "/tmp/blue.whl",
        "-",
    ] {
        let refused = shop.client().execute_sync(&project("1"), &needing(line)).unwrap_err();
        assert_eq!(refused.status().unwrap(), 400, "{line}");
        assert!(refused.to_string().contains("requirements_txt: line 1"), "{refused}");
    }
    assert_eq!(entries(&shop.folder.path().join("environments")), 0);
}

#[test]
fn twenty_at_once_are_one_installation() {
    let shop = Shop::open();
    thread::scope(|scope| {
        let runs: Vec<_> = (0..20).map(|_| scope.spawn(|| shop.run("green", CODE))).collect();
        for run in runs {
            let result = run.join().unwrap();
            assert!(result.stdout.starts_with("1.0 "), "{result:?}");
        }
    });
    let address = shop.folder.path().join("environments/environments");
    assert_eq!(entries(&address), 1, "{address:?}");
}

#[test]
fn an_operator_decides() {
    let refusing = Shop::with(|config| config.packages.deny = vec!["bl*".into()]);
    let refused = refusing.client().execute_sync(&project("1"), &needing("blue")).unwrap_err();
    assert_eq!(refused.status().unwrap(), 400);
    assert!(refused.to_string().contains("blue may not be installed here"), "{refused}");
    // Nor as something that another one needs.
    let result = refusing.run("green", "print('never')");
    assert_eq!((result.status, result.outcome), (Status::Failed, Some(Outcome::InstallFailed)));
    assert!(result.error.as_ref().unwrap().contains("blue"), "{:?}", result.error);
    assert_eq!(result.stdout, "");

    let without = Shop::with(|config| {
        config.packages = PackageOptions { install: false, ..PackageOptions::default() };
    });
    assert!(!without.client().health().unwrap().offers("packages"));
    let refused = without.client().execute_sync(&project("1"), &needing("blue")).unwrap_err();
    assert_eq!(refused.status().unwrap(), 400);
    assert!(refused.to_string().contains("installs no packages"), "{refused}");
    assert_eq!(without.eval("", "1 + 1").result.as_deref(), Some("2"));
}
