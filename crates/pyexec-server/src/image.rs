//! Which Python a request asks for.

use crate::error::ApiError;
use pyexec_sandbox::PythonVersion;

/// The version that is taken where nobody asks for one.
const USUAL: &str = "3.12";

/// `python_version`, else the tag of a `python:X.Y…` image, else 3.12, else the newest.
/// `available` is newest first.
pub(crate) fn choose(
    python_version: &str,
    docker_image: &str,
    available: &[PythonVersion],
) -> Result<PythonVersion, ApiError> {
    let wanted = match (python_version.trim(), docker_image.trim()) {
        ("", "") => None,
        ("", image) => tag_version(image)?,
        (version, _) => Some(version.to_owned()),
    };
    let usual = || {
        let usual = USUAL.parse().ok();
        let found = available.iter().find(|version| Some(**version) == usual);
        found.or(available.first()).copied()
    };
    let unsupported = |wanted: &str| {
        let mut versions = available.to_vec();
        versions.sort_unstable();
        let versions: Vec<_> = versions.iter().map(ToString::to_string).collect();
        let versions = versions.join(", ");
        ApiError::bad_request(
            "unsupported_python_version",
            format!("unsupported python_version {wanted:?}; supported versions: {versions}"),
        )
    };
    match wanted {
        None => usual().ok_or_else(|| unsupported("")),
        Some(wanted) => {
            let version = wanted.parse().ok().filter(|version| available.contains(version));
            version.ok_or_else(|| unsupported(&wanted))
        }
    }
}

/// `X.Y` of an image such as `docker.io/library/python:3.12.1-slim`; `None` where its tag names
/// no minor version.
fn tag_version(image: &str) -> Result<Option<String>, ApiError> {
    let name = image.strip_prefix("docker.io/").unwrap_or(image);
    let name = name.strip_prefix("library/").unwrap_or(name);
    let (name, tag) = name.split_once(':').unwrap_or((name, ""));
    if name != "python" {
        return Err(ApiError::bad_request(
            "unsupported_image",
            format!(
                "docker_image {image:?} can't be used: this server runs python:X.Y images only, \
                 in its own sandbox"
            ),
        ));
    }
    let numbers = tag.split('-').next().unwrap_or_default();
    let mut parts = numbers.split('.');
    let number = |part: Option<&str>| part?.parse::<u16>().ok();
    Ok(match (number(parts.next()), number(parts.next())) {
        (Some(major), Some(minor)) => Some(format!("{major}.{minor}")),
        // Python 2 has no minor version that we could pass for.
        (Some(major), None) if major != 3 => Some(major.to_string()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(version: &str, image: &str, available: &[&str]) -> Result<String, String> {
        let available: Vec<_> = available.iter().map(|v| v.parse().unwrap()).collect();
        choose(version, image, &available)
            .map(|version| version.to_string())
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn the_version_then_the_tag_then_the_usual_then_the_newest() {
        let all = ["3.13", "3.12", "3.11", "3.10"];
        for (version, image, expected) in [
            ("", "", "3.12"),
            ("3.10", "python:3.11", "3.10"),
            ("", "python:3.11-slim", "3.11"),
            ("", "python:3.13.0-slim-bookworm", "3.13"),
            ("", "docker.io/library/python:3.11", "3.11"),
            ("", "python", "3.12"),
            ("", "python:3-slim", "3.12"),
            ("", "python:slim", "3.12"),
        ] {
            assert_eq!(chosen(version, image, &all).as_deref(), Ok(expected), "{version} {image}");
        }
        assert_eq!(chosen("", "", &["3.11", "3.10"]).as_deref(), Ok("3.11"));
    }

    #[test]
    fn what_is_not_here_is_named() {
        let message = "supported versions: 3.10, 3.11, 3.12, 3.13";
        for (version, image, wanted) in [
            ("2.7", "", "2.7"),
            ("", "python:2.7-slim", "2.7"),
            ("", "python:2", "2"),
            ("x", "", "x"),
        ] {
            let error = chosen(version, image, &["3.13", "3.12", "3.11", "3.10"]).unwrap_err();
            assert_eq!(error, format!("unsupported python_version {wanted:?}; {message}"));
        }
        let error = chosen("", "ubuntu:24.04", &["3.12"]).unwrap_err();
        assert!(error.contains("ubuntu:24.04"), "{error}");
    }
}
