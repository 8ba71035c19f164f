use super::*;
use crate::{BoxFuture, IdempotencyKey, MemoryStore, SandboxBackend, StoreError, auth::Tokens};
use futures_util::FutureExt;
use pyexec_sandbox::{Sandbox, SandboxOptions};
use pyexec_types::{ExecutionResult, SimpleExecRequest};
use std::{future::Future, sync::LazyLock, time::Instant};
use tokio::sync::watch;

const SLEEPER: &str = "import time; time.sleep(600)";

static SANDBOX: LazyLock<Arc<SandboxBackend>> = LazyLock::new(|| {
    Arc::new(SandboxBackend::new(Sandbox::start(SandboxOptions::default()).unwrap()))
});

/// A disk that takes its time over what was submitted, and then may turn out to be broken.
struct SlowDisk {
    memory: Arc<MemoryStore>,
    is_whole: watch::Sender<Option<bool>>,
    /// What happens meanwhile when it is asked for a key.
    on_find: Mutex<Vec<Meanwhile>>,
}

type Meanwhile = Box<dyn FnOnce() + Send>;

impl std::fmt::Debug for SlowDisk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SlowDisk")
    }
}

impl SlowDisk {
    fn new(is_whole: Option<bool>) -> Arc<Self> {
        let memory = Arc::new(MemoryStore::new(Duration::from_secs(300), 1 << 20));
        let on_find = Mutex::default();
        Arc::new(Self { memory, is_whole: watch::Sender::new(is_whole), on_find })
    }
}

impl Store for SlowDisk {
    fn put(&self, record: Record) -> BoxFuture<Result<(), StoreError>> {
        self.memory.put(record)
    }

    fn accept(&self, record: Record, _: &Submission) -> BoxFuture<Result<(), StoreError>> {
        let mut told = self.is_whole.subscribe();
        let memory = Arc::clone(&self.memory);
        Box::pin(async move {
            let is_whole = told.wait_for(Option::is_some).await.map(|told| *told == Some(true));
            let is_whole = is_whole.unwrap_or(false);
            if is_whole { memory.put(record).await } else { Err(StoreError::new("broken")) }
        })
    }

    fn keeps_submissions(&self) -> bool {
        true
    }

    fn get(&self, id: &ExecutionId) -> Result<Option<Record>, StoreError> {
        self.memory.get(id)
    }

    fn find(&self, owner: &Owner, key: &str) -> Result<Option<Record>, StoreError> {
        let found = self.memory.find(owner, key);
        let meanwhile = self.on_find.lock().unwrap().pop();
        meanwhile.into_iter().for_each(|meanwhile| meanwhile());
        found
    }

    fn list(&self, query: &ListQuery) -> Result<Vec<Record>, StoreError> {
        self.memory.list(query)
    }
}

fn scheduler(disk: &Arc<SlowDisk>) -> Arc<Scheduler> {
    let config = ServerConfig { slots: 1, ..ServerConfig::default() };
    let space = SpoolSpace::new(std::env::temp_dir(), u64::MAX);
    let metrics = Arc::new(Metrics::new(&SANDBOX.isolation()));
    let (backend, store) = (Arc::clone(&*SANDBOX) as _, Arc::clone(disk) as _);
    let packages = PackageSource::new(config.packages.clone(), SANDBOX.pythons()).unwrap();
    Scheduler::new(&config, backend, store, space, metrics, Arc::new(packages))
}

fn caller() -> Caller {
    Tokens::new(&[], None).unwrap().caller(&Owner::anonymous())
}

fn submission(code: &str) -> Submission {
    let space = SpoolSpace::new(std::env::temp_dir(), u64::MAX);
    let (limits, config) = (caller().limits, ServerConfig::default());
    let request = SimpleExecRequest::new(code);
    let packages = PackageSource::new(config.packages.clone(), SANDBOX.pythons()).unwrap();
    Submission::from_code(request, &limits, &config, &**SANDBOX, &space, &packages).unwrap()
}

fn arrival(is_async: bool, key: Option<&str>) -> Arrival {
    let key = key.map(|key| IdempotencyKey { key: key.into(), digest: "d".into() });
    Arrival { is_async, key }
}

/// One that comes in the background; it has begun when this returns.
fn come(
    scheduler: &Arc<Scheduler>,
    code: &str,
    arrival: Arrival,
) -> tokio::task::JoinHandle<Result<Taken, ApiError>> {
    let (scheduler, submission) = (Arc::clone(scheduler), submission(code));
    let mut submitted =
        Box::pin(async move { scheduler.submit(submission, &caller(), arrival).await });
    let begun = submitted.as_mut().now_or_never();
    tokio::spawn(async move {
        match begun {
            Some(answer) => answer,
            None => submitted.await,
        }
    })
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("it never happens")
}

