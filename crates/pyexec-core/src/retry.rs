//! Repeating exchanges that fail in a way that passes.

use crate::{Call, Event, Exchange, Result, Step, TransportErrorKind, error::is_busy, random};
use http::{Method, header};
use std::time::{Duration, Instant};

/// A [`Call`] that repeats another call's exchanges when they fail in a way that passes.
///
/// - `GET`, `HEAD` and `DELETE`: when there was no connection or it broke, and on 429, 502, 503
///   and 504, honouring `Retry-After` in seconds;
/// - `POST` and everything else: only when the connection was refused, so that nothing is ever
///   started twice.
///
/// ```
/// use pyexec_core::{Call, Endpoint, Retry, RetryPolicy, endpoints::GetHealth};
/// use std::time::Duration;
///
/// let call = GetHealth.once().retrying();
/// let patient = Retry::new(GetHealth.once())
///     .policy(RetryPolicy { attempts: 10, cap: Duration::from_secs(60), ..Default::default() });
/// ```
#[derive(Debug)]
pub struct Retry<C> {
    call: C,
    policy: RetryPolicy,
    attempt: Option<Attempt>,
    jitter: u64,
}

/// How often and how fast to repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often an exchange is sent at most, the first time included; 4 by default.
    pub attempts: u32,
    /// The first pause, 100 ms by default; each further one is twice as long. The actual pause is between
    /// half of it and all of it.
    pub base: Duration,
    /// The longest pause, 10 s by default. A server that asks for more isn't asked again.
    pub cap: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 4, base: Duration::from_millis(100), cap: Duration::from_secs(10) }
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
    /// Repeats the exchanges of `call` as the default policy says.
    pub fn new(call: C) -> Self {
        Self { call, policy: RetryPolicy::default(), attempt: None, jitter: random::unguessable() }
    }

    /// Sets how often and how fast.
    #[must_use]
    pub fn policy(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// How long to wait before the exchange is sent again, if it is.
    fn pause(&mut self, event: &Event, now: Instant) -> Option<Duration> {
        let attempt = self.attempt.as_ref()?;
        if attempt.sent >= self.policy.attempts {
            return None;
        }
        let at_least = worth_repeating(attempt.exchange.request.method(), event)?;
        if at_least > self.policy.cap {
            return None;
        }
        let doubled = 1u32.checked_shl(attempt.sent - 1).unwrap_or(u32::MAX);
        let longest = self.policy.base.saturating_mul(doubled).min(self.policy.cap);
        let deadline = attempt.exchange.deadline;
        let pause = self.jittered(longest).max(at_least);
        let in_time = deadline.is_none_or(|deadline| now + pause < deadline);
        in_time.then_some(pause)
    }

    /// Between half of `longest` and all of it.
    fn jittered(&mut self, longest: Duration) -> Duration {
        // Knuth's multiplier and a large odd increment; the high bits are the good ones.
        self.jitter = self
            .jitter
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let share = f64::from((self.jitter >> 32) as u32) / f64::from(u32::MAX);
        longest.mul_f64(0.5 + share / 2.0)
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

/// Whether to repeat a request after `event`, and after which time at the earliest.
fn worth_repeating(method: &Method, event: &Event) -> Option<Duration> {
    let repeatable = [Method::GET, Method::HEAD, Method::DELETE].contains(method);
    match event {
        Event::Failed(error) => match error.kind() {
            TransportErrorKind::Refused => Some(Duration::ZERO),
            TransportErrorKind::Connect | TransportErrorKind::Closed => {
                repeatable.then_some(Duration::ZERO)
            }
            _ => None,
        },
        Event::Answered(response) if repeatable && is_busy(response.status()) => {
            let seconds = response
                .headers()
                .get(header::RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.trim().parse().ok());
            Some(seconds.map_or(Duration::ZERO, Duration::from_secs))
        }
        _ => None,
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
        let mut call = GetHealth.once().retrying();
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
        let mut call = GetHealth.once().retrying();
        assert!(matches!(first(&mut call, busy(503, None)), Ok(Step::Sleep(_))));
        assert!(matches!(call.step(Event::Woken, now), Ok(Step::Send(_))));
        let answer = http::Response::new(br#"{"status":"ok"}"#.to_vec());
        assert!(matches!(call.step(Event::Answered(answer), now), Ok(Step::Done(_))));
    }

    #[test]
    fn honours_retry_after_up_to_the_cap() {
        let mut call = GetHealth.once().retrying();
        let step = first(&mut call, busy(429, Some("7")));
        assert!(matches!(step, Ok(Step::Sleep(pause)) if pause == Duration::from_secs(7)));
        let mut call = GetHealth.once().retrying();
        let error = first(&mut call, busy(503, Some("3600"))).unwrap_err();
        assert_eq!(error.to_string(), "busy (HTTP 503)");
        let mut call = GetHealth.once().retrying();
        let date = busy(503, Some("Wed, 21 Oct 2026 07:28:00 GMT"));
        assert!(matches!(first(&mut call, date), Ok(Step::Sleep(_))));
    }

    #[test]
    fn nothing_is_started_twice() {
        let eval = || Eval::new(&SimpleExecRequest::new("1")).once().retrying();
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
            assert!(first(&mut GetHealth.once().retrying(), event).is_err());
        }
    }
}
