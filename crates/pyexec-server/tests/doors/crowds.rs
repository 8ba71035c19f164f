//! Many connections.

use crate::served::serve;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(3600);

#[test]
fn a_thousand_idle_ones_hinder_nobody() {
    let server = serve(|config| config.connections.idle_timeout = LONG);
    let mut idle: Vec<_> = (0..1000)
        .map(|_| {
            let mut talk = server.connect();
            talk.health();
            talk
        })
        .collect();
    let start = Instant::now();
    server.connect().health();
    assert!(start.elapsed() < Duration::from_secs(5));
    // They are all still there.
    for talk in &mut idle {
        talk.health();
    }
}

#[test]
fn a_full_house_sends_home_who_does_nothing() {
    let server = serve(|config| {
        config.connections.most = 8;
        config.connections.idle_timeout = LONG;
    });
    let mut kept: Vec<_> = Vec::new();
    for _ in 0..40 {
        let mut talk = server.connect();
        talk.health();
        kept.push(talk);
    }
    // Those that were idle longest went first.
    assert_eq!(kept.remove(0).rest(), "");
    kept.pop().unwrap().health();
}

/// Who hasn't said anything yet may be about to; it has the time that a head has.
#[test]
fn a_house_full_of_silence_is_waited_for() {
    let server = serve(|config| {
        config.connections.most = 4;
        config.connections.head_timeout = Duration::from_millis(300);
    });
    let silent: Vec<_> = (0..12).map(|_| server.connect()).collect();
    server.connect().health();
    drop(silent);
}
