//! The request of `POST /api/v1/eval`.

use crate::{ExecutionConfig, lenient};
use serde::{Deserialize, Serialize};

/// Code to run without an archive: the body of `POST /api/v1/eval`.
///
/// ```
/// use pyexec_types::SimpleExecRequest;
///
/// let request = SimpleExecRequest::new("2 + 2");
/// assert_eq!(serde_json::to_string(&request)?, r#"{"code":"2 + 2","eval_last_expr":true}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SimpleExecRequest {
    /// The code, stored as `main.py`.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// Several files; they win over `code`.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<CodeFile>,
    /// The file to run: `main.py`, or the first file, where empty.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "String::is_empty")]
    pub entrypoint: String,
    /// What the code reads from its standard input.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "String::is_empty")]
    pub stdin: String,
    /// The same for input that isn't text: bytes in base64, in place of `stdin`. Only for servers
    /// that offer `eval_stdin_base64`; others pass it over (*ext*).
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "String::is_empty")]
    pub stdin_base64: String,
    /// Environment variables as `KEY=value`. Only for servers that offer `eval_env_vars`; others
    /// pass them over (*ext*).
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "Vec::is_empty")]
    pub env_vars: Vec<String>,
    /// Limits; the server's defaults where missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<ExecutionConfig>,
    /// `3.10`, `3.11`, `3.12` or `3.13`; the server's default where empty.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "String::is_empty")]
    pub python_version: String,
    /// Whether the `repr()` of a last expression comes back as `result`. [`new`](Self::new) sets
    /// it; on the wire a missing key means `false`.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "lenient::is_zero")]
    pub eval_last_expr: bool,
    /// Text of a `requirements.txt`, merged with the imports that the server detects; `-` turns
    /// the detection off.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "String::is_empty")]
    pub requirements_txt: String,
}

impl SimpleExecRequest {
    /// A request that evaluates `code` and asks for the value of its last expression.
    pub fn new(code: impl Into<String>) -> Self {
        Self { code: code.into(), eval_last_expr: true, ..Self::default() }
    }
}

/// One file of a [`SimpleExecRequest`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CodeFile {
    /// Path below the working directory.
    #[serde(default, deserialize_with = "lenient::null")]
    pub name: String,
    /// The file's text.
    #[serde(default, deserialize_with = "lenient::null")]
    pub content: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_request_matches_the_wire() {
        let json = r#"{"code":"1","files":[{"name":"main.py","content":"import h\nh.f()"},{"name":"h.py","content":"def f(): return '<é&>'"}],"entrypoint":"main.py","stdin":"in","config":{"timeout_seconds":60},"python_version":"3.12","eval_last_expr":true,"requirements_txt":"-"}"#;
        let request: SimpleExecRequest = serde_json::from_str(json).unwrap();
        assert_eq!(request.files[1].content, "def f(): return '<é&>'");
        assert!(request.eval_last_expr);
        assert_eq!(serde_json::to_string(&request).unwrap(), json);
    }

    #[test]
    fn extensions_stand_beside_what_they_extend() {
        let json = r#"{"code":"1","stdin_base64":"/w==","env_vars":["A=1"]}"#;
        let request: SimpleExecRequest = serde_json::from_str(json).unwrap();
        assert_eq!((&*request.stdin_base64, &*request.env_vars), ("/w==", &["A=1".to_owned()][..]));
        assert_eq!(serde_json::to_string(&request).unwrap(), json);
    }

    #[test]
    fn missing_null_and_zero_are_one() {
        let nulls = r#"{"code":null,"files":null,"entrypoint":null,"stdin":null,"stdin_base64":null,"env_vars":null,"config":null,"python_version":null,"eval_last_expr":null,"requirements_txt":null}"#;
        let zeros = r#"{"code":"","files":[],"entrypoint":"","stdin":"","stdin_base64":"","env_vars":[],"python_version":"","eval_last_expr":false,"requirements_txt":"","future":[]}"#;
        for json in ["{}", nulls, zeros] {
            let request: SimpleExecRequest = serde_json::from_str(json).unwrap();
            assert_eq!(request, SimpleExecRequest::default(), "{json}");
        }
        assert_eq!(serde_json::to_string(&SimpleExecRequest::default()).unwrap(), "{}");
        let file: CodeFile = serde_json::from_str(r#"{"name":null,"x":1}"#).unwrap();
        assert_eq!(file, CodeFile::default());
    }

    #[test]
    fn missing_eval_last_expr_is_false_but_new_sets_it() {
        let request: SimpleExecRequest = serde_json::from_str(r#"{"code":"2 + 2"}"#).unwrap();
        assert!(!request.eval_last_expr);
        assert!(SimpleExecRequest::new("2 + 2").eval_last_expr);
    }
}
