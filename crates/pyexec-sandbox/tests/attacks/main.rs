//! Attacks on the real sandbox, each stated by what it gets the attacker; `cargo xtask attacks`
//! shows them as a table or as JSON.
//!
//! Every case runs by copies of zygotes and strictly, as the user who started this and, started by
//! root, once more as an ordinary one. With the feature `weaken`, `layers` shows for each layer
//! that named cases succeed without it.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod again;
mod archive;
mod case;
mod differential;
mod ground;
mod hosts;
mod interpreter;
mod isolation;
#[cfg(feature = "weaken")]
mod layers;
mod lifecycle;
mod network;
mod options;
mod packages;
mod report;
mod resources;
mod soak;

use case::Case;
use ground::Ground;
use options::Options;
use pyexec_sandbox::Start;
use report::{Report, Verdict};
use std::process::ExitCode;

/// A family's name, and its cases.
type Family = (&'static str, Vec<Case>);

/// All that run in both modes and as both users.
fn families() -> Vec<Family> {
    vec![
        ("resources", resources::cases()),
        ("lifecycle", lifecycle::cases()),
        ("isolation", isolation::cases()),
        ("network", network::cases()),
        ("interpreter", interpreter::cases()),
        ("archive", archive::cases()),
        ("packages", packages::cases()),
        ("differential", differential::cases()),
    ]
}

fn main() -> ExitCode {
    let options = Options::from_arguments();
    if options.lists {
        // What test runners ask before they run anything.
        println!("attacks: test");
        return ExitCode::SUCCESS;
    }
    if options.table {
        print!("{}", report::table(&families()));
        return ExitCode::SUCCESS;
    }
    hosts::with_secrets();
    if let Some(count) = options.soak {
        return soak::alone(count);
    }
    let report = Report::new(options.json || options.inner);
    for start in [Start::Zygote, Start::Strict] {
        attack(&options, start, &report);
    }
    if !options.inner {
        again::as_ordinary_user(&options, &report);
        #[cfg(feature = "weaken")]
        layers::show(&options, &report);
        if options.filter.is_empty() {
            report.add(soak::short());
            report.add(report::docs_are_in_step(&families()));
        }
    }
    #[cfg(feature = "weaken")]
    if options.inner && options.family.is_none() {
        layers::show_as_ordinary_user(&options, &report);
    }
    report.finish(options.inner)
}

/// Runs what was chosen of the families in this way of starting.
fn attack(options: &Options, start: Start, report: &Report) {
    let families: Vec<_> =
        families().into_iter().filter(|(family, _)| options.includes(family)).collect();
    let (here, elsewhere): (Vec<_>, Vec<_>) =
        families.into_iter().partition(|(family, _)| options.runs_here(family));
    let chosen: Vec<_> = here
        .iter()
        .flat_map(|(family, cases)| cases.iter().map(move |case| (*family, case)))
        .filter(|(_, case)| options.wants(case.name))
        .collect();
    if !chosen.is_empty() {
        let ground = Ground::new(start);
        // Many attacks wait for something, so a few at a time.
        let queue = std::sync::Mutex::new(chosen.iter());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let next = queue.lock().unwrap().next();
                        let Some((family, case)) = next else { return };
                        report.add(Verdict::of(family, case, &ground));
                    }
                });
            }
        });
    }
    if start == Start::Zygote && !elsewhere.is_empty() {
        // Both ways at once, in namespaces that are there for it.
        again::in_a_network_of_its_own(options, report);
    }
}
