//! Each feature of each published crate builds alone, and the crate builds without any.

use serde_json::Value;
use std::error::Error;
use xshell::{Shell, cmd};

const PACKAGES: [&str; 7] = [
    "pyexec-archive",
    "pyexec-core",
    "pyexec-types",
    "pyexec-async",
    "pyexec-blocking",
    "pyexec-packages",
    "pyexec-cli",
];

pub(crate) fn features(shell: &Shell) -> Result<(), Box<dyn Error>> {
    let metadata = cmd!(shell, "cargo metadata --no-deps --format-version 1").quiet().read()?;
    let metadata = serde_json::from_str(&metadata)?;
    // Goes on after a failure: a list of what is broken says more than the first of it.
    let mut broken = Vec::new();
    for package in PACKAGES {
        let alone = features_of(&metadata, package)?;
        for feature in [""].into_iter().chain(alone) {
            let check =
                cmd!(shell, "cargo check -p {package} --no-default-features --features={feature}");
            if check.run().is_err() {
                broken.push(format!("{package} with {feature:?} alone"));
            }
        }
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(format!("don't build: {}", broken.join(", ")).into())
    }
}

/// The features of a package, `default` excepted, which is no feature but a choice of others.
fn features_of<'a>(metadata: &'a Value, package: &str) -> Result<Vec<&'a str>, String> {
    let features = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|candidate| candidate["name"] == package)
        .and_then(|found| found["features"].as_object())
        .ok_or_else(|| format!("cargo metadata doesn't know the features of {package}"))?;
    Ok(features.keys().map(String::as_str).filter(|name| *name != "default").collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_feature_but_default() {
        let metadata = json!({"packages": [
            {"name": "other", "features": {"odd": []}},
            {"name": "ours", "features": {"default": ["fs"], "fs": [], "gzip": ["dep:flate2"]}},
            {"name": "bare", "features": {}},
        ]});
        assert_eq!(features_of(&metadata, "ours").unwrap(), ["fs", "gzip"]);
        assert!(features_of(&metadata, "bare").unwrap().is_empty());
    }

    #[test]
    fn a_package_that_is_gone_is_not_skipped() {
        let error = features_of(&json!({"packages": []}), "ours").unwrap_err();
        assert!(error.contains("ours"), "{error}");
    }
}
