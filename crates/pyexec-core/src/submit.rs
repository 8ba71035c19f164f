//! Submissions that adapt to the server.

use crate::{
    Call, CallOptions, Endpoint, Error, Event, Result, Retry, Step,
    discovery::{Asked, Inquiry},
};
use http::{HeaderName, HeaderValue};
use pyexec_types::Health;
use std::time::Instant;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// An endpoint that starts an execution, and whose request may depend on what the server offers.
pub trait Submission: Endpoint {
    /// Whether the server has to be asked first.
    fn depends_on_health(&self) -> bool {
        false
    }

    /// Adapts to what the server says of itself.
    fn learn(&mut self, health: &Health);

    /// The call that asks the server first, where that makes a difference, and repeats what fails
    /// in a way that passes.
    fn submit(self, options: CallOptions) -> Retry<Submit<Self>>
    where
        Self: Sized,
    {
        let CallOptions { discovery, retry, idempotency_key } = options;
        let submit =
            Submit { endpoint: self, inquiry: Inquiry::new(discovery), key: idempotency_key };
        submit.retrying(retry)
    }
}

/// The [`Call`] that sends a [`Submission`].
#[derive(Debug)]
pub struct Submit<E> {
    endpoint: E,
    inquiry: Inquiry,
    key: Option<String>,
}

impl<E: Submission> Submit<E> {
    fn send(&mut self) -> Result<Step<E::Output>> {
        if let Some(health) = self.inquiry.known() {
            self.endpoint.learn(health);
        }
        let mut exchange = self.endpoint.exchange()?;
        if let Some(key) = &self.key {
            if !self.inquiry.known().is_some_and(|health| health.offers("idempotency")) {
                return Err(Error::invalid(
                    "the server offers no idempotency keys, so a submission with one may run twice",
                ));
            }
            let value = HeaderValue::from_str(key).ok().filter(|value| !value.is_empty());
            let value = value.ok_or_else(|| {
                Error::invalid(format!("the idempotency key {key:?} can't stand in a header"))
            })?;
            exchange.request.headers_mut().insert(IDEMPOTENCY_KEY, value);
            exchange.is_repeatable = true;
        }
        Ok(Step::Send(exchange))
    }
}

impl<E: Submission> Call for Submit<E> {
    type Output = E::Output;

