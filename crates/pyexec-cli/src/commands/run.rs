//! `pyexec run`: the whole way from a project to its output.

use super::submission::Submission;
use crate::{
    args::{RunArgs, Verbosity},
    backend::{self, Backend, Place},
    custody::{Custody, Departure},
    failure::Failure,
    interrupt::Interrupts,
    progress::Progress,
    report::{self, Document, People, Report, SharedReport},
    upload::upload,
    watch::{self, End},
};
use pyexec_blocking::{Client, Error, Events, types::ExecutionId};
use pyexec_core::endpoints::{ExecuteAsync, ExecuteSync};
use std::time::Duration;

/// How long somebody who leaves waits for the id of what was just submitted.
const ID_PATIENCE: Duration = Duration::from_secs(3);

/// How often in a row a connection is tried again: about 10 seconds in all.
pub(super) const RECONNECTS: u32 = 7;

/// Runs a project and shows what it prints.
pub(super) fn run(mut args: RunArgs) -> Result<u8, Failure> {
    let verbosity = args.output.verbosity()?;
    let remote = std::mem::take(&mut args.connection).remote()?;
    let submission = Submission::resolve(args, verbosity)?;

    let interrupts = Interrupts::catch()?;
    // Dropping this ends whatever runs on this machine.
    let backend = Backend::open(remote.as_ref(), submission.has_network(), verbosity)?;
    let place = backend.place();
    let report = match verbosity {
        Verbosity::Json => SharedReport::new(Document::new(place.clone())),
        _ => SharedReport::new(People::new(verbosity, place.clone())),
    };
    let custody = Custody::default();
    let run = Run {
        client: backend.client(),
        killer: backend.killer(),
        place,
        report: report.clone(),
        custody: custody.clone(),
    };
    interrupts.during(
        move || run.carry_out(submission),
        |signal| {
            let killed = match custody.leave(ID_PATIENCE) {
                Departure::Over => return,
                Departure::Nothing => None,
                // On this machine it ends with the server.
                Departure::Kill(id) => backend.killer().kill_execution(&id).ok(),
            };
            report.interrupted(signal, killed);
        },
    )
}

/// What a run consists of.
struct Run {
    client: Client,
    killer: Client,
    place: Place,
    report: SharedReport,
    custody: Custody,
}

impl Run {
    fn carry_out(mut self, mut submission: Submission) -> Result<u8, Failure> {
        let submitted = submission
            .adapt(&self.client, &self.place)
            .and_then(|()| self.custody.submit(|| self.submit(&submission)).ok_or_else(left));
        let id = match submitted {
            Ok(Ok(id)) => id,
            Ok(Err(error)) if is_unknown_route(&error) => return self.at_once(&submission),
            Ok(Err(error)) => {
                return self.last_words(|report| report.failed(backend::explain(error, true)));
            }
            Err(failure) => return self.last_words(|report| report.failed(failure)),
        };
        // Whatever keeps us from showing its output ends it.
        let guard = self.killer.kill_guard(&id);
        self.report.accepted(&id)?;
        let events = self.client.events(Events::new(&id).reconnects(RECONNECTS));
        let end = watch::watch(events, || is_live(&self.client), &mut self.report)?;
        guard.disarm();
        let place = self.place.clone();
        self.last_words(|report| match end {
            End::Result(result, missing) => report.ended(&result, &missing),
            End::Lost(error) => report.failed(lost(&id, &place, &error)),
        })
    }

    fn submit(
        &self,
        Submission { archive, metadata, verbosity, .. }: &Submission,
    ) -> Result<ExecutionId, Error> {
        let custody = self.custody.clone();
        let endpoint = ExecuteAsync::new(archive, metadata);
        upload(&self.client, endpoint, Progress::new(*verbosity), move || custody.is_left())
    }

    /// Runs it where a server knows synchronous requests only: there is no id to kill it by, and
    /// leaving, which closes the connection, is what ends it.
    fn at_once(
        mut self,
        Submission { archive, metadata, verbosity, .. }: &Submission,
    ) -> Result<u8, Failure> {
        let custody = self.custody.clone();
        let endpoint = ExecuteSync::new(archive, metadata);
        let progress = Progress::new(*verbosity);
        let result = upload(&self.client, endpoint, progress, move || custody.is_left());
        self.last_words(|report| match result {
            Ok(result) => report::whole(report, &result),
            Err(error) => report.failed(backend::explain(error, true)),
        })
    }

    /// Says the last words, unless a signal was first.
    fn last_words(
        &mut self,
        say: impl FnOnce(&mut dyn Report) -> Result<u8, Failure>,
    ) -> Result<u8, Failure> {
        if self.custody.finish() { say(&mut self.report) } else { Err(left()) }
    }
}

/// Somebody else knows why.
fn left() -> Failure {
    Failure::quiet(crate::exit_code::FAILURE)
}

/// Whether the server has no such route.
fn is_unknown_route(error: &Error) -> bool {
    error.status().is_some_and(|status| matches!(status.as_u16(), 404 | 405 | 501))
}

/// Whether the server gives output as it was written.
pub(super) fn is_live(client: &Client) -> bool {
    client.options().discovery.get().is_some_and(|health| health.offers("events"))
}

/// The server went away half-way, or forgot about it.
fn lost(id: &ExecutionId, place: &Place, error: &Error) -> Failure {
    let failure = Failure::ours(format!("lost sight of {id} before its end")).cause(error);
    if error.is_not_found() {
        return failure.code("not_found").hint("a server that starts anew forgets what it ran");
    }
    let (follow, kill) = (place.command("follow", id), place.command("kill", id));
    failure.code("connection_lost").hint(format!("it may go on: `{follow}`, or `{kill}`"))
}
