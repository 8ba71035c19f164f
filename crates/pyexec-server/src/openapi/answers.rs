//! What the description says of answers that many routes give alike.

use pyexec_types::ErrorBody;
use utoipa::{
    Modify,
    openapi::{
        ContentBuilder, HeaderBuilder, Object, OpenApi as Document, Ref, RefOr, Response,
        ResponseBuilder,
        path::{Operation, PathItem},
        schema::Type,
    },
};

/// Adds the errors that every route that asks for a token may answer, and the headers that come
/// with an answer wherever it is.
pub(super) struct OfEveryRoute;

impl Modify for OfEveryRoute {
    fn modify(&self, document: &mut Document) {
        for (path, item) in &mut document.paths.paths {
            for operation in operations(item) {
                if path.starts_with("/api/v1/") || path == "/metrics" {
                    for (status, description) in [
                        ("401", "The token is missing or wrong"),
                        (
                            "403",
                            "The request comes from a web page or for a name that the server doesn't serve",
                        ),
                        ("500", "The server failed; its log says how"),
                    ] {
                        let answers = &mut operation.responses.responses;
                        answers.entry(status.into()).or_insert_with(|| error(description));
                    }
                } else {
                    // Open to everyone.
                    operation.security = Some(Vec::new());
                }
                for (status, answer) in &mut operation.responses.responses {
                    if let RefOr::T(answer) = answer {
                        headers(status, answer);
                    }
                }
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten()
}

fn error(description: &str) -> RefOr<Response> {
    let schema = Ref::from_schema_name(<ErrorBody as utoipa::ToSchema>::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(description).content("application/json", content).into()
}

fn headers(status: &str, answer: &mut Response) {
    let mut add = |name: &str, kind, description| {
        let header = HeaderBuilder::new().schema(Some(Object::with_type(kind)));
        let header = header.description(Some(description)).build();
        answer.headers.insert(name.into(), header.into());
    };
    add("X-Request-Id", Type::String, "The request's name: its own, or a new one");
    match status {
        "401" => add("WWW-Authenticate", Type::String, "How to send a token"),
        "429" | "503" => add("Retry-After", Type::Integer, "Seconds after which to try again"),
        _ => {}
    }
}
