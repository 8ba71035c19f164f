//! What came of an execution.

use crate::{ExecutionId, Outcome, Status, lenient};
use serde::{Deserialize, Serialize};

/// What came, or has come so far, of an execution.
///
/// [`error_type`](Self::error_type), [`error_line`](Self::error_line),
/// [`traceback`](Self::traceback) and [`result`](Self::result) are what the script's own process
/// said of itself; everything else is what the service saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct ExecutionResult {
    /// The execution's name.
    pub execution_id: ExecutionId,
    /// Where it stands.
    pub status: Status,
    /// Its standard output; bytes that aren't UTF-8 are replaced by U+FFFD.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "String::is_empty")]
    pub stdout: String,
    /// Its standard error, likewise.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "String::is_empty")]
    pub stderr: String,
    /// The script's exit code; 128+n where signal n ended it, 124 after a timeout.
    #[serde(default, deserialize_with = "lenient::null")]
    pub exit_code: i32,
    /// Why the service could not run it to its end.
    #[serde(default, deserialize_with = "lenient::zero", skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Class name of the exception that ended the script, as in its traceback's last line.
    #[serde(default, deserialize_with = "lenient::zero", skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// Line of the first frame in the entrypoint, or the line that a `SyntaxError` names; from 1.
    #[serde(default, deserialize_with = "lenient::zero", skip_serializing_if = "Option::is_none")]
    pub error_line: Option<u64>,
    /// When it started, in RFC 3339 and UTC.
    #[serde(default, deserialize_with = "lenient::zero", skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it ended, likewise.
    #[serde(default, deserialize_with = "lenient::zero", skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
    /// How long it ran, in milliseconds.
    #[serde(default, deserialize_with = "lenient::zero", skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// `repr()` of the last expression of an eval.
    #[serde(default, deserialize_with = "lenient::zero", skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// How it ended (*ext*).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The signal that ended the script (*ext*).
    #[serde(default, deserialize_with = "lenient::zero", skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Whether the middle of stdout or stderr was left out (*ext*).
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "lenient::is_zero")]
    pub truncated: bool,
    /// Highest memory use of the whole execution in MiB (*ext*).
    #[serde(default, deserialize_with = "lenient::zero", skip_serializing_if = "Option::is_none")]
    pub peak_memory_mb: Option<u64>,
    /// Processor time of the whole execution in milliseconds (*ext*).
    #[serde(default, deserialize_with = "lenient::zero", skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u64>,
    /// How long it waited for a slot, in milliseconds (*ext*).
    #[serde(default, deserialize_with = "lenient::zero", skip_serializing_if = "Option::is_none")]
    pub queued_ms: Option<u64>,
    /// How many executions run before it, while it is pending; 0 is the head of the queue (*ext*).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_position: Option<u64>,
    /// What is being done for it while it is pending (*ext*): `waiting` for somebody else's
    /// installation of the same packages, `resolving` its requirements, `installing` or `compiling`
    /// them.
    #[serde(default, deserialize_with = "lenient::zero", skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// The isolation level that it ran under (*ext*).
    #[serde(default, deserialize_with = "lenient::zero", skip_serializing_if = "Option::is_none")]
    pub isolation: Option<String>,
    /// Frames of the uncaught exception, outermost first (*ext*).
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "Vec::is_empty")]
    pub traceback: Vec<TracebackFrame>,
}

impl ExecutionResult {
    /// A result that says only which execution it is and where it stands.
    pub fn new(execution_id: ExecutionId, status: Status) -> Self {
        Self {
            execution_id,
            status,
            stdout: String::new(),
            stderr: String::new(),
            exit_code: 0,
            error: None,
            error_type: None,
            error_line: None,
            started_at: None,
            finished_at: None,
            duration_ms: None,
            result: None,
            outcome: None,
            signal: None,
            truncated: false,
            peak_memory_mb: None,
            cpu_ms: None,
            queued_ms: None,
            queue_position: None,
            phase: None,
            isolation: None,
            traceback: Vec::new(),
        }
    }

    /// Whether the script ran to its end and exited with code 0.
    ///
    /// ```
    /// use pyexec_types::{ExecutionResult, Status};
    ///
    /// let mut result = ExecutionResult::new("exe_1".into(), Status::Completed);
    /// assert!(result.is_success());
    /// result.exit_code = 3;
    /// assert!(!result.is_success());
    /// ```
    pub fn is_success(&self) -> bool {
        self.status == Status::Completed && self.exit_code == 0
    }
}

