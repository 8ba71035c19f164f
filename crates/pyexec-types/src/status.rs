//! Where an execution stands, and the two answers that carry little else.

use crate::{ExecutionId, lenient::wire_words};
use serde::{Deserialize, Serialize};

wire_words! {
    /// Where an execution stands.
    ///
    /// ```
    /// use pyexec_types::Status;
    ///
    /// let known: Status = serde_json::from_str(r#""running""#)?;
    /// assert!(!known.is_terminal());
    /// let newer: Status = serde_json::from_str(r#""paused""#)?;
    /// assert_eq!(newer, Status::Unknown("paused".into()));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    Status {
        /// Accepted, waiting for a free slot.
        Pending = "pending",
        /// Under way.
        Running = "running",
        /// The script ended by itself, whatever its exit code.
        Completed = "completed",
        /// The service could not run it to its end: a timeout, out of memory, an internal error.
        Failed = "failed",
        /// Stopped by a user.
        Killed = "killed",
    }
}

impl Status {
    /// Whether the execution is over for good. An unknown status counts as still under way.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Killed)
    }
}

/// The answer to `POST /api/v1/exec/async`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Submitted {
    /// The execution to ask for later.
    pub execution_id: ExecutionId,
}

/// The answer to `DELETE /api/v1/executions/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KillResponse {
    /// `killed`, or the status that the execution had already reached.
    pub status: Status,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_and_writes_as_itself() {
        for word in ["pending", "running", "completed", "failed", "killed", "paused"] {
            let json = format!("\"{word}\"");
            let status: Status = serde_json::from_str(&json).unwrap();
            assert_eq!(status.as_str(), word);
            assert_eq!(matches!(status, Status::Unknown(_)), word == "paused");
            assert_eq!(serde_json::to_string(&status).unwrap(), json);
        }
    }

    #[test]
    fn only_the_three_ends_are_terminal() {
        let ends = ["pending", "running", "completed", "failed", "killed", "paused"]
            .map(|word| Status::from(word).is_terminal());
        assert_eq!(ends, [false, false, true, true, true, false]);
    }

    #[test]
    fn submitted_and_kill_response_match_the_wire() {
        let submitted: Submitted = serde_json::from_str(
            r#"{"execution_id":"exe_9e5221ab-cb3a-4ffa-bba9-3654bce5a979","later":[]}"#,
        )
        .unwrap();
        assert_eq!(submitted.execution_id.as_str(), "exe_9e5221ab-cb3a-4ffa-bba9-3654bce5a979");
        assert_eq!(
            serde_json::to_string(&submitted).unwrap(),
            r#"{"execution_id":"exe_9e5221ab-cb3a-4ffa-bba9-3654bce5a979"}"#
        );
        let killed: KillResponse = serde_json::from_str(r#"{"status":"killed"}"#).unwrap();
        assert_eq!(killed.status, Status::Killed);
        assert_eq!(serde_json::to_string(&killed).unwrap(), r#"{"status":"killed"}"#);
    }
}
