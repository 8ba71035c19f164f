//! The body of every error answer.

use crate::lenient;
use serde::{Deserialize, Serialize};

/// The body of every error answer: `{"error":"<message>"}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// What went wrong, for a person.
    pub error: String,
    /// The same as a stable word for a program (*ext*).
    #[serde(default, deserialize_with = "lenient::zero", skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_wire_with_and_without_a_code() {
        for json in [
            r#"{"error":"execution not found"}"#,
            r#"{"error":"execution not found","code":"not_found"}"#,
        ] {
            let body: ErrorBody = serde_json::from_str(json).unwrap();
            assert_eq!(body.error, "execution not found");
            assert_eq!(serde_json::to_string(&body).unwrap(), json);
        }
        let body: ErrorBody = serde_json::from_str(r#"{"error":"x","code":null,"y":0}"#).unwrap();
        assert_eq!(body, ErrorBody { error: "x".into(), code: None });
        let empty: ErrorBody = serde_json::from_str(r#"{"error":"x","code":""}"#).unwrap();
        assert_eq!(empty.code, None);
    }

    #[test]
    fn a_body_without_a_message_is_no_error_body() {
        assert!(serde_json::from_str::<ErrorBody>("{}").is_err());
    }
}
