use super::*;
use crate::{IdempotencyKey, Output, packages::Needs};
use pyexec_sandbox::Job;
use pyexec_types::{ExecutionResult, Outcome};
use std::{fs::File, os::unix::fs::FileExt};

const TTL: Duration = Duration::from_secs(300);

fn open(folder: &Path) -> DurableStore {
    DurableStore::open(folder, TTL, 1 << 30).unwrap()
}

fn space() -> Arc<SpoolSpace> {
    SpoolSpace::new(std::env::temp_dir(), u64::MAX)
}

fn record(id: &str, status: Status, stdout: &[u8]) -> Record {
    let output = Output::new(4 << 20, &space());
    stdout.chunks(1 << 16).for_each(|piece| output.append(OutputStream::Stdout, piece).unwrap());
    output.seal();
    let result = ExecutionResult::new(id.into(), status);
    let created = u64::from(*id.as_bytes().last().unwrap());
    let record = Record::new(result, output, Owner::of_token("x"), created);
    let key = IdempotencyKey { key: id.into(), digest: "d".into() };
    Record { is_kept: true, key: Some(key), ..record }
}

fn needs() -> Needs {
    let requirements = pyexec_packages::Requirements::parse("numpy>=2\nsix").unwrap();
    Needs::of(&requirements)
}

fn submission(archive: &[u8]) -> Submission {
    let file = tempfile::tempfile().unwrap();
    file.write_all_at(archive, 0).unwrap();
    let mut job = Job::new(file.into(), "3.12".parse().unwrap(), "main.py");
    job.env = vec!["A=1".into()];
    job.stdin = b"in".to_vec();
    let reservation = crate::space::Reservation::new(&space());
    Submission { job, needs: needs(), reservation }
}

fn now<T>(future: BoxFuture<T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn put(store: &DurableStore, record: Record) {
    now(store.put(record)).unwrap();
}

fn files(folder: &Path, part: &str) -> usize {
    std::fs::read_dir(folder.join(part)).unwrap().count()
}

fn text(record: &Record) -> String {
    record.output.text(OutputStream::Stdout).unwrap()
}

#[test]
fn results_large_and_small_are_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let large = vec![b'x'; 5 << 20];
    let store = open(folder.path());
    put(&store, record("exe_1", Status::Completed, b"small"));
    put(&store, record("exe_2", Status::Completed, &large));
    let before = store.get(&"exe_2".into()).unwrap().unwrap();
    drop(store);
    let store = open(folder.path());
    let get = |id: &str| store.get(&id.into()).unwrap().unwrap();
    assert_eq!(text(&get("exe_1")), "small");
    assert!(text(&get("exe_2")) == text(&before) && text(&before).len() > 4 << 20);
    assert_eq!(get("exe_2").output.len(OutputStream::Stdout), 5 << 20);
    let owner = Owner::of_token("x");
    assert_eq!(store.find(&owner, "exe_1").unwrap().unwrap().id().as_str(), "exe_1");
    assert_eq!(store.find(&Owner::anonymous(), "exe_1").unwrap(), None);
    let list = |before, limit| -> Vec<String> {
        let query = ListQuery { owner: owner.clone(), status: None, before, limit };
        store.list(&query).unwrap().iter().map(|record| record.id().to_string()).collect()
    };
    assert_eq!(list(None, 9), ["exe_2", "exe_1"]);
    assert_eq!(list(None, 1), ["exe_2"]);
    assert_eq!(list(Some(u64::from(b'2')), 9), ["exe_1"]);
}

#[test]
fn what_waited_is_taken_over_and_what_ran_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let large = vec![7; 2 << 20];
    for (id, archive) in [("exe_2", &large[..]), ("exe_1", b"small"), ("exe_3", &large)] {
        now(store.accept(record(id, Status::Pending, b""), &submission(archive))).unwrap();
    }
    assert_eq!(files(folder.path(), "archives"), 2);
    put(&store, record("exe_3", Status::Running, b""));
    assert_eq!(files(folder.path(), "archives"), 1, "what runs is never run again");
    let sync = Record { is_kept: false, ..record("exe_4", Status::Pending, b"") };
    now(store.accept(sync, &submission(b"small"))).unwrap();
    drop(store);
    std::fs::write(folder.path().join("archives/exe_9"), "x").unwrap();
    std::fs::write(folder.path().join("outputs/exe_9.stdout"), "x").unwrap();

    let store = open(folder.path());
    let left = store.take_over().unwrap();
    let ids: Vec<_> = left.iter().map(|(record, _)| record.id().to_string()).collect();
    assert_eq!(ids, ["exe_1", "exe_2"], "in the order of their arrival");
    let job = &left[1].1.job;
    assert_eq!((job.entrypoint.as_str(), &job.stdin[..]), ("main.py", &b"in"[..]));
    assert_eq!(left[1].1.needs, needs());
    let archive = File::from(job.archive.try_clone().unwrap());
    let mut bytes = vec![0; large.len()];
    archive.read_exact_at(&mut bytes, 0).unwrap();
    assert_eq!(bytes, large);
    assert!(store.take_over().unwrap().is_empty(), "once");
    for (id, error) in
        [("exe_3", "server restarted while it ran"), ("exe_4", "server restarted while it waited")]
    {
        let result = store.get(&id.into()).unwrap().unwrap().result;
        assert_eq!((result.status, result.outcome), (Status::Failed, Some(Outcome::Lost)));
        assert_eq!(result.error.as_deref(), Some(error));
    }
    assert_eq!((files(folder.path(), "archives"), files(folder.path(), "outputs")), (1, 0));
}

