//! What every route may use.

use crate::{Backend, ServerConfig, auth::Tokens, scheduler::Scheduler, space::SpoolSpace};
use std::sync::Arc;

/// What every route may use.
#[derive(Debug, Clone)]
pub(crate) struct AppState {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) scheduler: Arc<Scheduler>,
    pub(crate) spool: Arc<SpoolSpace>,
    pub(crate) tokens: Tokens,
}
