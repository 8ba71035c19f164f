//! Waiting for the end of an execution.

use crate::{Call, Endpoint, Error, Event, Result, Step, endpoints::GetExecution};
use pyexec_types::{ExecutionId, ExecutionResult, Status};
use std::{
    fmt,
    time::{Duration, Instant},
};

/// The shortest time between two looks.
const MIN_INTERVAL: Duration = Duration::from_millis(10);

/// How to wait: how often to look, for how long, and whom to tell. A [`Duration`] is a policy
/// with that interval.
///
/// ```
/// use pyexec_core::WaitPolicy;
/// use std::time::Duration;
///
/// let every_second: WaitPolicy = Duration::from_secs(1).into();
/// let patient = WaitPolicy::every(Duration::from_millis(200))
///     .backoff(Duration::from_secs(5))
///     .deadline(Duration::from_secs(3600))
///     .on_progress(|execution| eprintln!("{}", execution.status));
/// ```
pub struct WaitPolicy {
    interval: Duration,
    cap: Duration,
    limit: Option<Duration>,
    progress: Option<Observer>,
}

type Observer = Box<dyn FnMut(&ExecutionResult) + Send>;

impl WaitPolicy {
    /// Looks every `interval`, but not more often than every 10 ms.
    pub fn every(interval: Duration) -> Self {
        let interval = interval.max(MIN_INTERVAL);
        Self { interval, cap: interval, limit: None, progress: None }
    }

    /// Doubles the interval each time, up to `cap`.
    #[must_use]
    pub fn backoff(mut self, cap: Duration) -> Self {
        self.cap = cap.max(self.interval);
        self
    }

    /// Gives up after `limit` with [`Error::Deadline`]. The execution goes on.
    #[must_use]
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Shows every answer to `observer`, the last one included.
    #[must_use]
    pub fn on_progress(mut self, observer: impl FnMut(&ExecutionResult) + Send + 'static) -> Self {
        self.progress = Some(Box::new(observer));
        self
    }
}

impl From<Duration> for WaitPolicy {
    fn from(interval: Duration) -> Self {
        Self::every(interval)
    }
}

impl fmt::Debug for WaitPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitPolicy")
            .field("interval", &self.interval)
            .field("cap", &self.cap)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// The [`Call`] that asks for an execution until it is completed, failed or killed.
#[derive(Debug)]
pub struct Wait {
    get: GetExecution,
    policy: WaitPolicy,
    give_up: Option<Instant>,
    status: Status,
}

impl Wait {
    /// Waits for the execution `id`.
    pub fn new(id: &ExecutionId, policy: impl Into<WaitPolicy>) -> Self {
        Self {
            get: GetExecution::new(id),
            policy: policy.into(),
            give_up: None,
            status: Status::Pending,
        }
    }

    fn look(&self) -> Result<Step<ExecutionResult>> {
        let mut exchange = self.get.exchange()?;
        exchange.deadline = self.give_up;
        Ok(Step::Send(exchange))
    }

    /// The error, if the time for waiting is over.
    fn over(&self, now: Instant) -> Option<Error> {
        let limit = self.policy.limit.filter(|_| self.left(now).is_zero())?;
        Some(Error::Deadline {
            execution_id: self.get.id().clone(),
            status: self.status.clone(),
            limit,
        })
    }

    fn left(&self, now: Instant) -> Duration {
        self.give_up.map_or(Duration::MAX, |at| at.saturating_duration_since(now))
    }
}

impl Call for Wait {
    type Output = ExecutionResult;

