//! Results have their time, whether a server runs or not.

use crate::server::{Started, archive, metadata};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const TTL: Duration = Duration::from_millis(1500);

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn outputs(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("state/outputs")).unwrap().count()
}

#[test]
fn results_expire_after_their_time_also_across_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Started::with(folder.path(), TTL).ready().unwrap();
    for is_killed in [false, true] {
        let client = server.client().with_idempotency_key("k");
        let large = archive("print('x' * 400_000)");
        let begun = Instant::now();
        let result = client.execute_sync(&large, &metadata("x")).unwrap();
        let id = result.execution_id.clone();
        let is_there = client.get_execution(&id);
        assert!(is_there.is_ok() || begun.elapsed() > TTL, "{is_there:?}");
        if is_killed {
            server = {
                drop(server);
                Started::with(folder.path(), TTL).ready().unwrap()
            };
        }
        let client = server.client().with_idempotency_key("k");
        until("it never expires", || match client.get_execution(&id) {
            Ok(kept) => {
                assert!(kept.stdout == result.stdout);
                false
            }
            Err(error) => error.status().is_some_and(|status| status == 404),
        });
        assert!(begun.elapsed() > TTL, "it expired early");
        until("its output stays", || outputs(folder.path()) == 0);
        let again = client.execute_async(&large, &metadata("x")).unwrap();
        assert_ne!(again, id, "its key is free");
        client.wait_for_completion(&again, Duration::from_millis(10)).unwrap();
        until("it never expires", || client.get_execution(&again).is_err());
    }
    server.end();
}
