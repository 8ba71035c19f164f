//! Repeating exchanges that fail in a way that passes.

use crate::{
    Call, Event, Exchange, Result, Step, TransportErrorKind,
    backoff::{Backoff, retry_after},
    error::is_busy,
};
use http::{HeaderMap, Method};
use std::time::{Duration, Instant};

/// A [`Call`] that repeats another call's exchanges when they fail in a way that passes, as a
/// [`RetryPolicy`] says.
///
/// ```
/// use pyexec_core::{Call, Endpoint, RetryPolicy, endpoints::GetHealth};
/// use std::time::Duration;
///
/// let patient = RetryPolicy::new().attempts(10).cap(Duration::from_secs(60));
/// let call = GetHealth.once().retrying(patient);
/// ```
#[derive(Debug)]
pub struct Retry<C> {
    call: C,
    policy: RetryPolicy,
    attempt: Option<Attempt>,
    backoff: Backoff,
}

/// How often, how fast and after what an exchange is repeated.
///
/// By default up to 4 times, 100 ms later at first, twice as long each time, up to 10 s:
///
/// - `GET` and `DELETE` when there was no connection or it broke, and on 429, 502, 503 and 504,
///   honouring `Retry-After` in seconds;
/// - `POST` only when the connection was refused, so that nothing is ever started twice; and as
///   the others where the server promised to take it for the same by its idempotency key.
///
/// ```
/// use pyexec_core::RetryPolicy;
/// use std::time::Duration;
///
/// let patient = RetryPolicy::new().attempts(10).cap(Duration::from_secs(60)).on_timeout(true);
/// let impatient = RetryPolicy::never();
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "a policy does nothing by itself"]
pub struct RetryPolicy {
    attempts: u32,
    base: Duration,
    cap: Duration,
    jitter: f64,
    retry_after: bool,
    on_connect: bool,
    on_closed: bool,
    on_busy: bool,
    on_timeout: bool,
    posts: bool,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 4,
            base: Duration::from_millis(100),
            cap: Duration::from_secs(10),
            jitter: 0.5,
            retry_after: true,
            on_connect: true,
            on_closed: true,
            on_busy: true,
            on_timeout: false,
            posts: false,
        }
    }
}

impl RetryPolicy {
    /// The default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends everything once.
    pub fn never() -> Self {
        Self::default().attempts(1)
    }

    /// How often an exchange is sent at most, the first time included. Default 4.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// The first pause; each further one is twice as long. Default 100 ms.
    pub fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// The longest pause. A server that asks for more isn't asked again. Default 10 s.
    pub fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// Which share of a pause is left to chance, from 0 to 1, so that clients that failed
    /// together don't come back together. Default 0.5: between half of the pause and all of it.
    pub fn jitter(mut self, share: f64) -> Self {
        self.jitter = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        self
    }

    /// Whether to wait as long as `Retry-After` says. Default `true`.
    pub fn retry_after(mut self, honour: bool) -> Self {
        self.retry_after = honour;
        self
    }

    /// Whether to repeat what found no connection. Default `true`.
    pub fn on_connect(mut self, repeat: bool) -> Self {
        self.on_connect = repeat;
        self
    }

    /// Whether to repeat what lost its connection. Default `true`.
    pub fn on_closed(mut self, repeat: bool) -> Self {
        self.on_closed = repeat;
        self
    }

    /// Whether to repeat what was answered with 429, 502, 503 or 504. Default `true`.
    pub fn on_busy(mut self, repeat: bool) -> Self {
        self.on_busy = repeat;
        self
    }

    /// Whether to repeat what had no answer in time. Default `false`.
    pub fn on_timeout(mut self, repeat: bool) -> Self {
        self.on_timeout = repeat;
        self
    }

    /// Whether to repeat every `POST` as if it were a `GET`: the same submission may then run
    /// more than once. Default `false`.
    pub fn posts(mut self, repeat: bool) -> Self {
        self.posts = repeat;
        self
    }

    /// How the pauses between tries grow.
    pub(crate) fn backoff(&self) -> Backoff {
        Backoff::new(self.base, self.cap, self.jitter)
    }

    /// How long the server asks to be left alone, if that counts.
    pub(crate) fn pause_asked_for(&self, headers: &HeaderMap) -> Duration {
        retry_after(headers).filter(|_| self.retry_after).unwrap_or_default()
    }

