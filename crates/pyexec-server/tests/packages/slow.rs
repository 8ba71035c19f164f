//! An index that never answers.

use crate::{Shop, needing, project};
use pyexec_blocking::{
    WaitPolicy,
    types::{ExecutionId, Outcome, Status},
};
use std::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

/// Accepts, and says nothing; who came is told.
fn silent() -> (String, Receiver<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/simple", listener.local_addr().unwrap());
    let (tell, told) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            if tell.send(stream).is_err() {
                return;
            }
        }
    });
    (url, told)
}

/// One slot, and an index that never answers.
fn shop(timeout: Duration) -> (Shop, Receiver<TcpStream>) {
    let (url, told) = silent();
    let shop = Shop::with(|config| {
        config.slots = 1;
        config.packages.timeout = timeout;
        config.packages.variables.retain(|(name, _)| name != "PIP_NO_INDEX");
        config.packages.variables.push(("PIP_INDEX_URL".into(), url.into()));
    });
    (shop, told)
}

fn submit(shop: &Shop) -> ExecutionId {
    shop.client().execute_async(&project("print(1)"), &needing("slow")).unwrap()
}

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn it_holds_nobody_up_and_can_be_killed() {
    let (shop, came) = shop(PATIENCE);
    let id = submit(&shop);
    let _connection = came.recv_timeout(PATIENCE).unwrap();
    let result = shop.client().get_execution(&id).unwrap();
    assert_eq!((&result.status, result.phase.as_deref()), (&Status::Pending, Some("resolving")));
    // The only slot is free for others.
    assert_eq!(shop.run("", "print(2)").stdout, "2\n");
    let start = Instant::now();
    assert_eq!(shop.client().kill_execution(&id).unwrap(), Status::Killed);
    let result = shop
        .client()
        .wait_for_completion(&id, WaitPolicy::every(Duration::from_millis(50)))
        .unwrap();
    assert_eq!((result.status, result.phase), (Status::Killed, None));
    assert!(start.elapsed() < Duration::from_secs(20), "it was killed, not waited for");
}

#[test]
fn it_has_a_limit_of_its_own() {
    let (shop, _came) = shop(Duration::from_secs(2));
    let result = shop.run("slow", "print(1)");
    assert_eq!(result.outcome, Some(Outcome::InstallFailed), "{result:?}");
    assert!(result.error.unwrap().contains("longer than 2 s"));
}
