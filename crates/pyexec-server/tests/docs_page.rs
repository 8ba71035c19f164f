//! The API browser in a real one, which may reach nothing but our server.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use pyexec_server::EmbeddedServer;
use std::{path::Path, process::Command};

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

fn browser() -> Option<&'static str> {
    BROWSERS.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok())
}

/// What a browser made of a page: its elements, once its scripts have run.
fn rendered(browser: &str, url: &str, screenshot: &Path) -> String {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        // No name has an address, so that all it shows came from our server.
        .args(["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--no-proxy-server"])
        .args(["--virtual-time-budget=20000", "--window-size=1200,1800", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--screenshot={}", screenshot.display()))
        .arg(url)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_operation_is_shown_offline() {
    let Some(browser) = browser() else {
        return eprintln!("skipped: none of {BROWSERS:?} is installed");
    };
    let server = EmbeddedServer::start().unwrap();
    let screenshot = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docs.png");
    let page = rendered(browser, &format!("{}/docs/", server.url()), &screenshot);

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