/// One frame of an uncaught exception (*ext*).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TracebackFrame {
    /// File, as the interpreter names it.
    #[serde(default, deserialize_with = "lenient::null")]
    pub file: String,
    /// Line in it, from 1.
    #[serde(default, deserialize_with = "lenient::null")]
    pub line: u64,
    /// The function, `<module>` at the top level.
    #[serde(default, deserialize_with = "lenient::null")]
    pub function: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_the_original_reads() {
        let json = r#"{"execution_id":"exe_bde64e90-9b19-46d8-bc15-18ef61e893fa","status":"completed","stderr":"NameError: name 'undefined' is not defined\n","exit_code":1,"error_type":"NameError","error_line":24,"started_at":"2026-11-22T23:41:28.562035351Z","finished_at":"2026-11-22T23:41:29.488342603Z","duration_ms":829}"#;
        let result: ExecutionResult = serde_json::from_str(json).unwrap();
        assert_eq!(result.exit_code, 1);
        assert_eq!(result.error_type.as_deref(), Some("NameError"));
        assert_eq!(result.error_line, Some(24));
        assert_eq!(result.duration_ms, Some(829));
        assert_eq!(result.started_at.as_deref(), Some("2026-11-22T23:41:28.562035351Z"));
        assert_eq!(result.outcome, None);
        assert_eq!(serde_json::to_string(&result).unwrap(), json);
    }

    #[test]
    fn a_full_answer_of_ours_matches_the_wire() {
        let json = r#"{"execution_id":"exe_1","status":"failed","stdout":"o","stderr":"e","exit_code":124,"error":"execution timeout after 5s","error_type":"ValueError","error_line":2,"started_at":"2026-11-22T23:41:28.562035Z","finished_at":"2026-11-22T23:41:33.562035Z","duration_ms":5000,"result":"4","outcome":"timeout","signal":9,"truncated":true,"peak_memory_mb":12,"cpu_ms":34,"queued_ms":5,"isolation":"full","traceback":[{"file":"/work/main.py","line":2,"function":"<module>"}]}"#;
        let result: ExecutionResult = serde_json::from_str(json).unwrap();
        assert_eq!(result.outcome, Some(Outcome::Timeout));
        assert_eq!(result.traceback[0].function, "<module>");
        assert_eq!(serde_json::to_string(&result).unwrap(), json);
    }

    #[test]
    fn missing_null_and_zero_are_one() {
        let nulls = r#"{"execution_id":"e","status":"pending","stdout":null,"stderr":null,"exit_code":null,"error":null,"error_type":null,"error_line":null,"started_at":null,"finished_at":null,"duration_ms":null,"result":null,"outcome":null,"signal":null,"truncated":null,"peak_memory_mb":null,"cpu_ms":null,"queued_ms":null,"queue_position":null,"phase":null,"isolation":null,"traceback":null}"#;
        let zeros = r#"{"execution_id":"e","status":"pending","stdout":"","stderr":"","exit_code":0,"error":"","error_type":"","error_line":0,"started_at":"","finished_at":"","duration_ms":0,"result":"","signal":0,"truncated":false,"peak_memory_mb":0,"cpu_ms":0,"queued_ms":0,"phase":"","isolation":"","traceback":[],"future":1}"#;
        let missing = r#"{"execution_id":"e","status":"pending"}"#;
        for json in [nulls, zeros, missing] {
            let result: ExecutionResult = serde_json::from_str(json).unwrap();
            assert_eq!(result, ExecutionResult::new("e".into(), Status::Pending), "{json}");
            assert_eq!(
                serde_json::to_string(&result).unwrap(),
                r#"{"execution_id":"e","status":"pending","exit_code":0}"#
            );
        }
        let frame: TracebackFrame = serde_json::from_str(r#"{"file":null}"#).unwrap();
        assert_eq!(frame, TracebackFrame::default());
    }

    #[test]
    fn the_head_of_the_queue_is_no_missing_position() {
        let json = r#"{"execution_id":"e","status":"pending","exit_code":0,"queue_position":0}"#;
        let result: ExecutionResult = serde_json::from_str(json).unwrap();
        assert_eq!(result.queue_position, Some(0));
        assert_eq!(serde_json::to_string(&result).unwrap(), json);
    }

    #[test]
    fn an_unknown_status_is_kept() {
        let result: ExecutionResult =
            serde_json::from_str(r#"{"execution_id":"e","status":"paused","outcome":"new"}"#)
                .unwrap();
        assert_eq!(result.status, Status::Unknown("paused".into()));
        assert_eq!(result.outcome, Some(Outcome::Unknown("new".into())));
    }
}
