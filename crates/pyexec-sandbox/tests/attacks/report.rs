//! What came of the attacks: a line for each, a table, JSON.

use crate::{Family, case::Case, ground::Ground};
use pyexec_sandbox::Start;
use serde::{Deserialize, Serialize};
use std::{
    fmt::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::Mutex,
    time::Instant,
};

/// How the word of a case begins that couldn't be run here.
pub(crate) const SKIPPED: &str = "skipped: ";

/// What came of one attack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) family: String,
    pub(crate) name: String,
    /// What holds it.
    pub(crate) layer: String,
    /// `zygote` or `strict`.
    pub(crate) mode: String,
    /// `root` or `user`.
    pub(crate) user: String,
    pub(crate) passed: bool,
    /// Passed, but not held on this level, as the documentation says.
    #[serde(default)]
    pub(crate) gap: Option<String>,
    /// What it found, where it failed, or why it was skipped.
    #[serde(default)]
    pub(crate) detail: Option<String>,
    pub(crate) ms: u64,
}

pub(crate) fn user() -> &'static str {
    if crate::hosts::is_root() { "root" } else { "user" }
}

impl Verdict {
    /// Runs a case.
    pub(crate) fn of(family: &str, case: &Case, ground: &Ground) -> Self {
        let before = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| case.run(ground)))
            .unwrap_or_else(|_| Err("it panicked".into()));
        let gap = case.gap.filter(|(name, _)| ground.lacks(name)).map(|(_, why)| why.to_owned());
        let mode = if ground.start == Start::Zygote { "zygote" } else { "strict" };
        let is_skipped = result.as_ref().is_err_and(|why| why.starts_with(SKIPPED));
        let passed = result.is_ok() || gap.is_some() || is_skipped;
        let gap = gap.filter(|_| result.is_err() && !is_skipped);
        let mut verdict = Self::new(family, case.name, case.layer, mode, result);
        (verdict.passed, verdict.gap) = (passed, gap);
        verdict.ms = before.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        verdict
    }

    pub(crate) fn new(
        family: &str,
        name: &str,
        layer: &str,
        mode: &str,
        result: Result<(), String>,
    ) -> Self {
        let (family, name) = (family.to_owned(), name.to_owned());
        let (layer, mode, user) = (layer.to_owned(), mode.to_owned(), user().to_owned());
        let passed = result.is_ok();
        let detail = result.err();
        Self { family, name, layer, mode, user, passed, gap: None, detail, ms: 0 }
    }

    fn line(&self) -> String {
        let Self { family, name, mode, user, ms, .. } = self;
        let word = match (self.passed, &self.gap, &self.detail) {
            (true, None, None) if family == "layers" => "succeeds without it",
            (false, ..) => "FAILED",
            (true, Some(_), _) => "not held on this level",
            (true, None, Some(_)) => "skipped",
            (true, None, None) => "held",
        };
        let mut line = format!("{family}::{name} ({mode}, {user}, {ms} ms) ... {word}");
        if let Some(why) = self.gap.as_ref().or(self.detail.as_ref()) {
            let _ = write!(line, ": {why}");
        }
        line
    }
}

/// Collects verdicts, and says each at once.
pub(crate) struct Report {
    as_json: bool,
    verdicts: Mutex<Vec<Verdict>>,
}

impl Report {
    pub(crate) fn new(as_json: bool) -> Self {
        Self { as_json, verdicts: Mutex::default() }
    }

    pub(crate) fn add(&self, verdict: Verdict) {
        if self.as_json {
            println!("{}", serde_json::to_string(&verdict).unwrap());
        } else {
            println!("{}", verdict.line());
        }
        self.verdicts.lock().unwrap().push(verdict);
    }

    /// The sum, and whether all is well.
    pub(crate) fn finish(self, is_inner: bool) -> ExitCode {
        let verdicts = self.verdicts.into_inner().unwrap();
        let failed: Vec<_> = verdicts.iter().filter(|verdict| !verdict.passed).collect();
        if !is_inner && !self.as_json {
            let gaps = verdicts.iter().filter(|verdict| verdict.gap.is_some()).count();
            println!("\n{} attacks, {gaps} not held on their level", verdicts.len());
            failed.iter().for_each(|verdict| println!("{}", verdict.line()));
        }
        // One of these that another started has told it what failed.
        if failed.is_empty() || is_inner { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// The table of `docs/security.md`.
pub(crate) fn table(families: &[Family]) -> String {
    let mut text = "| family | it tries | held by | it gets |\n|---|---|---|---|\n".to_owned();
    for (family, cases) in families {
        for Case { name, layer, gets, gap, .. } in cases {
            let name = name.replace('_', " ");
            let gap = gap.map_or(String::new(), |(_, why)| format!("; {why}"));
            let _ = writeln!(text, "| {family} | {name} | {layer} | {gets}{gap} |");
        }
    }
    text
}

/// `cargo xtask attacks --bless` writes it there.
pub(crate) fn docs_are_in_step(families: &[Family]) -> Verdict {
    let docs = include_str!("../../../../docs/security.md");
    let result = if docs.contains(&table(families)) {
        Ok(())
    } else {
        Err("docs/security.md has another table: cargo xtask attacks --bless".into())
    };
    Verdict::new("documentation", "the_table_is_in_step", "-", "-", result)
}
