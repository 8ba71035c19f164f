//! The API's description, generated from the routes.

mod answers;
mod prose;

use crate::routes;
use answers::OfEveryRoute;
use axum::Json;
use pyexec_types::{OutputChunk, StatusChange};
use serde_json::Value;
use std::sync::LazyLock;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "python-executor",
        description = "Runs Python somewhere safe: submit a tar of Python files, get stdout, stderr and exit code back.\n\n\
            What is marked (*ext*) is beyond the original service: a client may use it and must not depend on it."
    ),
    paths(
        routes::execute_sync,
        routes::execute_async,
        routes::get_execution,
        routes::kill_execution,
        routes::watch_execution,
        routes::list_executions,
        routes::eval,
        routes::health,
        routes::ready,
        routes::metrics
    ),
    tags(
        (name = "executions", description = "Run code, and see what comes of it. Where the server has tokens, each sees its own executions only."),
        (name = "service", description = "The server itself.")
    ),
    components(schemas(StatusChange, OutputChunk)),
    modifiers(&Tokens, &OfEveryRoute),
    security((), ("token" = []), ("password" = []))
)]
struct Api;

struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        for (name, scheme, description) in [
            ("token", HttpAuthScheme::Bearer, "One of the server's tokens, where it has any."),
            ("password", HttpAuthScheme::Basic, "The token as the password, under any name."),
        ] {
            let scheme = HttpBuilder::new().scheme(scheme).description(Some(description)).build();
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
    }
}

/// Where it is served.
pub(crate) const PATH: &str = "/docs/doc.json";

/// `GET /docs/doc.json`: the document, which is built when it is first asked for.
pub(crate) async fn serve() -> Json<&'static Value> {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(document);
    Json(&DOCUMENT)
}

fn document() -> Value {
    // Names and texts become JSON whatever they are.
    let mut document = serde_json::to_value(Api::openapi()).unwrap_or_default();
    prose::polish(&mut document);
    document
}

/// The OpenAPI document as JSON.
///
/// ```
/// let text = pyexec_server::openapi_json();
/// assert!(text.contains("/api/v1/exec/sync"));
/// ```
pub fn openapi_json() -> String {
    format!("{:#}", document())
}
