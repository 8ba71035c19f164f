//! Servers that answer an upload before they have it all, and hang up.

#[path = "../../pyexec-core/tests/suite/blocking.rs"]
mod adapter;
#[path = "../../pyexec-core/tests/suite/mod.rs"]
mod suite;

use adapter::Blocking;
use suite::trouble::hung_up_on;

/// More than the system takes in before anybody reads: the client is still sending for sure.
#[test]
fn in_the_middle_of_an_upload() {
    for _ in 0..10 {
        hung_up_on::<Blocking>(32 << 20, true);
    }
}

/// Less than is announced first. Where it is cut depends on who is faster.
#[test]
fn at_once() {
    for _ in 0..50 {
        hung_up_on::<Blocking>(300_000, false);
    }
}
