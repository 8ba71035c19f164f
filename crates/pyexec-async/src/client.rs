//! The client.

use crate::{
    ClientBuilder, FeedStream, KillGuard, Pending,
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
use std::{sync::Arc, time::Instant};

/// A client of one service. Copies are cheap and share their connections.
///
/// Its futures need a tokio runtime with I/O and time enabled.
#[derive(Debug, Clone)]
pub struct Client {
    settings: Arc<Settings>,
    http: reqwest::Client,
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

    /// A client that sends by the given HTTP client, see
    /// [`ClientBuilder::http_client`].
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_http_client(base_url: impl AsRef<str>, http: reqwest::Client) -> Result<Self> {
        Self::builder(base_url).http_client(http).build()
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

    pub(crate) fn from_parts(settings: Settings, http: reqwest::Client) -> Self {
        Self { settings: Arc::new(settings), http, discovery: Discovery::new() }
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
    /// Dropping a future ends a request, not the execution that it waits for; the guard ends
    /// that, by a task of its own on the tokio runtime. Where there is none (any more), nothing
    /// is killed.
    pub fn kill_guard(&self, id: &ExecutionId) -> KillGuard {
        KillGuard::new(id.clone(), self.clone())
    }

    /// Runs a project and waits for its result.
    ///
    /// # Errors
    ///
    /// An [`Error`] if there is no result. A script that fails is a result.
    pub async fn execute_sync(
        &self,
        archive: &Archive,
        metadata: &Metadata,
    ) -> Result<ExecutionResult> {
        self.run(ExecuteSync::new(archive, metadata).submit(self.options())).await
    }

    /// Submits a project and returns without waiting for it.
    ///
    /// # Errors
    ///
    /// An [`Error`] if it wasn't accepted, or the answer was lost.
    pub async fn execute_async(
        &self,
        archive: &Archive,
        metadata: &Metadata,
    ) -> Result<ExecutionId> {
        self.run(ExecuteAsync::new(archive, metadata).submit(self.options())).await
    }

    /// Asks what has come of an execution so far.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if the server doesn't know it (any more).
    pub async fn get_execution(&self, id: &ExecutionId) -> Result<ExecutionResult> {
        self.run(GetExecution::new(id).once().retrying(self.settings.retry_policy())).await
    }

    /// Ends an execution. The status is `killed`, or what it already was if it had ended.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if the server doesn't know it (any more).
    pub async fn kill_execution(&self, id: &ExecutionId) -> Result<Status> {
        self.run(KillExecution::new(id).once().retrying(self.settings.retry_policy())).await
    }

    /// Asks for a page of the caller's own executions, without their output;
    /// [`executions`](Self::executions) turns the pages.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if the server doesn't offer that, as the original.
    pub async fn list_executions(&self, list: &ListExecutions) -> Result<ExecutionList> {
        self.run(list.clone().once().retrying(self.settings.retry_policy())).await
    }

    /// Asks for an execution until it is completed, failed or killed. An interval will do for a
    /// policy.
    ///
    /// # Errors
    ///
    /// [`Error::Deadline`] if the policy has a deadline and it passes, and whatever
    /// [`get_execution`](Self::get_execution) fails with.
    pub async fn wait_for_completion(
        &self,
        id: &ExecutionId,
        policy: impl Into<WaitPolicy>,
    ) -> Result<ExecutionResult> {
        self.run(Wait::new(id, policy).carried_out(self.options())).await
    }

    /// Runs code that needs no archive and waits for its result.
    ///
    /// # Errors
    ///
    /// An [`Error`] if there is no result. A script that fails is a result.
    pub async fn eval(&self, request: &SimpleExecRequest) -> Result<ExecutionResult> {
        self.run(Eval::new(request).submit(self.options())).await
    }

    /// Asks what the server says of itself.
    ///
    /// # Errors
    ///
    /// An [`Error`] if it doesn't answer.
    pub async fn health(&self) -> Result<Health> {
        self.run(GetHealth.once().retrying(self.settings.retry_policy())).await
    }

    /// Carries any call out to its end.
    ///
    /// # Errors
    ///
    /// The call's own.
    pub async fn run<C: Call>(&self, mut call: C) -> Result<C::Output> {
        let mut event = Event::Start;
        loop {
            event = match call.step(event, Instant::now())? {
                Step::Done(output) => return Ok(output),
                Step::Send(exchange) => match self.send(*exchange).await? {
                    Ok(response) => Event::Answered(response),
                    Err(error) => Event::Failed(error),
                },
                Step::Sleep(pause) => {
                    tokio::time::sleep(pause).await;
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
    /// use pyexec_async::ExecutionEvent;
    ///
    /// # async fn example(client: pyexec_async::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// # let id = "exe_1".into();
    /// let mut events = client.events(&id);
    /// while let Some(event) = events.next().await {
    ///     match event? {
    ///         ExecutionEvent::Stdout(output) => print!("{}", output.bytes.escape_ascii()),
    ///         ExecutionEvent::Result(result) => println!("exit code {}", result.exit_code),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn events(&self, events: impl Into<Events>) -> FeedStream<Events> {
        self.feed(events.into().carried_out(self.options()))
    }

    /// All of the caller's own executions that the list is about, without their output, page after
    /// page as they are wanted.
    ///
    /// An error is the last item: [`Error::NotFound`] if the server offers no lists, as the
    /// original.
    ///
    /// ```no_run
    /// use pyexec_async::{ListExecutions, types::Status};
    ///
    /// # async fn example(client: pyexec_async::Client) -> Result<(), pyexec_async::Error> {
    /// let running = ListExecutions::new().status(Status::Running);
    /// let mut executions = client.executions(running);
    /// while let Some(execution) = executions.next().await {
    ///     println!("{}", execution?.execution_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn executions(&self, list: impl Into<Pages>) -> FeedStream<Pages> {
        self.feed(list.into().carried_out(self.options()))
    }

    /// Follows a streamed answer.
    pub fn feed<F: Feed>(&self, feed: F) -> FeedStream<F> {
        FeedStream::new(self.clone(), feed)
    }

    /// Sends a request and reads its whole answer.
    pub(crate) async fn send(
        &self,
        exchange: Exchange,
    ) -> Result<Result<http::Response<Vec<u8>>, TransportError>> {
        let exchange = self.settings.prepare(exchange, Instant::now())?;
        let answered = exchange::whole(&self.http, exchange).await;
        Ok(answered.map_err(|error| self.blame(error)))
    }

    /// Opens a feed's answer.
    pub(crate) async fn open(&self, exchange: Exchange) -> Result<Result<Answer, TransportError>> {
        let exchange = self.settings.prepare_feed(exchange, Instant::now())?;
        let opened = Answer::open(&self.http, exchange).await;
        Ok(opened.map_err(|error| self.blame(error)))
    }

    /// Names the server in an error.
    pub(crate) fn blame(&self, error: TransportError) -> TransportError {
        error.at(self.base_url().as_str())
    }
}

impl Executor for Client {
    type Reply<'a, T: 'a> = Pending<'a, T>;

    fn run<'a, C: Call + 'a>(&'a self, call: C) -> Pending<'a, C::Output> {
        Pending::new(Client::run(self, call))
    }

    fn options(&self) -> CallOptions {
        Client::options(self)
    }
}

impl Killer for Client {
    fn kill(&self, id: ExecutionId) {
        // Outside of a runtime there is nobody to do it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let client = self.clone();
            runtime.spawn(async move { client.kill_execution(&id).await });
        }
    }
}
