//! Waiting for the end of an execution.

use crate::{
    Call, CallOptions, Endpoint, Error, Event, Result, Retry, Step,
    discovery::{Asked, Inquiry},
    endpoints::GetExecution,
};
use pyexec_types::{ExecutionId, ExecutionResult, Status};
use std::{
    fmt,
    time::{Duration, Instant},
};

/// The shortest time between two looks.
const MIN_INTERVAL: Duration = Duration::from_millis(10);

/// How long a server is asked to hold its answer at most: shorter than what proxies endure.
const LONG_POLL: Duration = Duration::from_secs(30);

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
    long_poll: bool,
    progress: Option<Observer>,
}

type Observer = Box<dyn FnMut(&ExecutionResult) + Send>;

impl WaitPolicy {
    /// Looks every `interval`, but not more often than every 10 ms.
    pub fn every(interval: Duration) -> Self {
        let interval = interval.max(MIN_INTERVAL);
        Self { interval, cap: interval, limit: None, long_poll: true, progress: None }
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

    /// Whether a server that offers it may hold its answers until the execution ends, so that its
    /// end is known at once and with fewer requests. Default `true`. An observer is still told
    /// about every `interval`, in whole seconds.
    #[must_use]
    pub fn long_poll(mut self, allowed: bool) -> Self {
        self.long_poll = allowed;
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
    inquiry: Inquiry,
    give_up: Option<Instant>,
    /// When it was last asked.
    looked: Option<Instant>,
    status: Status,
}

impl Wait {
    /// Waits for the execution `id`.
    pub fn new(id: &ExecutionId, policy: impl Into<WaitPolicy>) -> Self {
        Self {
            get: GetExecution::new(id),
            policy: policy.into(),
            inquiry: Inquiry::default(),
            give_up: None,
            looked: None,
            status: Status::Pending,
        }
    }

    /// Asks the server once whether it holds answers back, where nobody knows yet, and repeats
    /// what fails in a way that passes.
    pub fn carried_out(mut self, options: CallOptions) -> Retry<Self> {
        self.inquiry = Inquiry::new(options.discovery);
        self.retrying(options.retry)
    }

    fn look(&mut self, now: Instant) -> Result<Step<ExecutionResult>> {
        let get = match self.hold(now) {
            0 => self.get.clone(),
            seconds => self.get.clone().wait(seconds),
        };
        let mut exchange = get.exchange()?;
        exchange.deadline = self.give_up;
        self.looked = Some(now);
        Ok(Step::Send(exchange))
    }

    /// How many seconds the server may hold its answer.
    fn hold(&self, now: Instant) -> u64 {
        let offered = self.inquiry.known().is_some_and(|health| health.offers("wait"));
        if !offered || !self.policy.long_poll {
            return 0;
        }
        let longest = match self.policy.progress {
            Some(_) => self.policy.interval.max(Duration::from_secs(1)),
            None => LONG_POLL,
        };
        longest.min(LONG_POLL).min(self.left(now)).as_secs()
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

    fn answered(
        &mut self,
        response: http::Response<Vec<u8>>,
        now: Instant,
    ) -> Result<Step<ExecutionResult>> {
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
        let mut pause = self.policy.interval;
        self.policy.interval = pause.saturating_mul(2).min(self.policy.cap);
        if let Some(looked) = self.looked.filter(|looked| self.hold(*looked) > 0) {
            // The server has waited already, as long as it saw fit.
            pause = pause.saturating_sub(now.saturating_duration_since(looked));
        }
        if pause.is_zero() {
            return self.look(now);
        }
        // The last look is at the deadline itself.
        Ok(Step::Sleep(pause.min(self.left(now))))
    }
}

impl Call for Wait {
    type Output = ExecutionResult;

    fn step(&mut self, event: Event, now: Instant) -> Result<Step<ExecutionResult>> {
        if matches!(event, Event::Start) {
            self.give_up = self.policy.limit.and_then(|limit| now.checked_add(limit));
        }
        let event = match self.inquiry.step(event, self.policy.long_poll) {
            Ok(Asked::Send(mut exchange)) => {
                exchange.deadline = self.give_up;
                return Ok(Step::Send(exchange));
            }
            Ok(Asked::Over(event)) => event,
            // A server that fails on this question may well answer the one that matters.
            Err(_) => Event::Start,
        };
        match event {
            Event::Start | Event::Woken => self.look(now),
            Event::Failed(error) => match self.over(now) {
                Some(over) if error.is_timeout() => Err(over),
                _ => Err(Error::Transport(error)),
            },
            Event::Answered(response) => self.answered(response, now),
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

    /// Waits on a scripted clock for a server that offers to hold its answers. Returns what it was
    /// asked for, and when.
    fn long_polls(policy: WaitPolicy, runs: Duration) -> (Result<ExecutionResult>, Vec<String>) {
        let mut call = Wait::new(&"exe_1".into(), policy).carried_out(CallOptions::new());
        let start = Instant::now();
        let (mut now, mut event, mut asked) = (start, Event::Start, Vec::new());
        let result = loop {
            event = match call.step(event, now) {
                Ok(Step::Done(execution)) => break Ok(execution),
                Ok(Step::Sleep(pause)) => {
                    now += pause;
                    Event::Woken
                }
                Ok(Step::Send(exchange)) => {
                    let uri = exchange.request.uri().to_string();
                    asked.push(format!("{} at {}", uri, (now - start).as_secs_f64()));
                    if uri == "/health" {
                        let health = br#"{"extensions":["wait"]}"#.to_vec();
                        event = Event::Answered(http::Response::new(health));
                        continue;
                    }
                    let hold = exchange.hold.unwrap_or_default();
                    assert_eq!(uri.contains("?wait="), !hold.is_zero());
                    now = (now + hold).min(now.max(start + runs));
                    answer(if now - start >= runs { "completed" } else { "running" })
                }
                Err(error) => break Err(error),
            };
        };
        (result, asked)
    }

    #[test]
    fn a_server_that_holds_its_answers_is_asked_seldom_and_tells_at_once() {
        let (result, asked) = long_polls(SECOND.into(), SECOND * 65);
        assert_eq!(result.unwrap().status, Status::Completed);
        assert_eq!(
            asked,
            [
                "/health at 0",
                "/api/v1/executions/exe_1?wait=30 at 0",
                "/api/v1/executions/exe_1?wait=30 at 30",
                "/api/v1/executions/exe_1?wait=30 at 60",
            ]
        );
        // A deadline holds, and so does the wish to see progress.
        let policy = WaitPolicy::every(SECOND * 4).deadline(SECOND * 10);
        let (result, asked) = long_polls(policy, SECOND * 65);
        assert!(matches!(result, Err(Error::Deadline { .. })));
        assert_eq!(asked[1..], ["/api/v1/executions/exe_1?wait=10 at 0"]);
        let policy = WaitPolicy::every(SECOND * 4).on_progress(|_| ());
        let (_, asked) = long_polls(policy, SECOND * 7);
        assert_eq!(
            asked[1..],
            ["/api/v1/executions/exe_1?wait=4 at 0", "/api/v1/executions/exe_1?wait=4 at 4"]
        );
        let (_, asked) = long_polls(WaitPolicy::every(SECOND).long_poll(false), SECOND);
        assert_eq!(asked, ["/api/v1/executions/exe_1 at 0", "/api/v1/executions/exe_1 at 1"]);
    }

    #[test]
    fn a_server_that_answers_too_soon_is_not_asked_without_a_pause() {
        let mut call = Wait::new(&"exe_1".into(), SECOND).carried_out(CallOptions::new());
        let now = Instant::now();
        call.step(Event::Start, now).unwrap();
        let health = br#"{"extensions":["wait"]}"#.to_vec();
        call.step(Event::Answered(http::Response::new(health)), now).unwrap();
        let step = call.step(answer("running"), now + SECOND / 4);
        assert!(matches!(step, Ok(Step::Sleep(pause)) if pause == SECOND * 3 / 4), "{step:?}");
    }

    #[test]
    fn a_server_that_fails_on_the_question_is_polled() {
        let options = || CallOptions { retry: crate::RetryPolicy::never(), ..CallOptions::new() };
        for status in [404, 500] {
            let mut call = Wait::new(&"exe_1".into(), SECOND).carried_out(options());
            let now = Instant::now();
            call.step(Event::Start, now).unwrap();
            let health = http::Response::builder().status(status).body(Vec::new()).unwrap();
            let Ok(Step::Send(exchange)) = call.step(Event::Answered(health), now) else {
                panic!("not sent")
            };
            assert_eq!(exchange.request.uri(), "/api/v1/executions/exe_1");
        }
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