    /// Whether to repeat an exchange after `event`, and after which time at the earliest.
    fn worth_repeating(&self, exchange: &Exchange, event: &Event) -> Option<Duration> {
        let safe = [Method::GET, Method::HEAD, Method::DELETE];
        let repeatable =
            self.posts || exchange.is_repeatable || safe.contains(exchange.request.method());
        let repeat = match event {
            Event::Failed(error) => match error.kind() {
                TransportErrorKind::Refused => self.on_connect,
                TransportErrorKind::Connect => repeatable && self.on_connect,
                TransportErrorKind::Closed => repeatable && self.on_closed,
                TransportErrorKind::Timeout => repeatable && self.on_timeout,
                _ => false,
            },
            Event::Answered(response) if repeatable && is_busy(response.status()) => {
                if !self.on_busy {
                    return None;
                }
                return Some(self.pause_asked_for(response.headers()));
            }
            _ => false,
        };
        repeat.then_some(Duration::ZERO)
    }
}

/// An exchange under way.
#[derive(Debug)]
struct Attempt {
    exchange: Box<Exchange>,
    sent: u32,
    asleep: bool,
}

impl<C: Call> Retry<C> {
    /// Repeats the exchanges of `call` as the policy says.
    pub fn new(call: C, policy: RetryPolicy) -> Self {
        Self { call, policy, attempt: None, backoff: policy.backoff() }
    }

    /// How long to wait before the exchange is sent again, if it is.
    fn pause(&mut self, event: &Event, now: Instant) -> Option<Duration> {
        let attempt = self.attempt.as_ref()?;
        if attempt.sent >= self.policy.attempts {
            return None;
        }
        let at_least = self.policy.worth_repeating(&attempt.exchange, event)?;
        if at_least > self.policy.cap {
            return None;
        }
        let pause = self.backoff.pause(attempt.sent).max(at_least);
        let deadline = attempt.exchange.deadline;
        let in_time = deadline.is_none_or(|deadline| now + pause < deadline);
        in_time.then_some(pause)
    }
}

impl<C: Call> Call for Retry<C> {
    type Output = C::Output;

