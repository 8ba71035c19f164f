//! Sending a project, with somebody who watches.

use crate::progress::Progress;
use pyexec_blocking::{Client, Result, types::Health};
use pyexec_core::{Body, Endpoint, Submission};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Sends a project to an endpoint and shows how far that is. Where `is_over` says so, it ends half-way, and no
/// server runs half a project.
///
/// # Errors
///
/// As the client's method for that endpoint.
pub(crate) fn upload<E: Submission>(
    client: &Client,
    inner: E,
    progress: Progress,
    is_over: impl Fn() -> bool + Send + Sync + 'static,
) -> Result<E::Output> {
    let upload = Arc::new(Upload { progress: Mutex::new(progress), is_over });
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
struct Watched<E, F> {
    inner: E,
    upload: Arc<Upload<F>>,
}

impl<E: Endpoint, F: Fn() -> bool + Send + Sync + 'static> Endpoint for Watched<E, F> {
    type Output = E::Output;

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

    fn response(&self, response: http::Response<Vec<u8>>) -> Result<E::Output> {
        self.inner.response(response)
    }

    fn timeout(&self) -> Option<Duration> {
        self.inner.timeout()
    }
}

impl<E: Submission, F: Fn() -> bool + Send + Sync + 'static> Submission for Watched<E, F> {
    fn depends_on_health(&self) -> bool {
        self.inner.depends_on_health()
    }

    fn learn(&mut self, health: &Health) {
        self.inner.learn(health);
    }
}
