//! A server that is killed again and again.

use crate::{
    leftovers::{Leftovers, marked},
    server::{Running, Started, archive, metadata, noise, start},
};
use pyexec_blocking::{
    Archive, Client,
    types::{ExecutionId, Outcome, Status},
};
use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread::ScopedJoinHandle,
    time::{Duration, SystemTime},
};

const KILLS: usize = 50;

/// Submissions of one client to one server at most.
const EACH: usize = 4;

/// Decides when servers die.
const SEED: &str = "PYEXEC_TEST_SEED";

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// What clients know of their submissions, each of which has a number.
#[derive(Default)]
struct Ledger {
    next: AtomicU64,
    accepted: Mutex<HashMap<u64, ExecutionId>>,
    /// Whose answers never came: nobody knows whether they were accepted.
    unheard: Mutex<Vec<u64>>,
    noise: String,
}

impl Ledger {
    /// Short ones, ones that are likely to run when the server dies, large outputs and archives.
    fn archive(&self, number: u64) -> Archive {
        let code = match number % 5 {
            0 => format!("import time; time.sleep(0.2); print({number})"),
            1 => format!("print('x' * 400_000); print({number})"),
            _ => format!("print({number})"),
        };
        let noise = if number % 5 == 2 { self.noise.as_str() } else { "" };
        Archive::from_map([("main.py", code.as_str()), ("noise.txt", noise)]).unwrap()
    }

    fn expected(number: u64) -> String {
        let before = if number % 5 == 1 { "x".repeat(400_000) + "\n" } else { String::new() };
        format!("{before}{number}\n")
    }

    /// Submits one under a key of its own; whether there was an answer.
    fn submit(&self, client: &Client, number: u64) -> bool {
        let client = client.with_idempotency_key(number.to_string());
        match client.execute_async(&self.archive(number), &metadata(&number.to_string())) {
            Ok(id) => {
                let before = self.accepted.lock().unwrap().insert(number, id.clone());
                assert!(before.is_none_or(|before| before == id), "{number} was accepted twice");
                true
            }
            Err(error) => {
                assert_eq!(error.status(), None, "{error}");
                self.unheard.lock().unwrap().push(number);
                false
            }
        }
    }

    /// Submits one after the other until there is no answer: what is unheard of, what is new, and
    /// once what was accepted before.
    fn load(&self, client: &Client, answers: &AtomicUsize) {
        for turn in 0..EACH {
            let unheard = self.unheard.lock().unwrap().pop();
            let number = unheard.unwrap_or_else(|| self.next.fetch_add(1, Ordering::Relaxed));
            if !self.submit(client, number) || (turn == 1 && !self.submit(client, number / 2)) {
                return;
            }
            answers.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn fifty_kills_under_load_lose_nothing_and_run_nothing_twice() {
    let given = std::env::var(SEED).ok().map(|seed| seed.parse().unwrap());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let seed = given.unwrap_or(now.as_nanos() as u64);
    // Only a test that fails shows it.
    eprintln!("{SEED}={seed}");
    let mut dice = Dice(seed);
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger { noise: noise(1_200_000), ..Ledger::default() };
    let mut leftovers = Leftovers::before(folder.path());
    for _ in 0..KILLS {
        if dice.below(5) == 0 {
            // While it starts, perhaps.
            let started = Started::new(folder.path());
            std::thread::sleep(Duration::from_millis(dice.below(80)));
            leftovers.of(started.pid(), None);
        }
        let server = start(folder.path()).unwrap();
        let (answers, enough) = (AtomicUsize::new(0), dice.below(3 * EACH as u64));
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..3)
                .map(|_| {
                    let client = server.client();
                    let (ledger, answers) = (&ledger, &answers);
                    scope.spawn(move || ledger.load(&client, answers))
                })
                .collect();
            while answers.load(Ordering::Relaxed) < enough as usize
                && !clients.iter().all(ScopedJoinHandle::is_finished)
            {
                std::thread::yield_now();
            }
            std::thread::sleep(Duration::from_millis(dice.below(60)));
            leftovers.of(server.pid(), Some(server.launcher));
            drop(server);
        });
    }
    let server = start(folder.path()).unwrap();
    account(&server, &ledger, folder.path());
    leftovers.are_gone(&server);
    server.end();
    assert_eq!(marked(folder.path()), Vec::<u32>::new());
}

/// Each one that was accepted has its true end, and each that ran did so once.
fn account(server: &Running, ledger: &Ledger, folder: &Path) {
    let client = server.client();
    for number in std::mem::take(&mut *ledger.unheard.lock().unwrap()) {
        assert!(ledger.submit(&client, number));
    }
    let accepted = ledger.accepted.lock().unwrap();
    let (mut completed, mut lost) = (0, 0);
    let mut is_completed = HashMap::new();
    for (number, id) in &*accepted {
        let result = client.wait_for_completion(id, Duration::from_millis(10));
        let result = result.unwrap_or_else(|error| panic!("{id} ({number}): {error}"));
        match result.status {
            Status::Completed => {
                let is_true = result.stdout == Ledger::expected(*number);
                assert!(is_true, "{number} has another's result: {result:?}");
                completed += 1;
            }
            Status::Failed => {
                assert_eq!(result.outcome, Some(Outcome::Lost), "{result:?}");
                assert_eq!(result.error.as_deref(), Some("server restarted while it ran"));
                lost += 1;
            }
            other => panic!("{id} ({number}) is {other}"),
        }
        is_completed.insert(number.to_string(), result.status == Status::Completed);
    }
    let starts = std::fs::read_to_string(folder.join("starts")).unwrap();
    let mut started = HashMap::<&str, usize>::new();
    starts.lines().for_each(|number| *started.entry(number).or_default() += 1);
    eprintln!("{} accepted, {completed} completed, {lost} lost", accepted.len());
    assert_eq!(accepted.len() as u64, ledger.next.load(Ordering::Relaxed), "each has an end");
    assert!(completed > KILLS && lost > 0, "too little happened");
    for (number, count) in &started {
        assert_eq!(*count, 1, "{number} ran {count} times");
        assert!(is_completed.contains_key(*number), "{number} ran, and nobody accepted it");
    }
    for (number, is_completed) in &is_completed {
        let was_started = started.contains_key(number.as_str());
        assert!(was_started || !is_completed, "{number} never ran, but has a result");
    }
}

/// Without a kill: what waits goes on with the next server, what runs is ended.
#[test]
fn a_shutdown_leaves_what_waits_to_the_next_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).unwrap();
    let client = server.client();
    let submit =
        |code: &str, n: u32| client.execute_async(&archive(code), &metadata(&n.to_string()));
    let submit = |code: &str, n| submit(code, n).unwrap();
    let running: Vec<_> = (0..3).map(|n| submit("import time; time.sleep(600)", n)).collect();
    for id in &running {
        while client.get_execution(id).unwrap().status == Status::Pending {
            std::thread::yield_now();
        }
    }
    let waiting: Vec<_> = (3..6).map(|n| submit(&format!("print({n})"), n)).collect();
    server.end();
    let server = start(folder.path()).unwrap();
    let client = server.client();
    for id in &running {
        let result = client.get_execution(id).unwrap();
        assert_eq!((result.status, result.outcome), (Status::Failed, Some(Outcome::Lost)));
        assert_eq!(result.error.as_deref(), Some("the server shut down while it ran"));
    }
    for (n, id) in waiting.iter().enumerate() {
        let result = client.wait_for_completion(id, Duration::from_millis(10)).unwrap();
        assert_eq!(result.stdout, format!("{}\n", n + 3));
    }
    server.end();
}
