//! Sending a project, with somebody who watches.

use crate::progress::Progress;
use pyexec_blocking::{
    Archive, Client, Result,
    types::{ExecutionId, Health, Metadata},
};
use pyexec_core::{Body, Endpoint, Submission, endpoints::ExecuteAsync};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

/// Submits a project and shows how far that is. Where `is_over` says so, it ends half-way, and no
/// server runs half a project.
///
/// # Errors
///
/// As [`Client::execute_async`].
pub(crate) fn upload(
    client: &Client,
    archive: &Archive,
    metadata: &Metadata,
    progress: Progress,
    is_over: impl Fn() -> bool + Send + Sync + 'static,
) -> Result<ExecutionId> {
    let upload = Arc::new(Upload { progress: Mutex::new(progress), is_over });
    let inner = ExecuteAsync::new(archive, metadata);
    let submitted =
        client.run(Watched { inner, upload: Arc::clone(&upload) }.submit(client.options()));
    upload.with(Progress::clear);
    submitted
}

struct Upload<F> {
    progress: Mutex<Progress>,
    is_over: F,
}

impl<F> Upload<F> {
    fn with(&self, tell: impl FnOnce(&mut Progress)) {
        tell(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The endpoint, whose body says how much of it was sent.
struct Watched<F> {
    inner: ExecuteAsync,
    upload: Arc<Upload<F>>,
}

impl<F: Fn() -> bool + Send + Sync + 'static> Endpoint for Watched<F> {
    type Output = ExecutionId;

    fn request(&self) -> Result<http::Request<Body>> {
        let request = self.inner.request()?;
        let upload = Arc::clone(&self.upload);
        upload.with(|progress| progress.upload(request.body().size()));
        Ok(request.map(|body| {
            body.watched(move |bytes| {
                upload.with(|progress| progress.sent(bytes));
                match (upload.is_over)() {
                    true => Err(io::Error::other("nobody waits for it any more")),
                    false => Ok(()),
                }
            })
        }))
    }

    fn response(&self, response: http::Response<Vec<u8>>) -> Result<ExecutionId> {
        self.inner.response(response)
    }
}

impl<F: Fn() -> bool + Send + Sync + 'static> Submission for Watched<F> {
    fn depends_on_health(&self) -> bool {
        self.inner.depends_on_health()
    }

    fn learn(&mut self, health: &Health) {
        self.inner.learn(health);
    }
}
