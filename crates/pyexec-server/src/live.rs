//! An execution that is pending or running, as those who wait for it or want it gone see it.

use pyexec_sandbox::Stop;
use pyexec_types::{ExecutionId, ExecutionResult};
use std::{io, sync::Arc};
use tokio::sync::watch;

/// An execution that isn't over yet. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    id: ExecutionId,
    stop: Stop,
    stopped: Arc<watch::Sender<bool>>,
    result: watch::Receiver<Option<Arc<ExecutionResult>>>,
}

/// Tells everyone what came of it.
pub(crate) type Verdict = watch::Sender<Option<Arc<ExecutionResult>>>;

impl Live {
    pub(crate) fn new(id: ExecutionId) -> io::Result<(Self, Verdict)> {
        let (verdict, result) = watch::channel(None);
        let stopped = Arc::new(watch::Sender::new(false));
        Ok((Self { id, stop: Stop::new()?, stopped, result }, verdict))
    }

    pub(crate) fn id(&self) -> &ExecutionId {
        &self.id
    }

    pub(crate) fn switch(&self) -> Stop {
        self.stop.clone()
    }

    /// Ends it, whether it waits or runs.
    pub(crate) fn stop(&self) {
        self.stop.stop();
        self.stopped.send_replace(true);
    }

    /// Done once somebody has stopped it.
    pub(crate) async fn stopped(&self) {
        // The sender lives as long as `self`.
        drop(self.stopped.subscribe().wait_for(|stopped| *stopped).await);
    }

    /// Waits until nothing of it is left. `None` where the server lost track of it.
    pub(crate) async fn finished(&self) -> Option<Arc<ExecutionResult>> {
        let mut result = self.result.clone();
        let found = result.wait_for(Option::is_some).await.ok()?;
        found.clone()
    }
}

/// Ends an execution whose client goes away before the answer.
#[derive(Debug)]
pub(crate) struct StopOnDrop(Option<Live>);

impl StopOnDrop {
    pub(crate) fn new(live: Live) -> Self {
        Self(Some(live))
    }

    /// The client has its answer.
    pub(crate) fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        if let Some(live) = self.0.take() {
            tracing::info!(id = %live.id(), "the client is gone: stopping its execution");
            live.stop();
        }
    }
}
