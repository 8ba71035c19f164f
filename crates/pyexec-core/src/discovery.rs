//! What a server was found to offer.

use crate::{
    Call, CallOptions, Endpoint, Error, Event, Exchange, Result, Retry, Step, endpoints::GetHealth,
};
use pyexec_types::Health;
use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

/// What a server was found to offer, remembered for the life of a client, so that `/health` is
/// asked at most once and only by a call that needs it. Copies share what is known.
#[derive(Debug, Clone, Default)]
pub struct Discovery(Arc<OnceLock<Health>>);

impl Discovery {
    /// Nothing known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The server's answer, if it was asked.
    pub fn get(&self) -> Option<&Health> {
        self.0.get()
    }

    /// Remembers the server's answer, unless there is one.
    pub fn set(&self, health: Health) {
        let _ = self.0.set(health);
    }
}

/// The question what a server offers, within another call, asked where nobody knows yet.
#[derive(Debug, Default)]
pub(crate) struct Inquiry {
    /// Without it nobody asks.
    discovery: Option<Discovery>,
    is_asking: bool,
}

impl Inquiry {
    pub(crate) fn new(discovery: Discovery) -> Self {
        Self { discovery: Some(discovery), is_asking: false }
    }

    /// What is known by now.
    pub(crate) fn known(&self) -> Option<&Health> {
        self.discovery.as_ref()?.get()
    }

    /// The question, if it is to be asked now; `event` is the outer call's. With nothing to ask
    /// the outer call goes on, and takes what it gets back for its own event.
    pub(crate) fn step(&mut self, event: Event, is_wanted: bool) -> Result<Asked> {
        match event {
            Event::Start if is_wanted && self.discovery.is_some() && self.known().is_none() => {
                self.is_asking = true;
                GetHealth.exchange().map(Asked::Send)
            }
            Event::Answered(response) if self.is_asking => {
                self.is_asking = false;
                let health = read(response)?;
                if let Some(discovery) = &self.discovery {
                    discovery.set(health);
                }
                Ok(Asked::Over(Event::Start))
            }
            event => Ok(Asked::Over(event)),
        }
    }
}

/// The [`Call`] that asks what a server offers, where nobody knows yet.
#[derive(Debug)]
pub(crate) struct Ask(Inquiry);

impl Ask {
    /// Asks once, and repeats what fails in a way that passes.
    pub(crate) fn new(options: &CallOptions) -> Retry<Self> {
        Self(Inquiry::new(options.discovery.clone())).retrying(options.retry)
    }
}

impl Call for Ask {
    type Output = ();

    fn step(&mut self, event: Event, _now: Instant) -> Result<Step<()>> {
        match self.0.step(event, true)? {
            Asked::Send(exchange) => Ok(Step::Send(exchange)),
            Asked::Over(Event::Failed(error)) => Err(error.into()),
            Asked::Over(_) => Ok(Step::Done(())),
        }
    }
}

/// What comes of an [`Inquiry`].
pub(crate) enum Asked {
    /// The question, to be sent.
    Send(Box<Exchange>),
    /// Nothing (more) to ask.
    Over(Event),
}

/// A server that doesn't understand the question offers nothing.
fn read(response: http::Response<Vec<u8>>) -> Result<Health> {
    let understood = !response.status().is_client_error();
    match GetHealth.response(response) {
        Err(Error::Decode { .. }) => Ok(Health::default()),
        Err(_) if !understood => Ok(Health::default()),
        other => other,
    }
}