async fn until_nothing_lives(scheduler: &Scheduler) {
    let begun = Instant::now();
    while !scheduler.state().live.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it lives on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Whoever hears of an execution can rely on it, whichever of its requests is theirs.
#[tokio::test]
async fn nobody_hears_of_what_is_not_safe() {
    let disk = SlowDisk::new(None);
    let scheduler = scheduler(&disk);
    let kinds = [true, true, false];
    let waiting = kinds.map(|is_async| come(&scheduler, "1", arrival(is_async, Some("k"))));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(waiting.iter().all(|waiting| !waiting.is_finished()), "it isn't stored yet");
    disk.is_whole.send_replace(Some(false));
    for answer in waiting {
        let error = soon(answer).await.unwrap().unwrap_err();
        assert_eq!(error, ApiError::not_stored());
    }
    assert!(scheduler.state().live.is_empty() && scheduler.state().keys.is_empty());
    disk.is_whole.send_replace(Some(true));
    let again = soon(come(&scheduler, "1", arrival(true, Some("k")))).await.unwrap().unwrap();
    let Found::Live(live) = again.found else { panic!("it was forgotten") };
    assert_eq!(soon(live.finished()).await.result.status, Status::Completed);
}

#[tokio::test]
async fn a_shutdown_waits_for_nothing_that_never_was() {
    let disk = SlowDisk::new(None);
    let scheduler = scheduler(&disk);
    let waiting = come(&scheduler, "1", arrival(true, None));
    let finishing = {
        let scheduler = Arc::clone(&scheduler);
        tokio::spawn(async move { scheduler.finish(Duration::from_millis(1)).await })
    };
    tokio::task::yield_now().await;
    disk.is_whole.send_replace(Some(false));
    soon(finishing).await.unwrap();
    assert_eq!(soon(waiting).await.unwrap().unwrap_err(), ApiError::not_stored());
}

/// A slot that becomes free meanwhile is for nobody.
#[tokio::test]
async fn what_is_left_to_the_next_start_gets_no_turn() {
    let scheduler = scheduler(&SlowDisk::new(Some(true)));
    let first = soon(come(&scheduler, SLEEPER, arrival(true, None))).await.unwrap().unwrap();
    let Found::Live(first) = first.found else { panic!("it lives") };
    let mut progress = first.watch();
    let is_running = |it: &crate::live::Progress| it.record.result.status == Status::Running;
    soon(progress.wait_for(is_running)).await.unwrap();
    let second = soon(come(&scheduler, "1", arrival(true, None))).await.unwrap().unwrap();
    let Found::Live(second) = second.found else { panic!("it lives") };
    scheduler.drain();
    // Before the second's task has had a chance to hear of it.
    scheduler.leave(&first);
    assert_eq!(soon(second.finished()).await.result.status, Status::Pending);
    first.stop();
    until_nothing_lives(&scheduler).await;
    assert_eq!(second.record().result.status, Status::Pending, "it ran all the same");
    assert_eq!(scheduler.store.get(&second.id()).unwrap().unwrap().result.status, Status::Pending);
}

#[tokio::test]
async fn a_client_that_leaves_before_its_answer_takes_its_execution_with_it() {
    let scheduler = scheduler(&SlowDisk::new(Some(true)));
    let caller = caller();
    let submitted = scheduler.submit(submission(SLEEPER), &caller, arrival(false, None));
    assert!(submitted.now_or_never().is_none(), "it has begun");
    assert_eq!(scheduler.state().live.len(), 1);
    until_nothing_lives(&scheduler).await;
}

/// With a key it is one to come back for, as an asynchronous one is.
#[tokio::test]
async fn what_has_a_key_is_kept() {
    for (is_async, key, is_kept) in
        [(false, None, false), (false, Some("k"), true), (true, None, true)]
    {
        let scheduler = scheduler(&SlowDisk::new(Some(true)));
        let taken = soon(come(&scheduler, "1", arrival(is_async, key))).await.unwrap().unwrap();
        assert_eq!(taken.found.record().is_kept, is_kept, "{is_async} {key:?}");
        assert_eq!(taken.attendance.is_some(), !is_async);
        drop(taken);
    }
}

/// The store may have to wait for its disk.
#[tokio::test]
async fn nobody_waits_for_the_store_but_who_asks() {
    let disk = SlowDisk::new(Some(true));
    let scheduler = scheduler(&disk);
    let other = Arc::clone(&scheduler);
    let meanwhile = move || drop(other.state.try_lock().expect("everybody would wait"));
    disk.on_find.lock().unwrap().push(Box::new(meanwhile));
    soon(come(&scheduler, "1", arrival(true, Some("k")))).await.unwrap().unwrap();
    assert!(disk.on_find.lock().unwrap().is_empty());
}

/// The store's answer may be older than what it holds by then.
#[tokio::test]
async fn a_key_that_comes_and_goes_meanwhile_is_found() {
    let disk = SlowDisk::new(Some(true));
    let scheduler = scheduler(&disk);
    let (other, memory) = (Arc::clone(&scheduler), Arc::clone(&disk.memory));
    disk.on_find.lock().unwrap().push(Box::new(move || {
        let result = ExecutionResult::new("exe_1".into(), Status::Completed);
        let record = Record::new(result, Output::empty(), Owner::anonymous(), 1);
        let Arrival { key, .. } = arrival(true, Some("k"));
        drop(memory.put(Record { is_kept: true, key, ..record }));
        other.state().forgotten += 1;
    }));
    let taken = soon(come(&scheduler, "1", arrival(true, Some("k")))).await.unwrap().unwrap();
    assert_eq!(taken.found.record().id().as_str(), "exe_1", "it ran twice");
}
