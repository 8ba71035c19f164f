//! What this machine offers to sandboxes, what it lacks, and what to do about that.

mod limits;
mod machine;
mod network;
mod probe;
mod pythons;

use crate::{IsolationLevel, SandboxOptions};
use probe::Probe;
use serde::{Serialize, Serializer};
use std::time::Duration;

/// What this machine offers to sandboxes, found out by making one and running Python in it.
///
/// ```no_run
/// use pyexec_sandbox::{Diagnosis, SandboxOptions};
///
/// let diagnosis = Diagnosis::of(&SandboxOptions::default());
/// for finding in &diagnosis.findings {
///     println!("{}: {}", finding.subject, finding.text);
/// }
/// assert!(diagnosis.is_well());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// How executions would be isolated with these options; `None` where they would be refused.
    #[serde(serialize_with = "named")]
    pub level: Option<IsolationLevel>,
    /// Every finding; the same subjects come in the same order every time.
    pub findings: Vec<Finding>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// How it stands.
    pub standing: Standing,
    /// What was looked at.
    pub subject: String,
    /// What was found.
    pub text: String,
    /// What to do about it, where there is something to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// How long it took, where that says something.
    #[serde(rename = "took_ms", serialize_with = "in_ms", skip_serializing_if = "Option::is_none")]
    pub took: Option<Duration>,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// As well as it can.
    Ok,
    /// It works, and could be better.
    Warn,
    /// Executions are refused, or fail.
    Fail,
}

impl Diagnosis {
    /// Looks at everything, which takes a second or so: with these options, isolation is tried out,
    /// and every interpreter runs a line of Python in both ways.
    pub fn of(options: &SandboxOptions) -> Self {
        let probe = Probe::start(options);
        let mut findings = vec![
            machine::kernel(),
            machine::seccomp(),
            machine::user_namespaces(probe.works()),
            probe.finding.clone(),
            limits::finding(options.cgroup.as_deref()),
        ];
        findings.extend(network::findings(&options.network));
        findings.extend(probe.attaches());
        findings.extend(options.interpreters.iter().flat_map(|interpreter| {
            let of_probe = probe.runs(interpreter.version());
            [pythons::finding(interpreter)].into_iter().chain(of_probe)
        }));
        Self { level: probe.level, findings }
    }

    /// Whether isolation is full and nothing failed.
    pub fn is_well(&self) -> bool {
        let failed = |finding: &Finding| finding.standing == Standing::Fail;
        self.level == Some(IsolationLevel::Full) && !self.findings.iter().any(failed)
    }
}

impl Finding {
    fn new(standing: Standing, subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { standing, subject: subject.into(), text: text.into(), hint: None, took: None }
    }

    fn ok(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(Standing::Ok, subject, text)
    }

    fn warn(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(Standing::Warn, subject, text)
    }

    fn fail(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(Standing::Fail, subject, text)
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    fn took(self, took: Duration) -> Self {
        Self { took: Some(took), ..self }
    }
}

fn named<S: Serializer>(level: &Option<IsolationLevel>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(level.map_or("refused", IsolationLevel::as_str))
}

fn in_ms<S: Serializer>(took: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    took.map(|took| took.as_millis() as u64).serialize(serializer)
}
