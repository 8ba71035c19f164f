//! The life of one execution, from its place in the queue to its verdict.

use crate::{
    Output, Record, Submission, clock, duration::go_style, live::Live, packages::Packages,
    scheduler::Scheduler, verdict,
};
use pyexec_packages::InstallError;
use pyexec_sandbox::{Observer, OutputStream, Stop};
use pyexec_types::{Outcome, Status};
use std::{
    error::Error,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// How long a store that refused a result is left alone.
const AGAIN: Duration = Duration::from_secs(2);

/// Why an execution that waited does so no more.
enum Waited {
    ForItsTurn,
    TooLong,
    UntilStopped,
    ForTheNextStart,
    /// Its packages can't be had.
    InVain(InstallError),
}

impl Scheduler {
    /// Waits for an execution's turn, runs it, and tells what came of it.
    pub(crate) async fn see_through(
        self: Arc<Self>,
        live: Live,
        mut submission: Submission,
        turn: oneshot::Receiver<()>,
    ) {
        let arrived = Instant::now();
        let (waited, packages) = match self.fetch_packages(&live, &submission).await {
            Ok(packages) => (self.wait(&live, turn).await, packages),
            Err(waited) => (waited, None),
        };
        submission.job.environment = packages.as_ref().map(Packages::environment);
        let mut record = live.record();
        record.result.phase = None;
        record.result.queued_ms = Some(arrived.elapsed().as_millis() as u64);
        match waited {
            Waited::ForTheNextStart => {
                self.forget(&live);
                return;
            }
            Waited::ForItsTurn => self.run(&live, submission, &mut record).await,
            Waited::TooLong => {
                let waited = go_style(self.queue_timeout);
                let reason = format!("no slot was free within {waited}");
                verdict::refuse(&mut record.result, &reason);
            }
            Waited::InVain(error) => lack(&mut record, &error),
            Waited::UntilStopped if live.is_cut_off() => {
                verdict::refuse(&mut record.result, "the server shut down");
            }
            Waited::UntilStopped => {
                record.result.status = Status::Killed;
                record.result.outcome = Some(Outcome::Killed);
                record.result.exit_code = 137;
            }
        }
        drop(packages);
        // Nothing of it is left: the next may run while this one is stored.
        self.leave(&live);
        record.output.seal();
        record.result.truncated |= record.output.is_truncated();
        let written = |stream| record.output.len(stream);
        self.metrics.wrote(written(OutputStream::Stdout), written(OutputStream::Stderr));
        let is_stored = self.remember(&mut record).await;
        self.metrics.finished(&record.result);
        log(&record);
        live.tell(record.clone());
        if !is_stored {
            // The store says that it runs; as long as it does, this server tells what it knows.
            self.insist(record).await;
        }
        self.forget(&live);
    }

    /// Stores what came of an execution, or else that this was lost; whether either could be done.
    async fn remember(&self, record: &mut Record) -> bool {
        let Err(error) = self.store.put(record.clone()).await else { return true };
        let id = record.id();
        tracing::error!(%id, error = &error as &dyn Error, "a result could not be stored");
        let reason = "its result could not be stored: the disk is full or broken";
        verdict::lose(&mut record.result, reason);
        // Neither memory nor the disk shall fill with what nobody can have.
        record.output = Output::empty();
        self.store.put(record.clone()).await.is_ok()
    }

    /// Tries until the store takes what it refused.
    async fn insist(&self, record: Record) {
        loop {
            tokio::time::sleep(AGAIN).await;
            if self.store.put(record.clone()).await.is_ok() {
                return;
            }
        }
    }

    /// Has the packages of an execution installed, if it needs any; they stay while what is returned
    /// does.
    async fn fetch_packages(
        &self,
        live: &Live,
        submission: &Submission,
    ) -> Result<Option<Packages>, Waited> {
        if submission.needs.requirements.is_empty() {
            return Ok(None);
        }
        let tell = {
            let live = live.clone();
            move |phase: &str| {
                let mut record = live.record();
                record.result.phase = Some(phase.to_owned());
                live.tell(record);
            }
        };
        let mut progress = live.watch();
        let packages = tokio::select! {
            biased;
            () = live.stopped() => return Err(Waited::UntilStopped),
            _ = progress.wait_for(|progress| progress.is_suspended) => {
                return Err(Waited::ForTheNextStart);
            }
            packages = self.packages.fetch(submission, tell) => packages,
        };
        let mut record = live.record();
        record.result.phase = None;
        live.tell(record);
        self.has_packages(live);
        packages.map(Some).map_err(Waited::InVain)
    }

    async fn wait(&self, live: &Live, turn: oneshot::Receiver<()>) -> Waited {
        let mut progress = live.watch();
        tokio::select! {
            biased;
            () = live.stopped() => Waited::UntilStopped,
            _ = progress.wait_for(|progress| progress.is_suspended) => Waited::ForTheNextStart,
            turn = tokio::time::timeout(self.queue_timeout, turn) => match turn {
                Ok(_) => Waited::ForItsTurn,
                Err(_) => Waited::TooLong,
            },
        }
    }

    async fn run(&self, live: &Live, submission: Submission, record: &mut Record) {
        record.result.status = Status::Running;
        record.result.isolation = Some(self.backend.isolation().level);
        record.result.started_at = Some(clock::now());
        let Submission { job, reservation, .. } = submission;
        let stored = self.store.put(record.clone());
        // What runs is never run again, whatever happens; the client of another is here anyway.
        let stored = if record.is_kept { stored.await } else { Ok(()) };
        if let Err(error) = stored {
            tracing::error!(id = %live.id(), error = &error as &dyn Error, "not started");
            verdict::refuse(&mut record.result, "the execution store failed");
            return;
        }
        live.tell(record.clone());
        let failure = Arc::new(Mutex::new(None));
        let collector = Collector {
            output: record.output.clone(),
            stop: live.switch(),
            failure: Arc::clone(&failure),
        };
        let limits = job.limits.clone();
        let finished = self.backend.run(job, Box::new(collector), live.switch()).await;
        drop(reservation);
        record.result.finished_at = Some(clock::now());
        verdict::pronounce(&mut record.result, finished, &limits);
        if record.result.outcome == Some(Outcome::Killed) && live.is_cut_off() {
            verdict::lose(&mut record.result, "the server shut down while it ran");
        }
        // Of what is past the limit nothing arrived here.
        record.result.truncated |= record.result.outcome == Some(Outcome::OutputLimit);
        let failure = failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(error) = failure {
            tracing::error!(id = %live.id(), %error, "output could not be kept");
            let reason = match error.kind() {
                io::ErrorKind::QuotaExceeded => ": the spool is full",
                io::ErrorKind::StorageFull => {
                    // What came before would leave no room for anybody else.
                    record.output = Output::empty();
                    ": the disk is full"
                }
                _ => "",
            };
            let reason = format!("its output could not be kept{reason}");
            verdict::lose(&mut record.result, &reason);
        }
    }
}

/// It never ran: its packages can't be had. What the installer said is what it wrote.
fn lack(record: &mut Record, error: &InstallError) {
    let log = error.log();
    if !log.is_empty()
        && let Err(error) = record.output.append(OutputStream::Stderr, log.as_bytes())
    {
        tracing::error!(id = %record.id(), %error, "an installer's log could not be kept");
    }
    verdict::lack(&mut record.result, error.to_string());
}

/// Keeps an execution's output; ends the execution where that can't be done.
struct Collector {
    output: Output,
    stop: Stop,
    failure: Arc<Mutex<Option<io::Error>>>,
}

impl Observer for Collector {
    fn output(&mut self, stream: OutputStream, bytes: &[u8]) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        // What came after a gap that nobody knows of would be wrong.
        if failure.is_none() {
            *failure = self.output.append(stream, bytes).err();
            if failure.is_some() {
                self.stop.stop();
            }
        }
    }
}

/// One line for each, without anything that is the script's own.
fn log(record: &Record) {
    let Record { result, output, .. } = record;
    tracing::info!(
        id = %result.execution_id,
        owner = ?record.owner,
        status = %result.status,
        outcome = result.outcome.as_ref().map(Outcome::as_str),
        exit_code = result.exit_code,
        queued_ms = result.queued_ms,
        duration_ms = result.duration_ms,
        cpu_ms = result.cpu_ms,
        stdout_bytes = output.len(OutputStream::Stdout),
        stderr_bytes = output.len(OutputStream::Stderr),
        "execution finished"
    );
}
