//! Executions, a page at a time (*ext*).

use crate::{ExecutionResult, lenient};
use serde::{Deserialize, Serialize};

/// The answer to `GET /api/v1/executions` (*ext*): the caller's executions, without their output.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExecutionList {
    /// The executions of this page.
    #[serde(default, deserialize_with = "lenient::null")]
    pub executions: Vec<ExecutionResult>,
    /// Cursor of the next page; none on the last one.
    #[serde(default, deserialize_with = "lenient::zero", skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_wire() {
        let json = r#"{"executions":[{"execution_id":"exe_1","status":"running","exit_code":0}],"next":"abc"}"#;
        let list: ExecutionList = serde_json::from_str(json).unwrap();
        assert_eq!(list.executions[0].execution_id.as_str(), "exe_1");
        assert_eq!(serde_json::to_string(&list).unwrap(), json);
        for json in ["{}", r#"{"executions":null,"next":null,"x":1}"#, r#"{"next":""}"#] {
            let list: ExecutionList = serde_json::from_str(json).unwrap();
            assert_eq!(list, ExecutionList::default(), "{json}");
        }
    }
}
