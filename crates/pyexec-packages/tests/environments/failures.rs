//! What can't be installed is told, with the requirement and the reason.

use crate::{
    server::Server,
    support::{Dist, Index, Store, Tool, newest, options, tools},
};
use pyexec_packages::{InstallError, InstallFailure as F, InstallRequest, Installer};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Obtains these, which fails and leaves nothing.
fn failure(index: &Index, tool: Tool, requirements: &[&str]) -> InstallError {
    let store = Store::new();
    let error = store.obtain(&index.installer(tool), requirements).unwrap_err();
    store.assert_tidy();
    assert!(store.environments.list().unwrap().is_empty());
    assert!(!error.log().is_empty());
    println!("{tool:?} {requirements:?}: {error}");
    error
}

#[test]
fn every_reason_has_its_name() {
    let index = Index::new(&[
        Dist::wheel("simple", "1.0"),
        Dist::wheel("simple", "2.0"),
        Dist::wheel("old", "1.0").requires("simple<2"),
        Dist::wheel("new", "1.0").requires("simple>=2"),
        Dist::wheel("needy", "1.0").requires("nowhere>3"),
        Dist::wheel("elsewhere", "1.0").tag("cp312-cp312-win_amd64"),
        Dist::wheel("future", "1.0").python(">=3.99"),
        Dist::wheel("broken", "1.0").broken("truncated"),
    ]);
    index.add(&[Dist::source("sources", "1.0", &index.marker())]);
    for tool in tools() {
        let told = |requirements: &[&str]| failure(&index, tool, requirements);
        let error = told(&["nowhere >1"]);
        assert!(
            matches!(error.failure(), F::NoSuchPackage { requirement, .. } if requirement == "nowhere >1")
        );
        assert!(error.to_string().contains("`nowhere >1`"), "{error}");

        let error = told(&["needy"]);
        assert!(matches!(error.failure(), F::NoSuchPackage { .. }), "{error:?}");
        let said = error.to_string();
        assert!(said.contains("nowhere") && said.contains("needy"), "{said}");

        for (line, reason) in [("simple==99", "99"), ("future", "3.99")] {
            let error = told(&[line]);
            assert!(
                matches!(error.failure(), F::NoMatchingVersion { requirement, .. } if requirement == line),
                "{error:?}"
            );
            assert!(error.to_string().contains(reason), "{error}");
        }
        for lines in [["old", "new"], ["simple<2", "simple>=2"]] {
            let error = told(&lines);
            assert!(matches!(error.failure(), F::Conflict { .. }), "{error:?}");
            let said = error.to_string();
            assert!(said.contains("simple<2") && said.contains("simple>=2"), "{said}");
        }
        for line in ["elsewhere", "sources"] {
            let error = told(&[line]);
            assert!(
                matches!(error.failure(), F::NoWheel { requirement, .. } if requirement == line),
                "{error:?}"
            );
        }
        let error = told(&["broken"]);
        assert!(matches!(error.failure(), F::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains("broken"), "{error}");
    }
    assert!(!index.marker().exists(), "sources were built");
}

#[test]
fn nothing_is_kept_of_a_failure() {
    for tool in tools() {
        let (index, store) = (Index::new(&[]), Store::new());
        let installer = index.installer(tool);
        assert!(store.obtain(&installer, &["late"]).is_err());
        index.add(&[Dist::wheel("late", "1.0")]);
        store.obtain(&installer, &["late"]).unwrap();
    }
}

#[test]
fn what_an_installer_would_take_for_more_than_a_name_never_gets_there() {
    let (index, store) = (Index::new(&[Dist::wheel("simple", "1.0")]), Store::new());
    for line in ["-r /etc/passwd", "simple\n--index-url=x", "simple @ file:///x", "./simple", ""] {
        let error = store.obtain(&index.installer(Tool::Pip), &["simple", line]).unwrap_err();
        assert!(matches!(error.failure(), F::InvalidRequirement { .. }), "{line:?}");
    }
}

#[test]
fn a_package_that_is_not_allowed_is_not_installed() {
    let index = Index::new(&[
        Dist::wheel("Fine", "1.0").requires("bad_one"),
        Dist::wheel("bad_one", "1.0"),
    ]);
    let lines = ["fine".to_owned()];
    for tool in tools() {
        let (store, installer) = (Store::new(), index.installer(tool));
        let allowed = |name: &str| name != "bad-one";
        let request = InstallRequest::new(&installer, &lines).allowed(&allowed);
        let mut phases = Vec::new();
        let error = store.environments.obtain(&request, &mut |p| phases.push(p)).unwrap_err();
        assert!(matches!(error.failure(), F::NotAllowed { package } if package == "bad-one"));
        assert_eq!(phases.len(), 1, "{phases:?}");
        // Who may have it gets it.
        store.obtain(&installer, &["fine"]).unwrap();
        assert!(store.environments.obtain(&request, &mut |_| ()).is_err());
    }
}

/// An installer whose only index is this server.
fn of(server: &Server, tool: Tool) -> Installer {
    let address = server.address("svc:hunter22@");
    let variables =
        [("PIP_INDEX_URL", address.clone().into()), ("UV_DEFAULT_INDEX", address.into())];
    Installer::find(&options(tool, variables), newest()).unwrap()
}

#[test]
fn an_index_that_fails_is_told_from_one_that_has_nothing() {
    for tool in tools() {
        for (status, reachable) in
            [(None, false), (Some(401), false), (Some(500), false), (Some(404), true)]
        {
            let server = Server::answering(status);
            let store = Store::new();
            let error = store.obtain(&of(&server, tool), &["simple"]).unwrap_err();
            println!("{tool:?} {status:?}: {error}");
            match error.failure() {
                F::IndexUnreachable { .. } => assert!(!reachable, "{tool:?} {status:?}"),
                F::NoSuchPackage { .. } => assert!(reachable, "{tool:?} {status:?}"),
                other => panic!("{tool:?} {status:?}: {other:?}\n{}", error.log()),
            }
            assert!(server.asked() > 0);
            for text in [error.to_string(), error.log().to_owned(), format!("{error:?}")] {
                assert!(!text.contains("hunter22"), "{text}");
            }
        }
    }
}

#[test]
fn time_is_limited_and_waiting_can_be_ended() {
    for tool in tools() {
        let server = Server::silent();
        let (store, installer) = (Store::new(), of(&server, tool));
        let lines = ["simple".to_owned()];
        let request = InstallRequest::new(&installer, &lines).limit(Duration::from_millis(1500));
        let began = Instant::now();
        let error = store.environments.obtain(&request, &mut |_| ()).unwrap_err();
        assert!(matches!(error.failure(), F::TimedOut { limit } if limit.as_millis() == 1500));
        assert!(began.elapsed() < Duration::from_secs(30));
        store.assert_tidy();

        let flag = Arc::new(AtomicBool::new(false));
        let request = request.limit(Duration::from_secs(300)).cancelled(Arc::clone(&flag));
        let asked = server.asked();
        let error = std::thread::scope(|scope| {
            let obtaining =
                scope.spawn(|| store.environments.obtain(&request, &mut |_| ()).unwrap_err());
            // It waits for the index now.
            server.wait_until_asked(asked + 1);
            flag.store(true, Ordering::Relaxed);
            obtaining.join().unwrap()
        });
        assert!(matches!(error.failure(), F::Cancelled));
        store.assert_tidy();
    }
}

#[test]
fn offline_uses_what_is_there() {
    let index = Index::new(&[Dist::wheel("simple", "1.0"), Dist::wheel("other", "1.0")]);
    for tool in tools() {
        let store = Store::new();
        let installer = index.installer(tool);
        let made = store.obtain(&installer, &["simple"]).unwrap();
        std::fs::rename(index.wheels(), index.wheels().with_extension("away")).unwrap();
        std::fs::create_dir(index.wheels()).unwrap();
        let lines = ["simple".to_owned()];
        let request = InstallRequest::new(&installer, &lines).offline(true);
        let again = store.environments.obtain(&request, &mut |_| ()).unwrap();
        assert_eq!(again.address(), made.address());
        let lines = ["other".to_owned()];
        let request = InstallRequest::new(&installer, &lines).offline(true);
        let error = store.environments.obtain(&request, &mut |_| ()).unwrap_err();
        assert!(matches!(error.failure(), F::Offline { .. }), "{error:?}");
        assert!(error.to_string().contains("other"), "{error}");
        std::fs::remove_dir(index.wheels()).unwrap();
        std::fs::rename(index.wheels().with_extension("away"), index.wheels()).unwrap();
    }
}

#[test]
fn offline_asks_nobody() {
    for tool in tools() {
        let server = Server::answering(Some(404));
        let address = server.address("");
        let variables = [
            ("PIP_INDEX_URL", address.clone().into()),
            ("PIP_FIND_LINKS", address.clone().into()),
            ("UV_DEFAULT_INDEX", address.clone().into()),
            ("UV_FIND_LINKS", address.into()),
        ];
        let installer = Installer::find(&options(tool, variables), newest()).unwrap();
        let (store, lines) = (Store::new(), ["simple".to_owned()]);
        let request = InstallRequest::new(&installer, &lines).offline(true);
        let error = store.environments.obtain(&request, &mut |_| ()).unwrap_err();
        assert!(matches!(error.failure(), F::Offline { .. }), "{error:?}");
        assert_eq!(server.asked(), 0, "{tool:?}");
    }
}