    fn step(&mut self, event: Event, _now: Instant) -> Result<Step<E::Output>> {
        let is_wanted = self.key.is_some() || self.endpoint.depends_on_health();
        match self.inquiry.step(event, is_wanted)? {
            Asked::Send(exchange) => Ok(Step::Send(exchange)),
            Asked::Over(Event::Start | Event::Woken) => self.send(),
            Asked::Over(Event::Answered(response)) => {
                self.endpoint.response(response).map(Step::Done)
            }
            Asked::Over(Event::Failed(error)) => Err(Error::Transport(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Discovery, endpoints::ExecuteAsync};
    use crate::{TransportError, TransportErrorKind};
    use pyexec_archive::Archive;
    use pyexec_types::{ExecutionId, Metadata};

    fn submit(requirements: &str, discovery: &Discovery) -> Retry<Submit<ExecuteAsync>> {
        let archive = Archive::from_map([("main.py", "")]).unwrap();
        let metadata =
            Metadata { requirements_txt: requirements.into(), ..Metadata::new("main.py") };
        let mut options = CallOptions::new();
        options.discovery = discovery.clone();
        ExecuteAsync::new(&archive, &metadata).submit(options)
    }

    #[test]
    fn input_that_is_no_text_goes_only_to_servers_that_take_it() {
        let archive = Archive::from_map([("main.py", "")]).unwrap();
        let metadata = Metadata { stdin_base64: "/w==".into(), ..Metadata::new("main.py") };
        for (extensions, is_sent) in [(r#""stdin_base64""#, true), (r#""events""#, false)] {
            let mut call = ExecuteAsync::new(&archive, &metadata).submit(CallOptions::new());
            let now = Instant::now();
            assert_eq!(path(call.step(Event::Start, now).unwrap()), "/health");
            let health = answer(200, &format!(r#"{{"extensions":[{extensions}]}}"#));
            match call.step(health, now) {
                Ok(step) => assert!(is_sent && path(step) == "/api/v1/exec/async"),
                Err(error) => assert!(!is_sent && error.to_string().contains("only text")),
            }
        }
    }

    fn with_key(key: &str, extensions: &str) -> (Result<Step<ExecutionId>>, Discovery) {
        let archive = Archive::from_map([("main.py", "")]).unwrap();
        let mut options = CallOptions::new();
        options.idempotency_key = Some(key.into());
        let discovery = options.discovery.clone();
        let mut call = ExecuteAsync::new(&archive, &Metadata::new("main.py")).submit(options);
        let now = Instant::now();
        assert_eq!(path(call.step(Event::Start, now).unwrap()), "/health");
        let health = answer(200, &format!(r#"{{"extensions":[{extensions}]}}"#));
        let step = call.step(health, now);
        if let Ok(Step::Send(exchange)) = &step {
            assert!(exchange.is_repeatable);
            // So a connection that breaks is no end.
            let broken = TransportError::new(TransportErrorKind::Closed, "scripted");
            assert!(matches!(call.step(Event::Failed(broken), now), Ok(Step::Sleep(_))));
            let Ok(Step::Send(again)) = call.step(Event::Woken, now) else { panic!("not again") };
            assert_eq!(again.request.headers()["idempotency-key"], key);
        }
        (step, discovery)
    }

    #[test]
    fn a_key_where_the_server_offers_it() {
        let (step, discovery) = with_key("job-7", r#""idempotency""#);
        let Ok(Step::Send(exchange)) = step else { panic!("{step:?}") };
        assert_eq!(exchange.request.uri(), "/api/v1/exec/async");
        assert_eq!(exchange.request.headers()["idempotency-key"], "job-7");
        assert!(discovery.get().is_some());
        let error = with_key("job-7", "").0.unwrap_err();
        assert!(error.to_string().contains("offers no idempotency keys"), "{error}");
        for bad in ["", "a\nb"] {
            let error = with_key(bad, r#""idempotency""#).0.unwrap_err().to_string();
            assert!(error.contains("can't stand in a header"), "{error}");
        }
    }

    fn path(step: Step<ExecutionId>) -> String {
        match step {
            Step::Send(exchange) => exchange.request.uri().to_string(),
            other => panic!("{other:?}"),
        }
    }

    fn answer(status: u16, body: &str) -> Event {
        let response = http::Response::builder().status(status);
        Event::Answered(response.body(body.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn asks_once_and_only_where_it_matters() {
        let (now, discovery) = (Instant::now(), Discovery::new());
        let mut plain = submit("", &discovery);
        assert_eq!(path(plain.step(Event::Start, now).unwrap()), "/api/v1/exec/async");
        let mut first = submit("six", &discovery);
        assert_eq!(path(first.step(Event::Start, now).unwrap()), "/health");
        let health = answer(200, r#"{"status":"ok","extensions":["packages"]}"#);
        assert_eq!(path(first.step(health, now).unwrap()), "/api/v1/exec/async");
        let accepted = answer(202, r#"{"execution_id":"exe_1"}"#);
        assert!(matches!(first.step(accepted, now), Ok(Step::Done(id)) if id.as_str() == "exe_1"));
        let mut second = submit("six", &discovery);
        assert_eq!(path(second.step(Event::Start, now).unwrap()), "/api/v1/exec/async");
    }

    #[test]
    fn a_server_without_the_question_offers_nothing() {
        let now = Instant::now();
        for (status, body) in [(404, "404 page not found"), (200, "OK")] {
            let discovery = Discovery::new();
            let mut call = submit("six", &discovery);
            call.step(Event::Start, now).unwrap();
            assert_eq!(path(call.step(answer(status, body), now).unwrap()), "/api/v1/exec/async");
            assert_eq!(discovery.get(), Some(&Health::default()));
        }
    }

    #[test]
    fn a_failing_server_is_an_error() {
        let (now, discovery) = (Instant::now(), Discovery::new());
        let mut call = submit("six", &discovery);
        call.step(Event::Start, now).unwrap();
        let error = call.step(answer(500, r#"{"error":"broken"}"#), now).unwrap_err();
        assert_eq!(error.to_string(), "broken (HTTP 500)");
        assert!(discovery.get().is_none());
    }
}
