//! What every route may use.

use crate::{
    Backend, ServerConfig, activity::Activity, auth::Tokens, incoming::Incoming, metrics::Metrics,
    scheduler::Scheduler, space::SpoolSpace,
};
use std::sync::Arc;
use tokio::sync::watch;

/// What every route may use.
#[derive(Debug, Clone)]
pub(crate) struct AppState {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) scheduler: Arc<Scheduler>,
    pub(crate) spool: Arc<SpoolSpace>,
    pub(crate) incoming: Incoming,
    pub(crate) tokens: Tokens,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) activity: Arc<Activity>,
    /// Set once the server shuts down.
    pub(crate) draining: watch::Sender<bool>,
}
