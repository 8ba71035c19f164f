//! What is remembered between processes: that an environment was checked, what programs said.

use crate::support::{Dist, Index, Store, newest, obtain, tools};
use pyexec_packages::{Environments, EnvironmentsOptions, Phase};
use std::{
    fs::{self, File, FileTimes},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

const HOUR: Duration = Duration::from_secs(3600);

fn index() -> Index {
    Index::new(&[Dist::wheel("one", "1.0").file("one/data", "12345")])
}

/// As a process has it that trusts what others checked within the last hour.
fn trusting(store: &Store) -> Environments {
    Environments::open(store.path(), EnvironmentsOptions::new().trust_checks(HOUR)).unwrap()
}

/// The record of the check of the only environment.
fn record(store: &Store) -> PathBuf {
    let mut all = fs::read_dir(store.path().join("environments")).unwrap();
    all.next().unwrap().unwrap().path().join("checked")
}

fn set_time(file: &Path, time: SystemTime) {
    let file = File::options().write(true).open(file).unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}

/// Why an environment was made again, if it was.
fn rebuilt(phases: &[Phase]) -> Option<&str> {
    phases.iter().find_map(|phase| match phase {
        Phase::Rebuilding { reason } => Some(reason.as_str()),
        _ => None,
    })
}

#[test]
fn what_was_checked_is_read_again_where_it_changed() {
    let (tool, store) = (tools()[0], Store::new());
    let index = index();
    let installer = index.installer(tool);
    let data = store.obtain(&installer, &["one"]).unwrap().path().join("one/data");
    let look = |environments: &Environments| {
        let (obtained, phases) = obtain(environments, &installer, &["one"]);
        obtained.unwrap();
        rebuilt(&phases).map(str::to_owned)
    };
    // As it was.
    assert_eq!(look(&trusting(&store)), None);

    // Changed since, with the same size: read, and found.
    fs::write(&data, "1234x").unwrap();
    assert!(look(&trusting(&store)).unwrap().contains("other contents"));
    assert_eq!(fs::read_to_string(&data).unwrap(), "12345");

    // Changed before somebody is said to have checked it: that word is taken, for an hour.
    fs::write(&data, "1234x").unwrap();
    set_time(&record(&store), SystemTime::now());
    assert_eq!(look(&trusting(&store)), None);
    // Not by those who check for themselves.
    let reason = look(&store.reopened()).unwrap();
    assert!(reason.contains("other contents"), "{reason}");
    for said in [SystemTime::now() - 2 * HOUR, SystemTime::now() + HOUR] {
        fs::write(&data, "1234x").unwrap();
        set_time(&record(&store), said);
        let reason = look(&trusting(&store)).unwrap();
        assert!(reason.contains("other contents"), "{reason}");
    }

    // Another size is found whatever is said.
    fs::write(&data, "1234").unwrap();
    set_time(&record(&store), SystemTime::now());
    assert!(look(&trusting(&store)).unwrap().contains("isn't what it was"));
    assert_eq!(fs::read_to_string(&data).unwrap(), "12345");

    // Without a word everything is read, and that is remembered.
    fs::remove_file(record(&store)).unwrap();
    assert_eq!(look(&trusting(&store)), None);
    assert!(record(&store).is_file());
}

#[test]
fn what_was_looked_over_is_not_again_so_soon() {
    let (tool, store) = (tools()[0], Store::new());
    let index = index();
    let installer = index.installer(tool);
    let data = store.obtain(&installer, &["one"]).unwrap().path().join("one/data");
    fs::write(&data, "1").unwrap();
    let opened = trusting(&store).opened().clone();
    assert_eq!((opened.environments, opened.damaged.len()), (1, 0));
    set_time(&store.path().join("looked-over"), SystemTime::now() - 2 * HOUR);
    assert_eq!(trusting(&store).opened().damaged.len(), 1);
    assert!(!data.exists());
}

#[test]
fn what_programs_say_is_remembered() {
    let index = index();
    for tool in tools() {
        let store = Store::new();
        let ask = || store.environments.installer(newest().executable(), &index.options(tool));
        let asked = ask().unwrap();
        // Of the interpreter and of the installer.
        let answers = || fs::read_dir(store.path().join("answers")).unwrap().count();
        assert_eq!(answers(), 2, "{tool:?}");
        let recalled = ask().unwrap();
        let found = index.installer(tool);
        for installer in [&asked, &recalled] {
            assert_eq!(installer.to_string(), found.to_string());
            assert_eq!(installer.python(), found.python());
        }
        let address = |installer| store.obtain(installer, &["one"]).unwrap().address().to_owned();
        assert_eq!(address(&recalled), address(&found));
        // With other variables it may say something else.
        let other = index.options(tool).variable("PIP_X", "1").variable("UV_X", "1");
        store.environments.installer(newest().executable(), &other).unwrap();
        assert_eq!(answers(), 3, "{tool:?}");
        store.environments.installer("/nonexistent/python", &other).unwrap_err();
        assert_eq!(answers(), 3, "{tool:?}");
    }
}
