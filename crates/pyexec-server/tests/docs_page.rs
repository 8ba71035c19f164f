//! The API browser in a real one, which may reach nothing but our server.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod chromium;

use pyexec_server::EmbeddedServer;
use std::path::Path;

#[test]
fn every_operation_is_shown_offline() {
    let Some(browser) = chromium::browser() else { return };
    let server = EmbeddedServer::start().unwrap();
    let screenshot = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docs.png");
    let picture = format!("--screenshot={}", screenshot.display());
    // No name has an address, so that all it shows came from our server.
    let url = format!("{}/docs/", server.url());
    let page = chromium::rendered(browser, &url, &[], &[&picture, "--window-size=1200,1800"]);

    let document: serde_json::Value = serde_json::from_str(&pyexec_server::openapi_json()).unwrap();
    let mut count = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        assert!(page.contains(&format!("data-path=\"{path}\"")), "{path} isn't on the page");
        count += item.as_object().unwrap().len();
    }
    assert_eq!(page.matches("class=\"opblock opblock-").count(), count);
    assert!(!page.contains("errors-wrapper"), "the page complains about the document");
    assert!(std::fs::metadata(&screenshot).unwrap().len() > 10_000);
    println!("{}", screenshot.display());
}
