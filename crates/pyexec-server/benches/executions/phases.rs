//! Where the time of warm executions went: medians of each phase, as server and sandbox see them.

use crate::stats::Samples;
use pyexec_sandbox::{Finished, Start};
use std::time::Duration;

/// How much of an execution's time something took.
type Part = fn(&Seen) -> Duration;

/// What the client waited, and what the backend saw of it.
type Seen = (Duration, (Finished, Duration));

pub(crate) fn print(all: Vec<Seen>) {
    let count = all.len();
    let of = |seen: &&Seen| seen.1.0.start == Start::Zygote;
    let warm = all.iter().filter(of).count();
    println!("\nwhere the time of exec/sync, warm, went ({warm} of {count} were copies)");
    let phases: [(&str, Part); 8] = [
        ("client, HTTP, scheduling", |(took, (_, backend))| took.saturating_sub(*backend)),
        ("a thread for it, there and back", |(_, (finished, backend))| {
            backend.saturating_sub(inside(finished))
        }),
        ("asking the launcher", |(_, (finished, _))| finished.phases.sandbox),
        ("PID 1: files, limits, privileges", |(_, (finished, _))| finished.phases.preparation),
        ("interpreter until its end", |(_, (finished, _))| finished.phases.script),
        ("until every channel is closed", |(_, (finished, _))| finished.phases.closing),
        ("until nothing is left of it", |(_, (finished, _))| finished.phases.report),
        ("all", |(took, _)| *took),
    ];
    println!("{:32}{:>13}{:>13}", "", "median", "p99");
    for (name, phase) in phases {
        let samples = Samples::new(all.iter().map(phase).collect());
        println!("{name:32}{:>10.2} ms{:>10.2} ms", samples.median(), samples.p99());
    }
}

fn inside(finished: &Finished) -> Duration {
    let phases = finished.phases;
    phases.sandbox + phases.preparation + phases.script + phases.closing + phases.report
}
