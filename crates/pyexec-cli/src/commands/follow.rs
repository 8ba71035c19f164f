//! `pyexec follow`: shows what an execution writes that was submitted.

use super::run::{RECONNECTS, is_live};
use crate::{
    args::{ExecutionArgs, Verbosity},
    backend::{self, Backend, Place},
    console,
    excerpt::{Excerpt, Offsets, Part, Seen},
    exit_code,
    failure::Failure,
    interrupt::Interrupts,
    report::{Lines, People, Report, SharedReport},
    watch::{self, End},
};
use pyexec_blocking::{Events, types::ExecutionId};
use std::{
    io::{self, IsTerminal},
    thread,
    time::{Duration, Instant},
};

/// With `--tail`: when nothing came for this long, all that was there already has come.
const SILENCE: Duration = Duration::from_millis(250);
/// After this what comes is news, even if it never stopped.
const CATCH_UP: Duration = Duration::from_secs(2);

/// Shows what an execution wrote and writes, until its end.
pub(super) fn follow(args: ExecutionArgs) -> Result<u8, Failure> {
    let verbosity = args.output.verbosity()?;
    let remote = args.connection.remote()?;
    let backend = Backend::lasting(remote.as_ref(), verbosity)?;
    let (client, place) = (backend.client(), backend.place());
    let id = ExecutionId::from(args.id);
    let part = match args.tail {
        Some(lines) => Part::LastLines(lines),
        None => Part::Since(args.since.unwrap_or_default()),
    };
    let seen = Seen::default();

    let interrupts = Interrupts::catch()?;
    let mut report = match verbosity {
        Verbosity::Json => {
            SharedReport::new(Excerpt::new(Lines::new(place.clone()), part, seen.clone()))
        }
        _ => {
            let people = People::new(verbosity, place.clone());
            SharedReport::new(Excerpt::new(people, part, seen.clone()))
        }
    };
    let (followed, farewell, seen_by_now) = (id.clone(), report.clone(), seen.clone());
    let work = move || {
        report.accepted(&followed)?;
        if matches!(part, Part::LastLines(_)) {
            let report = report.clone();
            thread::spawn(move || catch_up(report, &seen_by_now));
        }
        let events = client.events(Events::new(&followed).reconnects(RECONNECTS));
        match watch::watch(events, || is_live(&client), &mut report)? {
            End::Result(result, missing) => report.ended(&result, &missing),
            End::Lost(error) => report.failed(backend::explain(error, false)),
        }
    };
    interrupts.during(work, |signal| {
        farewell.interrupted(signal, None);
        // Nobody wants to hear where nobody reads.
        let is_read = exit_code::of_signal(signal) != exit_code::BROKEN_PIPE;
        if verbosity != Verbosity::Json && is_read {
            // The terminal shows the keys.
            let line = if io::stderr().is_terminal() { "\n" } else { "" };
            console::tell(&format!("{line}{}", way_back(&id, &place, seen.offsets())));
        }
    })
}

/// How to see what comes.
fn way_back(id: &ExecutionId, place: &Place, seen: Offsets) -> String {
    let follow = place.command("follow", id);
    let since = match seen == Offsets::default() {
        true => String::new(),
        false => format!(" --since {seen}"),
    };
    format!("note: {id} goes on; to come back: {follow}{since}\n")
}

/// Has the report told what was written before, once nothing more of it comes, or after a while:
/// servers don't say how much that is. Of an execution that is over, all of it was.
fn catch_up(mut report: SharedReport, seen: &Seen) {
    let mut start = Instant::now();
    loop {
        let before = seen.offsets();
        thread::sleep(SILENCE);
        if !seen.is_under_way() {
            start = Instant::now();
        } else if seen.offsets() == before || start.elapsed() > CATCH_UP {
            break;
        }
    }
    // Where nobody can be told, the next output fails as well.
    let _ = report.caught_up();
}
