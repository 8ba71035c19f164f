//! `GET /health`

use crate::{packages, state::AppState};
use axum::{Json, extract::State};
use pyexec_types::{Health, HealthLimits};

/// What this server does beyond the original.
const EXTENSIONS: [&str; 7] =
    ["events", "wait", "list", "idempotency", "stdin_base64", "eval_stdin_base64", "eval_env_vars"];

/// And where packages can be installed.
const PACKAGES: &[&str] =
    if packages::DETECTS_IMPORTS { &["packages", "auto_install"] } else { &["packages"] };

/// Whether the server is there, and what it can do.
#[utoipa::path(
    get,
    path = "/health",
    tag = "service",
    responses((status = 200, description = "It is there", body = Health))
)]
pub(crate) async fn health(State(state): State<AppState>) -> Json<Health> {
    let mut limits = HealthLimits::default();
    limits.queue_seconds = state.config.queue_timeout.as_secs();
    let packages = &state.scheduler.packages;
    let offers_packages = packages.is_offered();
    if offers_packages {
        limits.install_seconds = packages.timeout().as_secs();
    }
    limits.max_timeout_seconds = state.config.max_timeout_seconds;
    limits.max_body_bytes = state.config.max_body_bytes;
    let mut health = Health::default();
    health.status = "ok".into();
    health.server = Some("pyexec".into());
    health.version = Some(env!("CARGO_PKG_VERSION").into());
    let of_packages = PACKAGES.iter().filter(|_| offers_packages);
    health.extensions = EXTENSIONS.iter().chain(of_packages).map(ToString::to_string).collect();
    health.python_versions = state.backend.versions().iter().map(ToString::to_string).collect();
    health.isolation = Some(state.backend.isolation());
    health.limits = Some(limits);
    Json(health)
}
