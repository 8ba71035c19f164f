//! The client.

use crate::{
    ClientBuilder, FeedIter, KillGuard,
    exchange::{self, Answer},
};
use pyexec_core::{
    Archive, BaseUrl, Call, CallOptions, Discovery, Endpoint, Error, Event, Events, Exchange,
    Executor, Feed, Killer, Pages, Result, Settings, Step, Submission, TransportError, Wait,
    WaitPolicy,
    endpoints::{
        Eval, ExecuteAsync, ExecuteSync, GetExecution, GetHealth, KillExecution, ListExecutions,
    },
    types::{
        ExecutionId, ExecutionList, ExecutionResult, Health, Metadata, SimpleExecRequest, Status,
    },
};
use std::{sync::Arc, thread, time::Instant};
use ureq::Agent;

/// A client of one service. Copies are cheap and share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    settings: Arc<Settings>,
    agent: Agent,
    discovery: Discovery,
}

impl Client {
    /// A client of the service at `base_url`, with every default.
    ///
    /// # Errors
    ///
    /// [`Error::BaseUrl`] for a URL that isn't `http://` or `https://` with a host.
    pub fn new(base_url: impl AsRef<str>) -> Result<Self> {
        Self::builder(base_url).build()
    }

    /// Sets more than the address.
    pub fn builder(base_url: impl AsRef<str>) -> ClientBuilder {
        ClientBuilder::new(base_url.as_ref())
    }

    /// A client that sends by the given agent, see [`ClientBuilder::agent`].
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_agent(base_url: impl AsRef<str>, agent: Agent) -> Result<Self> {
        Self::builder(base_url).agent(agent).build()
    }

