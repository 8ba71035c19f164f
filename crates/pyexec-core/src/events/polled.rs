//! The events of a server that has to be asked for them.

use super::{Events, ExecutionEvent, Output, progress::Progress};
use crate::{
    Call, Endpoint, FeedEvent, FeedStep, Once, Result, Retry, RetryPolicy,
    embedded::{Embedded, embedded},
    endpoints::GetExecution,
};
use pyexec_types::{ExecutionId, ExecutionResult, StatusChange};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// The shortest time between two looks.
const MIN_INTERVAL: Duration = Duration::from_millis(10);

/// Looks at an execution until it is over.
#[derive(Debug)]
pub(super) struct Polled {
    id: ExecutionId,
    retry: RetryPolicy,
    /// Whether the server holds its answer until there is an end.
    holds: bool,
    interval: Duration,
    longest_interval: Duration,
    progress: Progress,
    stdout: Shown,
    stderr: Shown,
    /// What came of the last look.
    news: VecDeque<ExecutionEvent>,
    state: State,
}

#[derive(Debug)]
enum State {
    Looking {
        call: Box<Retry<Once<GetExecution>>>,
        since: Instant,
    },
    Pausing,
    /// Hands out the news, and then waits for as long.
    Telling(Duration),
    /// The same at the end.
    Over,
}

impl Polled {
    pub(super) fn new(events: &Events, holds: bool) -> Self {
        let interval = events.interval.max(MIN_INTERVAL);
        Self {
            id: events.id.clone(),
            retry: events.options.retry.attempts(events.reconnects.saturating_add(1)),
            holds,
            interval,
            longest_interval: events.longest_interval.max(interval),
            progress: Progress::default(),
            stdout: Shown::default(),
            stderr: Shown::default(),
            news: VecDeque::new(),
            state: State::Pausing,
        }
    }

    pub(super) fn step(
        &mut self,
        event: FeedEvent,
        now: Instant,
    ) -> Result<FeedStep<ExecutionEvent>> {
        match &mut self.state {
            State::Pausing => self.look(now),
            State::Looking { call, since } => match embedded(&mut **call, event, now)? {
                Embedded::Goes(step) => Ok(step),
                Embedded::Done(execution) => {
                    let passed = now.saturating_duration_since(*since);
                    self.state = self.seen(execution, passed);
                    Ok(self.tell())
                }
            },
            State::Telling(_) | State::Over => Ok(self.tell()),
        }
    }

    fn look(&mut self, now: Instant) -> Result<FeedStep<ExecutionEvent>> {
        let get = GetExecution::new(&self.id);
        let get = if self.holds { get.wait(self.interval.as_secs().max(1)) } else { get };
        let mut call = Box::new(get.once().retrying(self.retry));
        let step = embedded(&mut *call, FeedEvent::Start, now)?;
        self.state = State::Looking { call, since: now };
        Ok(match step {
            Embedded::Goes(step) => step,
            // It can't be over before it was sent.
            Embedded::Done(_) => FeedStep::End,
        })
    }

    /// Takes the answer of a look that took as long.
    fn seen(&mut self, mut execution: ExecutionResult, passed: Duration) -> State {
        let is_over = execution.status.is_terminal();
        let status = execution.status.clone();
        let phase = execution.phase.clone();
        let change = StatusChange { status, queue_position: None, phase };
        self.news.extend(self.progress.status(change));
        let stdout = self.stdout.grown(&mut execution.stdout, is_over);
        let stderr = self.stderr.grown(&mut execution.stderr, is_over);
        self.news.extend(stdout.map(ExecutionEvent::Stdout));
        self.news.extend(stderr.map(ExecutionEvent::Stderr));
        if is_over {
            self.news.push_back(ExecutionEvent::Result(Box::new(execution)));
            return State::Over;
        }
        // A server that held its answer has waited already, as long as it saw fit.
        let waited = if self.holds { passed } else { Duration::ZERO };
        let pause = self.interval.saturating_sub(waited);
        self.interval = self.interval.saturating_mul(2).min(self.longest_interval);
        State::Telling(pause)
    }

    /// Hands out what came of the last look; then it waits for the next one.
    fn tell(&mut self) -> FeedStep<ExecutionEvent> {
        if let Some(news) = self.news.pop_front() {
            return FeedStep::Yield(news);
        }
        let State::Telling(pause) = self.state else {
            return FeedStep::End;
        };
        self.state = State::Pausing;
        FeedStep::Sleep(pause)
    }
}

/// What was handed out of a stream.
#[derive(Debug, Default)]
struct Shown(String);

impl Shown {
    /// What a text has that wasn't handed out. What was, is taken from the text at the end.
    ///
    /// A text that doesn't go on from what was handed out is left alone: the server cut it.
    fn grown(&mut self, text: &mut String, is_over: bool) -> Option<Output> {
        // The beginning of a character whose rest isn't written yet looks like this.
        let certain = if is_over { &**text } else { text.trim_end_matches('\u{fffd}') };
        let rest = certain.strip_prefix(&*self.0)?;
        let output = Output::new(self.0.len() as u64, rest.to_owned());
        if is_over {
            text.clear();
        } else {
            self.0.push_str(rest);
        }
        (!output.bytes.is_empty()).then_some(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_added_is_handed_out() {
        let mut shown = Shown::default();
        let mut grown = |text: &str, is_over| {
            let mut text = text.to_owned();
            let output = shown.grown(&mut text, is_over);
            (output.map(|output| (output.offset, output.bytes)), text)
        };
        let piece = |offset, text: &'static str| Some((offset, text.into()));
        assert_eq!(grown("", false).0, None);
        assert_eq!(grown("ab", false).0, piece(0, "ab"));
        assert_eq!(grown("ab", false).0, None);
        assert_eq!(grown("abé\u{fffd}", false).0, piece(2, "é"));
        // What was cut isn't handed out again, and neither is what was taken back.
        assert_eq!(grown("x", false).0, None);
        assert_eq!(grown("", false).0, None);
        assert_eq!(grown("ab…tail", true), (None, "ab…tail".into()));
        assert_eq!(grown("abéü\u{fffd}", true), (piece(4, "ü\u{fffd}"), String::new()));
    }
}
