//! How late a timeout is when the processors are busy.

use crate::{served, stats::Samples};
use pyexec_archive::{
    Archive,
    read::{ReadOptions, canonicalize},
};
use pyexec_sandbox::{Captured, End, Job, Sandbox, Start, Stop};
use std::time::Duration;

const ROUNDS: [usize; 2] = [10, 3];
const TIMEOUT: Duration = Duration::from_secs(1);
const SPINNING: &str = "\
import os
for _ in range(199):
    if os.fork() == 0:
        break
while True:
    pass
";

pub(crate) fn run(quick: bool) {
    let rounds = ROUNDS[usize::from(quick)];
    let sandbox = Sandbox::start(served::options(1, Start::Zygote)).unwrap();
    let lateness = (0..rounds).map(|_| {
        let archive = Archive::from_map([("main.py", SPINNING)]).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        canonicalize(archive.open(), &mut file, &ReadOptions::default()).unwrap();
        let mut job = Job::new(file.into(), served::interpreter().version(), "main.py");
        job.limits.timeout = TIMEOUT;
        let finished = sandbox.run(job, &mut Captured::default(), &Stop::new().unwrap()).unwrap();
        assert_eq!(finished.end, End::TimedOut);
        finished.duration.saturating_sub(TIMEOUT)
    });
    let samples = Samples::new(lateness.collect());
    println!(
        "\na timeout of {TIMEOUT:?} with 200 spinning processes, until all are gone, {rounds} times"
    );
    println!(
        "{:32}{:>10.2} ms{:>10.2} ms",
        "median and longest lateness",
        samples.median(),
        samples.p99()
    );
}