    /// A client of the service that the environment names: `PYEXEC_SERVER`, and `PYEXEC_TOKEN`
    /// where the service wants a token.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] where `PYEXEC_SERVER` isn't set; as [`new`](Self::new).
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_env().build()
    }

    pub(crate) fn from_parts(settings: Settings, agent: Agent) -> Self {
        Self { settings: Arc::new(settings), agent, discovery: Discovery::new() }
    }

    /// Where the service is, without credentials.
    pub fn base_url(&self) -> &BaseUrl {
        self.settings.base_url()
    }

    /// The same client, whose submissions go out under `key`: the server takes another one with
    /// the same key for the same and doesn't start it again, and so they are repeated like
    /// everything else where the connection breaks. For one submission; the next needs another
    /// key.
    ///
    /// A server that doesn't offer that is an error of the submission.
    #[must_use]
    pub fn with_idempotency_key(&self, key: impl Into<String>) -> Self {
        let settings = Settings::clone(&self.settings).idempotency_key(key);
        Self { settings: Arc::new(settings), ..self.clone() }
    }

    /// How this client carries out its calls, for calls of one's own.
    pub fn options(&self) -> CallOptions {
        self.settings.options(&self.discovery)
    }

    /// Kills an execution when the guard is dropped, unless it is disarmed before.
    ///
    /// The guard sends the request when it is dropped and waits for the answer, as when a panic
    /// or an early return leaves the function that waits.
    pub fn kill_guard(&self, id: &ExecutionId) -> KillGuard {
        KillGuard::new(id.clone(), self.clone())
    }

    /// Runs a project and waits for its result.
    ///
    /// # Errors
    ///
    /// An [`Error`] if there is no result. A script that fails is a result.
    pub fn execute_sync(&self, archive: &Archive, metadata: &Metadata) -> Result<ExecutionResult> {
        self.run(ExecuteSync::new(archive, metadata).submit(self.options()))
    }

    /// Submits a project and returns without waiting for it.
    ///
    /// # Errors
    ///
    /// An [`Error`] if it wasn't accepted, or the answer was lost.
    pub fn execute_async(&self, archive: &Archive, metadata: &Metadata) -> Result<ExecutionId> {
        self.run(ExecuteAsync::new(archive, metadata).submit(self.options()))
    }

    /// Asks what has come of an execution so far.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if the server doesn't know it (any more).
    pub fn get_execution(&self, id: &ExecutionId) -> Result<ExecutionResult> {
        self.run(GetExecution::new(id).once().retrying(self.settings.retry_policy()))
    }

    /// Ends an execution. The status is `killed`, or what it already was if it had ended.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if the server doesn't know it (any more).
    pub fn kill_execution(&self, id: &ExecutionId) -> Result<Status> {
        self.run(KillExecution::new(id).once().retrying(self.settings.retry_policy()))
    }

    /// Asks for a page of the caller's own executions, without their output;
    /// [`executions`](Self::executions) turns the pages.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if the server doesn't offer that, as the original.
    pub fn list_executions(&self, list: &ListExecutions) -> Result<ExecutionList> {
        self.run(list.clone().once().retrying(self.settings.retry_policy()))
    }

    /// Asks for an execution until it is completed, failed or killed. An interval will do for a
    /// policy.
    ///
    /// # Errors
    ///
    /// [`Error::Deadline`] if the policy has a deadline and it passes, and whatever
    /// [`get_execution`](Self::get_execution) fails with.
    pub fn wait_for_completion(
        &self,
        id: &ExecutionId,
        policy: impl Into<WaitPolicy>,
    ) -> Result<ExecutionResult> {
        self.run(Wait::new(id, policy).carried_out(self.options()))
    }

    /// Runs code that needs no archive and waits for its result.
    ///
    /// # Errors
    ///
    /// An [`Error`] if there is no result. A script that fails is a result.
    pub fn eval(&self, request: &SimpleExecRequest) -> Result<ExecutionResult> {
        self.run(Eval::new(request).submit(self.options()))
    }

    /// Asks what the server says of itself.
    ///
    /// # Errors
    ///
    /// An [`Error`] if it doesn't answer.
    pub fn health(&self) -> Result<Health> {
        self.run(GetHealth.once().retrying(self.settings.retry_policy()))
    }

    /// Carries any call out to its end.
    ///
    /// # Errors
    ///
    /// The call's own.
    pub fn run<C: Call>(&self, mut call: C) -> Result<C::Output> {
        let mut event = Event::Start;
        loop {
            event = match call.step(event, Instant::now())? {
                Step::Done(output) => return Ok(output),
                Step::Send(exchange) => match self.send(*exchange)? {
                    Ok(response) => Event::Answered(response),
                    Err(error) => Event::Failed(error),
                },
                Step::Sleep(pause) => {
                    thread::sleep(pause);
                    Event::Woken
                }
                _ => return Err(Error::unknown_step()),
            };
        }
    }

    /// Follows what an execution writes until it ends, live where the server offers that. An id
    /// will do; [`Events`] has more to choose.
    ///
    /// A connection that is lost is opened again, without loss or repetition. An error is the
    /// last item: [`Error::NotFound`] if the server doesn't know the execution (any more), or
    /// what was wrong with the last connection when that was tried often enough.
    ///
    /// ```no_run
    /// use pyexec_blocking::ExecutionEvent;
    ///
    /// # fn example(client: pyexec_blocking::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// # let id = "exe_1".into();
    /// for event in client.events(&id) {
    ///     match event? {
    ///         ExecutionEvent::Stdout(output) => print!("{}", output.bytes.escape_ascii()),
    ///         ExecutionEvent::Result(result) => println!("exit code {}", result.exit_code),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn events(&self, events: impl Into<Events>) -> FeedIter<Events> {
        self.feed(events.into().carried_out(self.options()))
    }

    /// All of the caller's own executions that the list is about, without their output, page after
    /// page as they are wanted.
    ///
    /// An error is the last item: [`Error::NotFound`] if the server offers no lists, as the
    /// original.
    ///
    /// ```no_run
    /// use pyexec_blocking::{ListExecutions, types::Status};
    ///
    /// # fn example(client: pyexec_blocking::Client) -> Result<(), pyexec_blocking::Error> {
    /// let running = ListExecutions::new().status(Status::Running);
    /// for execution in client.executions(running) {
    ///     println!("{}", execution?.execution_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn executions(&self, list: impl Into<Pages>) -> FeedIter<Pages> {
        self.feed(list.into().carried_out(self.options()))
    }

    /// Follows a streamed answer.
    pub fn feed<F: Feed>(&self, feed: F) -> FeedIter<F> {
        FeedIter::new(self.clone(), feed)
    }

    /// Sends a request and reads its whole answer.
    pub(crate) fn send(
        &self,
        exchange: Exchange,
    ) -> Result<Result<http::Response<Vec<u8>>, TransportError>> {
        let exchange = self.settings.prepare(exchange, Instant::now())?;
        let answered = exchange::whole(&self.agent, exchange);
        Ok(answered.map_err(|error| self.blame(error)))
    }

    /// Opens a feed's answer.
    pub(crate) fn open(
        &self,
        exchange: Exchange,
    ) -> Result<Result<(http::Response<()>, Answer), TransportError>> {
        let exchange = self.settings.prepare_feed(exchange, Instant::now())?;
        let opened = Answer::open(&self.agent, exchange);
        Ok(opened.map_err(|error| self.blame(error)))
    }

    /// Names the server in an error.
    pub(crate) fn blame(&self, error: TransportError) -> TransportError {
        error.at(self.base_url().as_str())
    }
}

impl Executor for Client {
    type Reply<'a, T: 'a> = Result<T>;

    fn run<'a, C: Call + 'a>(&'a self, call: C) -> Result<C::Output> {
        Client::run(self, call)
    }

    fn options(&self) -> CallOptions {
        Client::options(self)
    }
}

impl Killer for Client {
    fn kill(&self, id: ExecutionId) {
        // A guard has nobody to tell that it failed.
        let _ = self.kill_execution(&id);
    }
}
