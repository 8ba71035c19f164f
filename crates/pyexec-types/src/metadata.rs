//! What accompanies an archive.

use crate::{ExecutionConfig, lenient};
use serde::{Deserialize, Serialize};

/// What accompanies an archive: the `metadata` part of both `exec` requests.
///
/// ```
/// use pyexec_types::Metadata;
///
/// let metadata = Metadata { script_args: vec!["--fast".into()], ..Metadata::new("main.py") };
/// assert_eq!(
///     serde_json::to_string(&metadata)?,
///     r#"{"entrypoint":"main.py","script_args":["--fast"]}"#
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Metadata {
    /// Path in the archive of the file to run. Required.
    #[serde(default, deserialize_with = "lenient::null")]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub entrypoint: String,
    /// Image to run in; `python:3.11-slim` chooses the Python version.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "String::is_empty")]
    pub docker_image: String,
    /// Text of a `requirements.txt` to install before.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "String::is_empty")]
    pub requirements_txt: String,
    /// Whether packages that the project's files import are installed, too. Only for servers that
    /// offer `auto_install`; others pass it over (*ext*).
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "lenient::is_zero")]
    pub auto_install: bool,
    /// Shell commands to run before the script, in one `sh`, stopping at the first failure.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "Vec::is_empty")]
    pub pre_commands: Vec<String>,
    /// What the script reads from its standard input.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "String::is_empty")]
    pub stdin: String,
    /// The same for input that isn't text: bytes in base64, in place of `stdin`. Only for servers
    /// that offer `stdin_base64`; others pass it over (*ext*).
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "String::is_empty")]
    pub stdin_base64: String,
    /// Limits; the server's defaults where missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<ExecutionConfig>,
    /// Environment variables as `KEY=value`.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "Vec::is_empty")]
    pub env_vars: Vec<String>,
    /// Arguments of the script, `sys.argv[1:]`.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "Vec::is_empty")]
    pub script_args: Vec<String>,
}

impl Metadata {
    /// Metadata that runs the archive's file `entrypoint` with every default.
    pub fn new(entrypoint: impl Into<String>) -> Self {
        Self { entrypoint: entrypoint.into(), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_metadata_matches_the_wire() {
        let json = r#"{"entrypoint":"main.py","docker_image":"python:3.12-slim","requirements_txt":"six\n# it's <a> & \"b\"\n","pre_commands":["echo pre && true"],"stdin":"in\nput é","config":{"timeout_seconds":60,"network_disabled":true},"env_vars":["A=1","B=x y"],"script_args":["--flag","it's"]}"#;
        let metadata: Metadata = serde_json::from_str(json).unwrap();
        assert_eq!(metadata.requirements_txt, "six\n# it's <a> & \"b\"\n");
        assert_eq!(metadata.env_vars, ["A=1", "B=x y"]);
        assert_eq!(metadata.config.unwrap().network_disabled, Some(true));
        assert_eq!(serde_json::to_string(&metadata).unwrap(), json);
    }

    #[test]
    fn missing_null_and_zero_are_one() {
        let nulls = r#"{"entrypoint":null,"docker_image":null,"requirements_txt":null,"auto_install":null,"pre_commands":null,"stdin":null,"stdin_base64":null,"config":null,"env_vars":null,"script_args":null}"#;
        let zeros = r#"{"entrypoint":"","docker_image":"","requirements_txt":"","pre_commands":[],"stdin":"","env_vars":[],"script_args":[],"future":0}"#;
        for json in ["{}", nulls, zeros] {
            let metadata: Metadata = serde_json::from_str(json).unwrap();
            assert_eq!(metadata, Metadata::default(), "{json}");
        }
        assert_eq!(serde_json::to_string(&Metadata::default()).unwrap(), r#"{"entrypoint":""}"#);
    }
}
