//! The HTTP routes, a file each.

mod browser;
mod eval;
mod events;
mod exec;
mod executions;
mod health;
mod list;
mod metrics;
mod ready;

pub(crate) use eval::__path_eval;
pub(crate) use events::__path_watch_execution;
pub(crate) use exec::{__path_execute_async, __path_execute_sync};
pub(crate) use executions::{__path_get_execution, __path_kill_execution};
pub(crate) use health::__path_health;
pub(crate) use list::__path_list_executions;
pub(crate) use metrics::__path_metrics;
pub(crate) use ready::__path_ready;

use crate::{
    access, answer, body_limit,
    error::ApiError,
    openapi, plain_error,
    scheduler::{Found, Taken},
    state::AppState,
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use std::any::Any;
use tower_http::{catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// All routes.
pub(crate) fn router(state: AppState) -> Router {
    let exec = Router::new()
        .route("/exec/sync", post(exec::execute_sync))
        .route("/exec/async", post(exec::execute_async));
    let api = at_most(state.config.max_body_bytes, exec)
        .merge(at_most(eval::MOST_BODY, Router::new().route("/eval", post(eval::eval))))
        .route(
            "/executions/{id}",
            get(executions::get_execution).delete(executions::kill_execution),
        )
        .route("/executions/{id}/events", get(events::watch_execution))
        .route("/executions", get(list::list_executions))
        .layer(middleware::from_fn_with_state(state.clone(), authenticate));
    let watched = Router::new()
        .route("/metrics", get(metrics::metrics))
        .layer(middleware::from_fn_with_state(state.clone(), authenticate));
    // The browser would build the document here and now, for servers that nobody asks for it.
    let docs = Router::from(SwaggerUi::new("/docs").config(Config::from(openapi::PATH)))
        .route(openapi::PATH, get(openapi::serve));
    let nosniff = HeaderValue::from_static("nosniff");
    Router::new()
        .nest("/api/v1", api)
        .route("/health", get(health::health))
        .route("/ready", get(ready::ready))
        .merge(watched)
        .merge(docs)
        .fallback(|| async {
            ApiError::new(StatusCode::NOT_FOUND, "route_not_found", "404 page not found")
        })
        .method_not_allowed_fallback(|| async {
            let message = "405 method not allowed";
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
        })
        .layer(middleware::map_response(plain_error::as_json))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(SetResponseHeaderLayer::overriding(header::X_CONTENT_TYPE_OPTIONS, nosniff))
        .layer(SetResponseHeaderLayer::if_not_present(
            HeaderName::from_static("server"),
            HeaderValue::from_static(concat!("pyexec/", env!("CARGO_PKG_VERSION"))),
        ))
        .layer(middleware::from_fn_with_state(state.clone(), access::observe))
        .with_state(state)
}

/// Routes that take bodies of at most so many bytes.
fn at_most(bytes: u64, routes: Router<AppState>) -> Router<AppState> {
    routes
        .layer(DefaultBodyLimit::max(usize::try_from(bytes).unwrap_or(usize::MAX)))
        .layer(middleware::from_fn_with_state(bytes, body_limit::announced))
}

/// Finds out who asks; routes take it as `Extension<Caller>`.
async fn authenticate(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let visitors = browser::Visitors {
        hosts: &state.config.allowed_hosts,
        has_tokens: !state.tokens.is_empty(),
    };
    let checked = state.tokens.check(request.headers()).and_then(|caller| {
        visitors.check(request.uri(), request.headers())?;
        Ok(caller)
    });
    match checked {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => error.into_response(),
    }
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    ApiError::new(status, "internal", "internal error").into_response()
}

/// Waits for an execution on behalf of a client; if the last one that waits goes away, so does the
/// execution.
async fn attend(taken: Taken) -> Result<Response, ApiError> {
    let record = match taken.found {
        Found::Over(record) => *record,
        Found::Live(live) => {
            let _attendance = taken.attendance;
            live.finished().await
        }
    };
    if !record.result.status.is_terminal() {
        // It has a key, by which its client finds it again.
        return Err(ApiError::draining());
    }
    answer::whole(record).await
}
