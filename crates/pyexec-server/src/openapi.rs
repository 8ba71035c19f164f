//! The API's description, generated from the routes.

use crate::routes;
use pyexec_types::{OutputChunk, StatusChange};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "python-executor",
        description = "Runs Python somewhere safe: submit a tar of Python files, get stdout, stderr and exit code back."
    ),
    paths(
        routes::execute_sync,
        routes::execute_async,
        routes::get_execution,
        routes::kill_execution,
        routes::watch_execution,
        routes::list_executions,
        routes::eval,
        routes::health
    ),
    components(schemas(StatusChange, OutputChunk)),
    modifiers(&Tokens),
    security((), ("token" = []))
)]
struct Api;

struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut Document) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// The document that `/docs/doc.json` serves.
pub(crate) fn document() -> Document {
    Api::openapi()
}

/// The OpenAPI document as JSON.
///
/// ```
/// let text = pyexec_server::openapi_json();
/// assert!(text.contains("/api/v1/exec/sync"));
/// ```
pub fn openapi_json() -> String {
    document().to_pretty_json().unwrap_or_default()
}