    fn step(&mut self, event: Event, now: Instant) -> Result<Step<ExecutionResult>> {
        match event {
            Event::Start => {
                self.give_up = self.policy.limit.and_then(|limit| now.checked_add(limit));
                self.look()
            }
            Event::Woken => self.look(),
            Event::Failed(error) => match self.over(now) {
                Some(over) if error.is_timeout() => Err(over),
                _ => Err(Error::Transport(error)),
            },
            Event::Answered(response) => {
                let execution = self.get.response(response)?;
                if let Some(observer) = &mut self.policy.progress {
                    observer(&execution);
                }
                if execution.status.is_terminal() {
                    return Ok(Step::Done(execution));
                }
                self.status = execution.status;
                if let Some(over) = self.over(now) {
                    return Err(over);
                }
                let pause = self.policy.interval;
                self.policy.interval = pause.saturating_mul(2).min(self.policy.cap);
                // The last look is at the deadline itself.
                Ok(Step::Sleep(pause.min(self.left(now))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TransportError, TransportErrorKind};
    use std::sync::{Arc, Mutex};

    fn answer(status: &str) -> Event {
        let json = format!(r#"{{"execution_id":"exe_1","status":"{status}"}}"#);
        Event::Answered(http::Response::new(json.into_bytes()))
    }

    /// Waits on a scripted clock for an execution that ends after `runs`. Returns the result, the
    /// time that passed, and how often it was looked at.
    fn wait(policy: WaitPolicy, runs: Duration) -> (Result<ExecutionResult>, Duration, u32) {
        let mut call = Wait::new(&"exe_1".into(), policy);
        let start = Instant::now();
        let (mut now, mut event, mut looks) = (start, Event::Start, 0);
        let result = loop {
            event = match call.step(event, now) {
                Ok(Step::Done(execution)) => break Ok(execution),
                Ok(Step::Sleep(pause)) => {
                    now += pause;
                    Event::Woken
                }
                Ok(Step::Send(exchange)) => {
                    assert_eq!(exchange.request.uri(), "/api/v1/executions/exe_1");
                    looks += 1;
                    let over = now - start >= runs;
                    answer(if over { "completed" } else { "running" })
                }
                Err(error) => break Err(error),
            };
        };
        (result, now - start, looks)
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_hour_of_polling_in_no_time() {
        let (result, passed, looks) = wait(SECOND.into(), 3600 * SECOND);
        assert_eq!(result.unwrap().status, Status::Completed);
        assert_eq!((passed, looks), (3600 * SECOND, 3601));
    }

    #[test]
    fn backs_off_up_to_the_cap() {
        let policy = WaitPolicy::every(SECOND).backoff(5 * SECOND);
        let (result, passed, looks) = wait(policy, 20 * SECOND);
        // At 0, 1, 3, 7, 12, 17 and 22 seconds.
        assert_eq!((result.is_ok(), passed, looks), (true, 22 * SECOND, 7));
    }

    #[test]
    fn looks_a_last_time_at_the_deadline() {
        let policy = || WaitPolicy::every(SECOND * 4).deadline(SECOND * 10);
        let (result, passed, looks) = wait(policy(), 10 * SECOND);
        assert_eq!((result.is_ok(), passed, looks), (true, 10 * SECOND, 4));
        let (result, passed, _) = wait(policy(), 11 * SECOND);
        assert_eq!(passed, 10 * SECOND);
        assert_eq!(result.unwrap_err().to_string(), "execution exe_1 is still running after 10s");
    }

    #[test]
    fn no_look_outlasts_the_deadline() {
        let now = Instant::now();
        let policy = WaitPolicy::every(SECOND).deadline(10 * SECOND);
        let mut call = Wait::new(&"exe_1".into(), policy);
        let Ok(Step::Send(exchange)) = call.step(Event::Start, now) else { panic!("not sent") };
        assert_eq!(exchange.deadline, Some(now + 10 * SECOND));
        let late = || Event::Failed(TransportError::new(TransportErrorKind::Timeout, "late"));
        let error = call.step(late(), now + 10 * SECOND).unwrap_err();
        assert!(matches!(error, Error::Deadline { .. }), "{error}");
        let error = call.step(late(), now + 9 * SECOND).unwrap_err();
        assert!(matches!(error, Error::Transport(_)), "{error}");
    }

    #[test]
    fn shows_its_progress_and_survives_an_unknown_status() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let policy = WaitPolicy::every(Duration::ZERO)
            .on_progress(move |execution| log.lock().unwrap().push(execution.status.to_string()));
        let mut call = Wait::new(&"exe_1".into(), policy);
        let now = Instant::now();
        for status in ["pending", "paused"] {
            let step = call.step(answer(status), now);
            assert!(matches!(step, Ok(Step::Sleep(pause)) if pause == MIN_INTERVAL));
        }
        assert!(matches!(call.step(answer("killed"), now), Ok(Step::Done(_))));
        assert_eq!(*seen.lock().unwrap(), ["pending", "paused", "killed"]);
    }
}
