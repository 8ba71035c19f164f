//! The API's description, as it is kept in `openapi.json`.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use expect_test::expect_file;
use serde_json::Value;

/// After a change that is meant, `UPDATE_EXPECT=1 cargo test -p pyexec-server --test openapi`
/// writes the file anew.
#[test]
fn the_file_is_current() {
    expect_file!["../openapi.json"].assert_eq(&(pyexec_server::openapi_json() + "\n"));
}

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &'_ Value)| {
        let item = item.as_object().unwrap().clone();
        item.into_iter().map(|(method, _)| (path.clone(), method)).collect::<Vec<_>>()
    };
    paths
        .iter()
        .flat_map(of_path)
        .map(|(path, method)| {
            let operation = &document["paths"][&path][&method];
            (format!("{} {path}", method.to_uppercase()), operation)
        })
        .collect()
}

/// Every answer has a description and a schema, every error the headers that come with it.
#[test]
fn answers_are_described() {
    let document: Value = serde_json::from_str(&pyexec_server::openapi_json()).unwrap();
    let operations = operations(&document);
    assert!(operations.len() >= 8);
    for (name, operation) in operations {
        assert!(operation["summary"].is_string(), "{name}");
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let content = answer["content"].as_object().expect(&name);
            assert!(content.values().all(|content| content.get("schema").is_some()), "{name}");
            if status.starts_with(['4', '5']) {
                let schema = &content["application/json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/ErrorBody", "{name} {status}");
            }
            let header = |name: &str| answer["headers"].get(name).is_some();
            assert!(header("X-Request-Id"), "{name} {status}");
            match &**status {
                "401" => assert!(header("WWW-Authenticate"), "{name}"),
                "429" | "503" => assert!(header("Retry-After"), "{name} {status}"),
                _ => {}
            }
        }
        let is_open = ["GET /health", "GET /ready"].contains(&&*name);
        let has = |status: &str| operation["responses"].get(status).is_some();
        assert_eq!([has("401"), has("403")], [!is_open; 2], "{name}");
    }
}
