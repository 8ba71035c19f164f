//! Environments on the disk: shared, checked, evicted.

use crate::support::{Dist, Index, Store, names, newest, obtain, run, tools};
use pyexec_packages::{
    Environment, Environments, EnvironmentsOptions, InstallRequest, Installer, Phase, Prune,
};
use std::{fs, os::unix::fs::MetadataExt as _, sync::Barrier, time::Duration};

fn index() -> Index {
    let data = "x".repeat(100_000);
    let package = |name: &str| {
        Dist::wheel(name, "1.0").file(&format!("{name}/data"), &format!("{name}{data}"))
    };
    let all = ["one", "two", "three"].map(package);
    Index::new(&[all.as_slice(), &[package("both").requires("one")]].concat())
}

#[test]
fn twenty_at_once_build_once() {
    let index = index();
    for tool in tools() {
        let (store, installer) = (Store::new(), index.installer(tool));
        let start = Barrier::new(20);
        let all: Vec<(Environment, Vec<Phase>)> = std::thread::scope(|scope| {
            let one = || {
                start.wait();
                let (obtained, phases) = obtain(&store.environments, &installer, &["both"]);
                (obtained.unwrap(), phases)
            };
            let threads: Vec<_> = (0..20).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let built = |phase: &Phase| matches!(phase, Phase::Installing { .. });
        let count = |wanted: &dyn Fn(&Phase) -> bool| {
            all.iter().filter(|(_, phases)| phases.iter().any(wanted)).count()
        };
        assert_eq!(count(&built), 1);
        assert_eq!(count(&|phase| *phase == Phase::Resolving), 1);
        assert!(count(&|phase| *phase == Phase::Waiting) > 0);
        assert!(all.iter().all(|(environment, _)| environment.path() == all[0].0.path()));
        store.assert_tidy();
    }
}

#[test]
fn twenty_at_once_fail_once() {
    let index = index();
    for tool in tools() {
        let (store, installer) = (Store::new(), index.installer(tool));
        let start = Barrier::new(20);
        let all: Vec<Vec<Phase>> = std::thread::scope(|scope| {
            let one = || {
                start.wait();
                let (obtained, phases) = obtain(&store.environments, &installer, &["nowhere"]);
                assert!(obtained.unwrap_err().to_string().contains("nowhere"));
                phases
            };
            let threads: Vec<_> = (0..20).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(all.iter().filter(|phases| phases.contains(&Phase::Resolving)).count(), 1);
        // And who comes later tries again.
        assert!(
            obtain(&store.environments, &installer, &["nowhere"]).1.contains(&Phase::Resolving)
        );
    }
}

#[test]
fn equal_files_are_on_the_disk_once() {
    let index = index();
    for tool in tools() {
        let (store, installer) = (Store::new(), index.installer(tool));
        let one = store.obtain(&installer, &["one"]).unwrap();
        let both = store.obtain(&installer, &["both"]).unwrap();
        assert_ne!(one.address(), both.address());
        for file in ["one/data", "one.py"] {
            let inode = |e: &Environment| fs::metadata(e.path().join(file)).unwrap().ino();
            assert_eq!(inode(&one), inode(&both), "{tool:?} {file}");
        }
        // Compiled files as well.
        let compiled = |e: &Environment| {
            let folder = fs::read_dir(e.path().join("__pycache__")).unwrap();
            let mut files = folder.map(|file| file.unwrap().path());
            let file = files.find(|f| f.file_name().unwrap().to_str().unwrap().starts_with("one."));
            fs::metadata(file.unwrap()).unwrap().ino()
        };
        assert_eq!(compiled(&one), compiled(&both), "{tool:?}");
    }
}

#[test]
fn scopes_indexes_and_interpreters_do_not_share() {
    let (index, other) = (index(), index());
    for tool in tools() {
        let (store, lines) = (Store::new(), ["one".to_owned()]);
        let address = |installer: &Installer, scope: &str| {
            let request = InstallRequest::new(installer, &lines).scope(scope);
            let obtained = store.environments.obtain(&request, &mut |_| ());
            obtained.unwrap().address().to_owned()
        };
        let installer = index.installer(tool);
        let first = address(&installer, "");
        assert_eq!(address(&installer, ""), first);
        assert_ne!(address(&installer, "alice"), first);
        assert_ne!(address(&installer, "alice"), address(&installer, "bob"));
        assert_ne!(address(&other.installer(tool), ""), first);
        let changed =
            index.options(tool).variable("PIP_TIMEOUT", "7").variable("UV_HTTP_TIMEOUT", "7");
        assert_ne!(address(&Installer::find(&changed, newest()).unwrap(), ""), first);
        let caches = fs::read_dir(store.path().join("cache")).unwrap();
        let folders = caches.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
        assert_eq!(folders, 3, "downloads of three scopes");
    }
}

#[test]
fn damage_is_found_and_repaired() {
    let index = index();
    for tool in tools() {
        let (store, installer) = (Store::new(), index.installer(tool));
        let environment = store.obtain(&installer, &["one"]).unwrap();
        let (module, data) =
            (environment.path().join("one.py"), environment.path().join("one/data"));
        drop(environment);

        // A byte, of a file that is shared as well: found when it is used.
        let text = fs::read_to_string(&data).unwrap();
        fs::write(&data, text.replacen("onex", "onfx", 1)).unwrap();
        let again = store.reopened();
        assert_eq!((again.opened().environments, again.opened().damaged.len()), (1, 0));
        let (repaired, phases) = obtain(&again, &installer, &["one"]);
        let repaired = repaired.unwrap();
        assert!(
            matches!(&phases[0], Phase::Rebuilding { reason } if reason.contains("one/data")),
            "{phases:?}"
        );
        assert_eq!(fs::read_to_string(&data).unwrap(), text);
        assert_eq!(run(newest(), &repaired, "import one; print(one.VERSION)"), "1.0");
        drop(repaired);

        // A file that is gone: found at once.
        fs::remove_file(&module).unwrap();
        let again = store.reopened();
        let [(_, reason)] = again.opened().damaged.as_slice() else {
            panic!("{:?}", again.opened())
        };
        assert!(reason.contains("one.py"), "{reason}");
        assert!(again.list().unwrap().is_empty());
        let (repaired, phases) = obtain(&again, &installer, &["one"]);
        repaired.unwrap();
        assert_eq!(phases.len(), 2, "{phases:?}");
        store.assert_tidy();
    }
}

#[test]
fn what_is_used_least_recently_goes_first_and_never_what_is_in_use() {
    let index = index();
    for tool in tools() {
        let (measure, installer) = (Store::new(), index.installer(tool));
        drop(measure.obtain(&installer, &["one"]).unwrap());
        let size = measure.environments.list().unwrap()[0].bytes;

        let store = Store::with(EnvironmentsOptions::new().bytes(2 * size + size / 2));
        let there = |environments: &Environments| {
            let listed = environments.list().unwrap();
            let names = |packages: &[pyexec_packages::Package]| packages[0].name().to_owned();
            listed.iter().map(|listed| names(&listed.packages)).collect::<Vec<_>>()
        };
        let held = store.obtain(&installer, &["one"]).unwrap();
        store.obtain(&installer, &["two"]).unwrap();
        assert_eq!(there(&store.environments), ["two", "one"]);
        assert!(store.environments.list().unwrap()[1].in_use);
        store.obtain(&installer, &["three"]).unwrap();
        assert_eq!(there(&store.environments), ["three", "one"], "one is older, but in use");
        assert_eq!(run(newest(), &held, "import one; print(one.VERSION)"), "1.0");
        // Another that has the folder open sees that, too.
        let other = store.reopened();
        assert_eq!(other.prune(Prune::DownTo(0)).unwrap().environments, 1);
        assert_eq!(there(&store.environments), ["one"]);
        drop(held);
        let pruned = other.prune(Prune::Everything).unwrap();
        assert_eq!((pruned.environments, pruned.bytes), (1, size));
        assert_eq!(there(&store.environments), [""; 0]);
        let objects = store.path().join("objects");
        let files =
            fs::read_dir(objects).unwrap().flat_map(|f| fs::read_dir(f.unwrap().path()).unwrap());
        assert_eq!(files.count(), 0);
        // And it is made again when it is asked for.
        assert_eq!(names(&store.obtain(&installer, &["one"]).unwrap()), ["one 1.0"]);
        store.assert_tidy();
    }
}

#[test]
fn what_is_too_much_while_it_is_used_goes_afterwards() {
    let index = index();
    let tool = tools()[0];
    let (store, installer) =
        (Store::with(EnvironmentsOptions::new().bytes(1)), index.installer(tool));
    let held = ["one", "two"].map(|name| store.obtain(&installer, &[name]).unwrap());
    assert_eq!(store.environments.list().unwrap().len(), 2);
    drop(held);
    drop(store.obtain(&installer, &["three"]).unwrap());
    let _any = store.obtain(&installer, &["three"]).unwrap();
    assert_eq!(store.environments.list().unwrap().len(), 1);
}

#[test]
fn sharing_counts_once() {
    let index = index();
    let (store, installer) = (Store::new(), index.installer(tools()[0]));
    drop([["one"], ["both"]].map(|lines| store.obtain(&installer, &lines).unwrap()));
    let sizes: u64 = store.environments.list().unwrap().iter().map(|listed| listed.bytes).sum();
    let pruned = store.environments.prune(Prune::Everything).unwrap();
    assert_eq!(pruned.environments, 2);
    assert!(pruned.bytes < sizes, "{} of {sizes}", pruned.bytes);
}

#[test]
fn what_requirements_lead_to_is_looked_up_again() {
    let index = Index::new(&[Dist::wheel("simple", "1.0")]);
    for tool in tools() {
        let options = EnvironmentsOptions::new().resolutions_for(Duration::ZERO);
        let (store, lasting) = (Store::with(options), Store::new());
        let installer = index.installer(tool);
        for store in [&store, &lasting] {
            assert_eq!(names(&store.obtain(&installer, &["simple"]).unwrap()), ["simple 1.0"]);
        }
        index.add(&[Dist::wheel("simple", "2.0")]);
        assert_eq!(names(&store.obtain(&installer, &["simple"]).unwrap()), ["simple 2.0"]);
        assert_eq!(names(&lasting.obtain(&installer, &["simple"]).unwrap()), ["simple 1.0"]);
        fs::remove_file(index.wheels().join("simple-2.0-py3-none-any.whl")).unwrap();
    }
}
