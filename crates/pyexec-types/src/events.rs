//! The data of server-sent events (*ext*). `event: result` carries an
//! [`ExecutionResult`](crate::ExecutionResult) without output.

use crate::{Status, lenient};
use serde::{Deserialize, Serialize};

/// The data of `event: status` (*ext*).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusChange {
    /// Where the execution stands now.
    pub status: Status,
    /// How many executions run before it, while it is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_position: Option<u64>,
    /// What is being done for it while it is pending, as [`ExecutionResult::phase`] says.
    ///
    /// [`ExecutionResult::phase`]: crate::ExecutionResult::phase
    #[serde(default, deserialize_with = "lenient::zero", skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
}

/// The data of `event: stdout` and `event: stderr` (*ext*).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutputChunk {
    /// Bytes of this stream that came before.
    #[serde(default, deserialize_with = "lenient::null")]
    pub offset: u64,
    /// The bytes, in base64.
    #[serde(default, deserialize_with = "lenient::null")]
    pub data: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_match_the_wire() {
        let json = r#"{"status":"pending","queue_position":0}"#;
        let change: StatusChange = serde_json::from_str(json).unwrap();
        assert_eq!(change.queue_position, Some(0), "position 0 is the head of the queue");
        assert_eq!(serde_json::to_string(&change).unwrap(), json);
        let json = r#"{"status":"pending","phase":"installing"}"#;
        let change: StatusChange = serde_json::from_str(json).unwrap();
        assert_eq!(change.phase.as_deref(), Some("installing"));
        assert_eq!(serde_json::to_string(&change).unwrap(), json);
        let running: StatusChange = serde_json::from_str(r#"{"status":"running","x":1}"#).unwrap();
        assert_eq!(running.queue_position, None);

        let json = r#"{"offset":3,"data":"aGkK"}"#;
        let chunk: OutputChunk = serde_json::from_str(json).unwrap();
        assert_eq!(chunk, OutputChunk { offset: 3, data: "aGkK".into() });
        assert_eq!(serde_json::to_string(&chunk).unwrap(), json);
        let chunk: OutputChunk = serde_json::from_str(r#"{"data":null}"#).unwrap();
        assert_eq!(chunk, OutputChunk::default());
    }
}
