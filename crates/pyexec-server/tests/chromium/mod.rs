//! A real browser, where there is one.

use std::process::Command;

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// The browser of this machine; without one it says that a test was skipped.
#[allow(clippy::print_stderr, reason = "it is there to be read")]
pub(crate) fn browser() -> Option<&'static str> {
    let found =
        BROWSERS.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok());
    if found.is_none() {
        eprintln!("skipped: none of {BROWSERS:?} is installed");
    }
    found
}

/// What a browser made of a page: its elements, once its scripts have run. `names` are those that
/// lead here; no other name has an address.
pub(crate) fn rendered(browser: &str, url: &str, names: &[&str], arguments: &[&str]) -> String {
    let profile = tempfile::tempdir().unwrap();
    let mut rules: Vec<_> = names.iter().map(|name| format!("MAP {name} 127.0.0.1")).collect();
    rules.push("MAP * ~NOTFOUND".into());
    rules.push("EXCLUDE 127.0.0.1".into());
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--no-proxy-server", "--virtual-time-budget=20000", "--dump-dom"])
        .arg(format!("--host-resolver-rules={}", rules.join(", ")))
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(arguments)
        .arg(url)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
