//! `--dry-run`: what would be sent, and what would not.

use super::submission::Submission;
use crate::{
    args::{RunArgs, Verbosity},
    console, exit_code,
    failure::Failure,
    report,
};
use pyexec_blocking::archive::Entry;
use serde::Serialize;
use std::fmt::Write;

/// What would be sent. `--json` prints this.
#[derive(Serialize)]
struct Plan<'a> {
    entrypoint: &'a str,
    entries: Vec<Item<'a>>,
    files: usize,
    /// Of the files.
    bytes: u64,
    /// Of the archive, as it would be sent.
    upload_bytes: u64,
    left_out: Vec<LeftOut>,
    script_args: &'a [String],
    /// Names only: values may be secrets.
    env: Vec<&'a str>,
    stdin_bytes: usize,
    image: Option<&'a str>,
    requirements: bool,
    server: &'a str,
}

#[derive(Serialize)]
struct Item<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    bytes: u64,
}

#[derive(Serialize)]
struct LeftOut {
    path: String,
    reason: String,
}

impl<'a> Plan<'a> {
    fn of(submission: &'a Submission, server: &'a str) -> Self {
        let (archive, metadata) = (&submission.archive, &submission.metadata);
        let report = archive.report();
        let name = |pair: &'a String| pair.split('=').next().unwrap_or_default();
        Self {
            entrypoint: &metadata.entrypoint,
            entries: archive.entries().map(item).collect(),
            files: report.files,
            bytes: report.bytes,
            upload_bytes: archive.size(),
            left_out: report.left_out.iter().map(left_out).collect(),
            script_args: &metadata.script_args,
            env: metadata.env_vars.iter().map(name).collect(),
            stdin_bytes: submission.stdin_bytes,
            image: Some(metadata.docker_image.as_str()).filter(|image| !image.is_empty()),
            requirements: !metadata.requirements_txt.trim().is_empty(),
            server,
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string never fails.
        let _ = writeln!(text, "Server: {}", self.server);
        let _ = writeln!(text, "Entrypoint: {}", self.entrypoint);
        for (what, values) in [
            (
                "Arguments",
                self.script_args.iter().map(|arg| format!("{arg:?}")).collect::<Vec<_>>(),
            ),
            ("Variables", self.env.iter().map(ToString::to_string).collect()),
            ("Image", self.image.iter().map(ToString::to_string).collect()),
        ] {
            if !values.is_empty() {
                let _ = writeln!(text, "{what}: {}", values.join(" "));
            }
        }
        if self.stdin_bytes > 0 {
            let _ = writeln!(text, "Input: {} bytes", self.stdin_bytes);
        }
        let _ = writeln!(
            text,
            "Files: {}, {} bytes; {} bytes to upload",
            self.files, self.bytes, self.upload_bytes
        );
        for item in &self.entries {
            let _ = match item.kind {
                "file" => writeln!(text, "{:>12} {}", item.bytes, shown(item.name)),
                kind => writeln!(text, "{kind:>12} {}", shown(item.name)),
            };
        }
        if !self.left_out.is_empty() {
            let _ = writeln!(text, "Not sent:");
        }
        for LeftOut { path, reason } in &self.left_out {
            let _ = writeln!(text, "{:>12} {} ({reason})", "", shown(path));
        }
        text
    }
}

fn item(entry: &Entry) -> Item<'_> {
    let kind = match (entry.is_file(), entry.is_directory()) {
        (true, _) => "file",
        (_, true) => "directory",
        _ => "link",
    };
    Item { name: entry.name(), kind, bytes: entry.size() }
}

fn left_out(left_out: &pyexec_blocking::archive::LeftOut) -> LeftOut {
    let slash = if left_out.is_directory() { "/" } else { "" };
    let path = format!("{}{slash}", left_out.path().display());
    LeftOut { path, reason: left_out.reason().to_string() }
}

/// A name without what would do something to a terminal.
fn shown(name: &str) -> String {
    let escaped = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    name.chars().map(escaped).collect()
}

/// Lists what would be sent.
pub(super) fn plan(mut args: RunArgs) -> Result<u8, Failure> {
    let verbosity = args.output.verbosity()?;
    let remote = std::mem::take(&mut args.connection).remote()?;
    let submission = Submission::resolve(args, verbosity)?;
    let server = remote.map_or_else(|| "local".to_owned(), |remote| remote.url);
    let plan = Plan::of(&submission, &server);
    match verbosity {
        Verbosity::Json => report::print(&plan)?,
        _ => console::print(plan.text().as_bytes())?,
    }
    Ok(exit_code::SUCCESS)
}
