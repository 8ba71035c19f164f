//! The name of an execution.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of an execution: `exe_` and a UUID from a server, but any text on the wire.
///
/// ```
/// use pyexec_types::ExecutionId;
///
/// let id = ExecutionId::from("exe_550e8400-e29b-41d4-a716-446655440000");
/// assert_eq!(id.to_string(), id.as_str());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = "exe_550e8400-e29b-41d4-a716-446655440000"))]
pub struct ExecutionId(String);

impl ExecutionId {
    /// The id as it stands on the wire. It may hold any character: encode it before it goes into
    /// a URL's path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for ExecutionId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl From<&str> for ExecutionId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl AsRef<str> for ExecutionId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