#[test]
fn what_expired_while_nobody_served_is_gone_with_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let store = DurableStore::open(folder.path(), Duration::ZERO, 1 << 30).unwrap();
    put(&store, record("exe_1", Status::Completed, &vec![b'x'; 1 << 20]));
    assert_eq!(store.get(&"exe_1".into()).unwrap(), None);
    drop(store);
    assert_eq!(files(folder.path(), "outputs"), 1);
    let store = open(folder.path());
    // A commit of any kind removes it.
    put(&store, record("exe_2", Status::Completed, b""));
    assert_eq!(files(folder.path(), "outputs"), 0);
    assert_eq!(store.find(&Owner::of_token("x"), "exe_1").unwrap(), None);
}

#[test]
fn the_oldest_go_where_there_is_too_much() {
    let folder = tempfile::tempdir().unwrap();
    let store = DurableStore::open(folder.path(), TTL, 2 << 20).unwrap();
    for id in ["exe_1", "exe_2", "exe_3", "exe_4"] {
        put(&store, record(id, Status::Completed, &vec![b'x'; 1 << 20]));
    }
    let has = |id: &str| store.get(&id.into()).unwrap().is_some();
    assert_eq!([has("exe_1"), has("exe_2"), has("exe_4")], [false, false, true]);
}

/// The key is the newer one's.
#[test]
fn one_that_goes_takes_no_key_of_another_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = DurableStore::open(folder.path(), TTL, 2 << 20).unwrap();
    let key = Some(IdempotencyKey { key: "k".into(), digest: "d".into() });
    let large = vec![b'x'; 1 << 20];
    put(&store, Record { key: key.clone(), ..record("exe_1", Status::Completed, &large) });
    put(&store, Record { key, ..record("exe_2", Status::Running, b"") });
    for id in ["exe_3", "exe_4"] {
        put(&store, record(id, Status::Completed, &large));
    }
    assert_eq!(store.get(&"exe_1".into()).unwrap(), None, "it had to go");
    let found = store.find(&Owner::of_token("x"), "k").unwrap();
    assert_eq!(found.unwrap().id().as_str(), "exe_2");
}

/// A page of them would be a hundred megabytes.
#[test]
fn lists_leave_outputs_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    put(&store, record("exe_1", Status::Completed, b"small"));
    let query = ListQuery { owner: Owner::of_token("x"), status: None, before: None, limit: 9 };
    let listed = store.list(&query).unwrap();
    assert_eq!(listed[0].result, store.get(&"exe_1".into()).unwrap().unwrap().result);
    assert!(listed[0].output.is_empty());
}

/// Somebody reads while the database has to be opened again.
#[test]
fn a_failed_database_waits_for_its_readers() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(folder.path().join("db")).unwrap();
    let reader = database.get().unwrap();
    std::thread::scope(|scope| {
        let reopened = scope.spawn(|| database.reopen());
        // Until it is nobody else's any more.
        while Arc::strong_count(&reader) > 1 {
            std::thread::yield_now();
        }
        drop(reader);
        reopened.join().unwrap().unwrap();
    });
    database.get().unwrap();
}

/// Its mode is changed, so it had better be ours.
#[test]
fn a_folder_with_other_files_is_left_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("home");
    std::fs::create_dir(&path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(path.join("notes"), "").unwrap();
    let error = DurableStore::open(&path, TTL, 1).unwrap_err().to_string();
    assert!(error.contains("holds other files") && error.contains("notes"), "{error}");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!(std::fs::read_dir(&path).unwrap().count(), 1);
    std::fs::rename(path.join("notes"), path.join("lost+found")).unwrap();
    drop(open(&path));
    open(&path);
}

#[test]
fn a_folder_is_for_one_server_and_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/state");
    let store = open(&path);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    let error = DurableStore::open(&path, TTL, 1).unwrap_err();
    assert!(error.to_string().contains("another server uses"), "{error}");
    drop(store);
    open(&path);
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = DurableStore::open(&file.join("state"), TTL, 1).unwrap_err().to_string();
    assert!(error.contains("can't be made"), "{error}");
}

#[test]
fn many_at_once_share_commits() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let waiting: Vec<_> = (0..500)
        .map(|n| {
            let record = record(&format!("exe_{n}"), Status::Completed, b"x");
            store.put(Record { created: n, ..record })
        })
        .collect();
    waiting.into_iter().for_each(|stored| now(stored).unwrap());
    let query = ListQuery { owner: Owner::of_token("x"), status: None, before: None, limit: 1000 };
    assert_eq!(store.list(&query).unwrap().len(), 500);
}
