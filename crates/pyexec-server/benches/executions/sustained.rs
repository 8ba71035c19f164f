//! As many executions as go.

use crate::{
    served::{self, Served},
    stats::{Samples, goal},
};
use pyexec_core::{Archive, types::Metadata};
use pyexec_sandbox::Start;
use std::{
    thread,
    time::{Duration, Instant},
};

const CLIENTS: [usize; 3] = [1, 10, 50];
const LENGTH: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(1)];

pub(crate) fn run(quick: bool) {
    let length = LENGTH[usize::from(quick)];
    let slots = thread::available_parallelism().map_or(1, usize::from) * 2;
    println!("\nexec/sync of print(1) for {length:?}, {slots} slots, as many copies kept ready");
    println!("{:32}{:>13}{:>13}{:>13}", "", "a second", "median", "p99");
    let server = Served::start(served::options(slots, Start::Zygote));
    let mut best = 0.0_f64;
    for clients in CLIENTS {
        drop(server.take());
        thread::sleep(Duration::from_millis(500));
        let before = Instant::now();
        let samples = Samples::new(work(&server, clients, before + length));
        let rate = samples.len() as f64 / before.elapsed().as_secs_f64();
        best = best.max(rate);
        let seen = server.take();
        let warm = seen.iter().filter(|(finished, _)| finished.start == Start::Zygote).count();
        println!(
            "{:32}{rate:>13.1}{:>10.2} ms{:>10.2} ms",
            format!("{clients} clients ({:.0} % copies)", 100.0 * warm as f64 / seen.len() as f64),
            samples.median(),
            samples.p99()
        );
    }
    println!("goal {}", goal("at least 150 a second", best >= 150.0));
}

pub(crate) fn work(server: &Served, clients: usize, end: Instant) -> Vec<Duration> {
    let client = |_| {
        let client = server.client();
        thread::spawn(move || {
            let archive = Archive::from_map([("main.py", "print(1)")]).unwrap();
            let metadata = Metadata::new("main.py");
            let mut samples = Vec::new();
            while Instant::now() < end {
                let before = Instant::now();
                let result = client.execute_sync(&archive, &metadata).unwrap();
                samples.push(before.elapsed());
                assert_eq!(result.stdout, "1\n");
            }
            samples
        })
    };
    let threads: Vec<_> = (0..clients).map(client).collect();
    threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
}
