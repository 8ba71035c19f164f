//! One thing that was looked at.

use crate::failure::Failure;
use serde::Serialize;
use std::{fmt::Write, time::Duration};

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) standing: Standing,
    pub(super) subject: String,
    pub(super) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) took_ms: Option<u128>,
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Standing {
    Ok,
    Warn,
    Fail,
}

impl Finding {
    pub(super) fn new(
        standing: Standing,
        subject: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self { standing, subject: subject.into(), text: text.into(), hint: None, took_ms: None }
    }

    pub(super) fn ok(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(Standing::Ok, subject, text)
    }

    pub(super) fn warn(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(Standing::Warn, subject, text)
    }

    pub(super) fn fail(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(Standing::Fail, subject, text)
    }

    /// What would end another command.
    pub(super) fn failure(subject: impl Into<String>, failure: Failure) -> Self {
        let (text, hint) = failure.told();
        Self { hint, ..Self::fail(subject, text) }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(super) fn took(self, took: Duration) -> Self {
        Self { took_ms: Some(took.as_millis()), ..self }
    }

    pub(super) fn is_failure(&self) -> bool {
        self.standing == Standing::Fail
    }

    /// The same for people.
    pub(super) fn lines(&self) -> String {
        let standing = match self.standing {
            Standing::Ok => "ok  ",
            Standing::Warn => "warn",
            Standing::Fail => "FAIL",
        };
        let mut lines = format!("{standing} {}: {}", self.subject, self.text);
        // Writing to a string never fails.
        if let Some(took) = self.took_ms {
            let _ = write!(lines, " ({took} ms)");
        }
        lines.push('\n');
        if let Some(hint) = &self.hint {
            let _ = writeln!(lines, "     hint: {hint}");
        }
        lines
    }
}
