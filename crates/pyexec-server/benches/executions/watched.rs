//! How long output takes from the script's own write to whoever watches the execution.

use crate::{
    served::{self, Served},
    stats::{Samples, goal},
};
use pyexec_core::{Archive, ExecutionEvent, types::Metadata};
use pyexec_sandbox::Start;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

const LINES: [usize; 2] = [2000, 200];
const LOADS: [usize; 2] = [0, 2];
const SPINNER: &str = "while True: pass";

/// The clock that scripts read, too.
fn now() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

pub(crate) fn run(quick: bool) {
    let lines = LINES[usize::from(quick)];
    let server = Served::start(served::options(4, Start::Zygote));
    let client = server.client();
    let submit = |code: &str| {
        let archive = Archive::from_map([("main.py", code)]).unwrap();
        client.execute_async(&archive, &Metadata::new("main.py")).unwrap()
    };
    println!("\nfrom a script's write to its event, {lines} lines, one each 5 ms");
    println!("{:32}{:>13}{:>13}", "", "median", "p99");
    for load in LOADS {
        let spinners: Vec<_> = (0..load).map(|_| submit(SPINNER)).collect();
        let id = submit(&format!(
            "import time\nfor _ in range({lines}): print(time.monotonic_ns()); time.sleep(0.005)"
        ));
        let (mut samples, mut rest) = (Vec::new(), String::new());
        for event in client.events(&id) {
            let ExecutionEvent::Stdout(output) = event.unwrap() else { continue };
            let arrived = now();
            rest += std::str::from_utf8(&output.bytes).unwrap();
            while let Some((line, after)) = rest.split_once('\n') {
                let written = Duration::from_nanos(line.parse().unwrap());
                samples.push(arrived.saturating_sub(written));
                rest = after.to_owned();
            }
        }
        assert_eq!(samples.len(), lines);
        for spinner in &spinners {
            client.kill_execution(spinner).unwrap();
        }
        let samples = Samples::new(samples);
        let name = format!("beside {load} that compute");
        println!("{name:32}{:>10.2} ms{:>10.2} ms", samples.median(), samples.p99());
        if load == 0 {
            println!("goal {}", goal("p99 at most 20 ms", samples.p99() <= 20.0));
        }
    }
}