    fn step(&mut self, event: Event, now: Instant) -> Result<Step<C::Output>> {
        if let Some(attempt) = &mut self.attempt
            && attempt.asleep
        {
            attempt.asleep = false;
            attempt.sent += 1;
            return Ok(Step::Send(attempt.exchange.clone()));
        }
        if let Some(pause) = self.pause(&event, now) {
            if let Some(attempt) = &mut self.attempt {
                attempt.asleep = true;
            }
            return Ok(Step::Sleep(pause));
        }
        let step = self.call.step(event, now)?;
        self.attempt = match &step {
            Step::Send(exchange) => {
                Some(Attempt { exchange: exchange.clone(), sent: 1, asleep: false })
            }
            _ => None,
        };
        Ok(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Endpoint, TransportError,
        endpoints::{Eval, GetHealth},
    };
    use pyexec_types::SimpleExecRequest;

    fn failed(kind: TransportErrorKind) -> Event {
        Event::Failed(TransportError::new(kind, "scripted"))
    }

    fn busy(status: u16, retry_after: Option<&str>) -> Event {
        let mut response = http::Response::builder().status(status);
        if let Some(value) = retry_after {
            response = response.header("retry-after", value);
        }
        Event::Answered(response.body(br#"{"error":"busy"}"#.to_vec()).unwrap())
    }

    /// Starts a call and lets its first request end with `event`.
    fn first<C: Call>(call: &mut C, event: Event) -> Result<Step<C::Output>> {
        let now = Instant::now();
        assert!(matches!(call.step(Event::Start, now), Ok(Step::Send(_))));
        call.step(event, now)
    }

    #[test]
    fn backs_off_twice_as_long_each_time_and_then_gives_up() {
        let now = Instant::now();
        let mut call = GetHealth.once().retrying(RetryPolicy::new());
        assert!(matches!(call.step(Event::Start, now), Ok(Step::Send(_))));
        for longest in [100, 200, 400] {
            let Ok(Step::Sleep(pause)) = call.step(failed(TransportErrorKind::Closed), now) else {
                panic!("no pause")
            };
            let longest = Duration::from_millis(longest);
            assert!(pause >= longest / 2 && pause <= longest, "{pause:?} of {longest:?}");
            let Ok(Step::Send(again)) = call.step(Event::Woken, now) else {
                panic!("not sent again")
            };
            assert_eq!(again.request.uri(), "/health");
        }
        let error = call.step(failed(TransportErrorKind::Closed), now);
        assert!(matches!(error, Err(crate::Error::Transport(_))));
    }

    #[test]
    fn an_answer_in_between_reaches_the_call() {
        let now = Instant::now();
        let mut call = GetHealth.once().retrying(RetryPolicy::new());
        assert!(matches!(first(&mut call, busy(503, None)), Ok(Step::Sleep(_))));
        assert!(matches!(call.step(Event::Woken, now), Ok(Step::Send(_))));
        let answer = http::Response::new(br#"{"status":"ok"}"#.to_vec());
        assert!(matches!(call.step(Event::Answered(answer), now), Ok(Step::Done(_))));
    }

    #[test]
    fn honours_retry_after_up_to_the_cap() {
        let mut call = GetHealth.once().retrying(RetryPolicy::new());
        let step = first(&mut call, busy(429, Some("7")));
        assert!(matches!(step, Ok(Step::Sleep(pause)) if pause == Duration::from_secs(7)));
        let mut call = GetHealth.once().retrying(RetryPolicy::new());
        let error = first(&mut call, busy(503, Some("3600"))).unwrap_err();
        assert_eq!(error.to_string(), "busy (HTTP 503)");
        let mut call = GetHealth.once().retrying(RetryPolicy::new());
        let date = busy(503, Some("Wed, 21 Oct 2026 07:28:00 GMT"));
        assert!(matches!(first(&mut call, date), Ok(Step::Sleep(_))));
    }

    #[test]
    fn nothing_is_started_twice() {
        let eval = || Eval::new(&SimpleExecRequest::new("1")).once().retrying(RetryPolicy::new());
        let refused = failed(TransportErrorKind::Refused);
        assert!(matches!(first(&mut eval(), refused), Ok(Step::Sleep(_))));
        for event in [
            failed(TransportErrorKind::Connect),
            failed(TransportErrorKind::Closed),
            failed(TransportErrorKind::Timeout),
            busy(503, Some("1")),
        ] {
            assert!(first(&mut eval(), event).is_err());
        }
    }

    #[test]
    fn what_does_not_pass_is_not_repeated() {
        for event in [
            failed(TransportErrorKind::Timeout),
            failed(TransportErrorKind::ResponseTooLarge),
            busy(500, None),
            busy(404, None),
        ] {
            assert!(first(&mut GetHealth.once().retrying(RetryPolicy::new()), event).is_err());
        }
    }

    #[test]
    fn every_part_of_the_policy_counts() {
        let get = |policy, event| first(&mut GetHealth.once().retrying(policy), event);
        let eval = Eval::new(&SimpleExecRequest::new("1"));
        let post = |policy, event| first(&mut eval.clone().once().retrying(policy), event);
        let policy = RetryPolicy::new;
        let sleeps = |step: Result<Step<_>>| matches!(step, Ok(Step::Sleep(_)));

        assert!(!sleeps(get(RetryPolicy::never(), busy(503, None))));
        assert!(!sleeps(get(policy().on_busy(false), busy(503, Some("1")))));
        assert!(!sleeps(get(policy().on_connect(false), failed(TransportErrorKind::Refused))));
        assert!(!sleeps(get(policy().on_connect(false), failed(TransportErrorKind::Connect))));
        assert!(!sleeps(get(policy().on_closed(false), failed(TransportErrorKind::Closed))));
        assert!(sleeps(get(policy().on_timeout(true), failed(TransportErrorKind::Timeout))));
        for kind in [TransportErrorKind::Connect, TransportErrorKind::Closed] {
            assert!(matches!(post(policy().posts(true), failed(kind)), Ok(Step::Sleep(_))));
        }
        assert!(matches!(post(policy().posts(true), busy(503, None)), Ok(Step::Sleep(_))));

        let exact = |policy: RetryPolicy, event, pause| {
            let step = get(policy.jitter(0.0), event);
            assert!(matches!(step, Ok(Step::Sleep(given)) if given == pause), "{step:?}");
        };
        let second = Duration::from_secs(1);
        exact(policy().base(second), busy(503, None), second);
        exact(policy().base(second).cap(second / 2), busy(503, None), second / 2);
        exact(policy().base(second).retry_after(false), busy(503, Some("9")), second);
        exact(policy().cap(20 * second), busy(503, Some("15")), 15 * second);
        for share in [f64::NAN, -1.0, 2.0, f64::INFINITY] {
            let step = get(policy().base(second).jitter(share), busy(503, None));
            assert!(matches!(step, Ok(Step::Sleep(pause)) if pause <= second), "{share}");
        }
    }
}
