//! What happens to an execution, as events: pulled by whoever watches, at their own pace, so that
//! a slow one holds up nobody and an idle one costs a timer at most.

use crate::{
    Chunk, Output, Record,
    live::{Live, Progress},
    scheduler::{Found, Scheduler},
};
use pyexec_sandbox::OutputStream;
use pyexec_types::{ExecutionResult, Status, StatusChange};
use std::{io, str::FromStr, sync::Arc, time::Duration};
use tokio::{sync::watch, time::Instant};

/// Most bytes in one event; in base64 they are 64 KiB.
const MOST: usize = 48 << 10;

/// How often a change of the position in the queue is told at most.
const POSITION_EVERY: Duration = Duration::from_millis(400);

/// How far each stream was told: `<stdout offset>-<stderr offset>`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Offsets {
    pub(crate) stdout: u64,
    pub(crate) stderr: u64,
}

impl FromStr for Offsets {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        // `+1` would be a number, too.
        let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse().map_err(drop),
            false => Err(()),
        };
        let (stdout, stderr) = text.split_once('-').ok_or(())?;
        Ok(Self { stdout: number(stdout)?, stderr: number(stderr)? })
    }
}

impl std::fmt::Display for Offsets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.stdout, self.stderr)
    }
}

/// What is told.
#[derive(Debug)]
pub(crate) enum Told {
    Status(StatusChange),
    Output(OutputStream, Chunk),
    /// The last.
    Result(Box<ExecutionResult>),
}

/// One watcher's view of an execution.
#[derive(Debug)]
pub(crate) struct Feed {
    scheduler: Arc<Scheduler>,
    source: Source,
    output: Output,
    grown: watch::Receiver<()>,
    offsets: Offsets,
    /// What was told of its status, and when.
    told: Option<(StatusChange, Instant)>,
    stderr_is_next: bool,
    has_ended: bool,
}

#[derive(Debug)]
enum Source {
    Live(Live, watch::Receiver<Progress>),
    Over(Box<Record>),
}

impl Feed {
    /// Tells what comes after `offsets`.
    pub(crate) fn new(scheduler: Arc<Scheduler>, found: Found, offsets: Offsets) -> Self {
        let output = found.record().output;
        let source = match found {
            Found::Live(live) => {
                let progress = live.watch();
                Source::Live(live, progress)
            }
            Found::Over(record) => Source::Over(record),
        };
        let grown = output.watch();
        let (told, stderr_is_next, has_ended) = (None, false, false);
        Self { scheduler, source, output, grown, offsets, told, stderr_is_next, has_ended }
    }

    pub(crate) fn offsets(&self) -> Offsets {
        self.offsets
    }

    /// What is to be told next; `None` at the end.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Told>> {
        while !self.has_ended {
            // In this order: of one that is over before its output is read, all output is there.
            let (status, phase, is_over) = self.stand();
            self.grown.mark_unchanged();
            if !is_over && let Some(change) = self.change_of_status(status.clone(), phase) {
                return Ok(Some(Told::Status(change)));
            }
            if let Some((stream, chunk)) = self.output().await? {
                return Ok(Some(Told::Output(stream, chunk)));
            }
            if is_over {
                self.has_ended = true;
                return Ok(self.result().map(|result| Told::Result(Box::new(result))));
            }
            self.something_new(status == Status::Pending).await;
        }
        Ok(None)
    }

    /// Where it stands, and whether nothing more comes.
    fn stand(&mut self) -> (Status, Option<String>, bool) {
        match &mut self.source {
            Source::Live(_, progress) => {
                let progress = progress.borrow_and_update();
                let result = &progress.record.result;
                (result.status.clone(), result.phase.clone(), progress.is_over())
            }
            Source::Over(record) => (record.result.status.clone(), None, true),
        }
    }

    fn change_of_status(&mut self, status: Status, phase: Option<String>) -> Option<StatusChange> {
        let Source::Live(live, _) = &self.source else { return None };
        if let Some((told, at)) = &self.told
            && told.status == status
            && told.phase == phase
            && (status != Status::Pending || at.elapsed() < POSITION_EVERY)
        {
            return None;
        }
        let queue_position = match status {
            Status::Pending => self.scheduler.position(live),
            _ => None,
        };
        let change = StatusChange { status, queue_position, phase };
        let is_known = self.told.as_ref().is_some_and(|(told, _)| *told == change);
        self.told = Some((change.clone(), Instant::now()));
        (!is_known).then_some(change)
    }

    /// The next piece of either stream; of both in turns.
    async fn output(&mut self) -> io::Result<Option<(OutputStream, Chunk)>> {
        let both = [OutputStream::Stdout, OutputStream::Stderr];
        let order = if self.stderr_is_next { [both[1], both[0]] } else { both };
        for stream in order {
            let offset = match stream {
                OutputStream::Stdout => &mut self.offsets.stdout,
                OutputStream::Stderr => &mut self.offsets.stderr,
            };
            if self.output.len(stream) <= *offset {
                continue;
            }
            let (output, from) = (self.output.clone(), *offset);
            let read = move || output.read(stream, from, MOST);
            let chunk = if self.output.is_in_memory(stream) {
                read()?
            } else {
                tokio::task::spawn_blocking(read).await.map_err(io::Error::other)??
            };
            if let Some(chunk) = chunk {
                *offset = chunk.offset + chunk.bytes.len() as u64;
                self.stderr_is_next = stream == OutputStream::Stdout;
                return Ok(Some((stream, chunk)));
            }
        }
        Ok(None)
    }

    /// What came of it; nothing (yet) where it goes on when the server starts again.
    fn result(&self) -> Option<ExecutionResult> {
        let result = match &self.source {
            Source::Live(live, _) => live.record().result,
            Source::Over(record) => record.result.clone(),
        };
        Some(result).filter(|result| result.status.is_terminal())
    }

    async fn something_new(&mut self, is_pending: bool) {
        let Source::Live(_, progress) = &mut self.source else { return };
        let again = async {
            if is_pending {
                tokio::time::sleep(POSITION_EVERY).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        // The senders live as long as `self`.
        tokio::select! {
            _ = progress.changed() => {}
            _ = self.grown.changed() => {}
            () = again => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read_strictly() {
        let offsets = Offsets { stdout: 12, stderr: 0 };
        assert_eq!("12-0".parse(), Ok(offsets));
        assert_eq!(offsets.to_string(), "12-0");
        for bad in ["", "1", "-", "1-", "-1", "+1-0", "1-2-3", " 1-2", "99999999999999999999-0"] {
            assert_eq!(bad.parse::<Offsets>(), Err(()), "{bad:?}");
        }
    }
}
