//! Submissions that adapt to the server.

use crate::{
    Body, Call, Discovery, Endpoint, Error, Event, Once, Project, Result, Retry, Step,
    endpoints::GetHealth,
};
use pyexec_types::Health;
use std::time::Instant;

/// The [`Call`] that submits a [`Project`], asking the server first what it offers where the
/// request depends on that and nobody knows yet.
#[derive(Debug)]
pub struct Submit<E> {
    endpoint: E,
    discovery: Discovery,
    asking: Option<Retry<Once<Ask>>>,
}

impl<E: Endpoint + AsMut<Project>> Submit<E> {
    /// Submits `endpoint`'s project to the server that `discovery` is about.
    pub fn new(endpoint: E, discovery: Discovery) -> Self {
        Self { endpoint, discovery, asking: None }
    }

    fn send(&mut self) -> Result<Step<E::Output>> {
        if let Some(health) = self.discovery.get() {
            self.endpoint.as_mut().learn(health);
        }
        self.endpoint.exchange().map(Step::Send)
    }
}

impl<E: Endpoint + AsMut<Project>> Call for Submit<E> {
    type Output = E::Output;

    fn step(&mut self, event: Event, now: Instant) -> Result<Step<E::Output>> {
        if matches!(event, Event::Start) {
            let ask = self.discovery.get().is_none() && self.endpoint.as_mut().depends_on_health();
            self.asking = ask.then(|| Ask.once().retrying());
            if !ask {
                return self.send();
            }
        }
        if let Some(asking) = &mut self.asking {
            return match asking.step(event, now)? {
                Step::Send(exchange) => Ok(Step::Send(exchange)),
                Step::Sleep(pause) => Ok(Step::Sleep(pause)),
                Step::Done(health) => {
                    self.asking = None;
                    self.discovery.set(health);
                    self.send()
                }
            };
        }
        match event {
            Event::Start | Event::Woken => self.send(),
            Event::Answered(response) => self.endpoint.response(response).map(Step::Done),
            Event::Failed(error) => Err(Error::Transport(error)),
        }
    }
}

/// `GET /health`, where a server that doesn't understand the question offers nothing.
#[derive(Debug)]
struct Ask;

impl Endpoint for Ask {
    type Output = Health;

    fn request(&self) -> Result<http::Request<Body>> {
        GetHealth.request()
    }

    fn response(&self, response: http::Response<Vec<u8>>) -> Result<Health> {
        let understood = !response.status().is_client_error();
        match GetHealth.response(response) {
            Err(Error::Decode { .. }) => Ok(Health::default()),
            Err(_) if !understood => Ok(Health::default()),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints::ExecuteAsync;
    use pyexec_archive::Archive;
    use pyexec_types::Metadata;

    fn submit(requirements: &str, discovery: &Discovery) -> Submit<ExecuteAsync> {
        let archive = Archive::from_map([("main.py", "")]).unwrap();
        let metadata =
            Metadata { requirements_txt: requirements.into(), ..Metadata::new("main.py") };
        ExecuteAsync::new(&archive, &metadata).submit(discovery.clone())
    }

    fn path(step: Step<pyexec_types::ExecutionId>) -> String {
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
