//! Ids of executions, as the server that the line means knows them.

use crate::{
    args,
    local::Background,
    settings::{Connection, Profiles},
};
use clap::ArgMatches;
use clap_complete::engine::CompletionCandidate;
use pyexec_blocking::{
    Client, ListExecutions, RetryPolicy,
    types::{ExecutionResult, Status},
};
use std::{
    env,
    ffi::{OsStr, OsString},
    path::PathBuf,
    time::Duration,
};

/// Somebody waits at the keyboard.
const PATIENCE: Duration = Duration::from_secs(1);
/// More wouldn't help to choose.
const MOST: u32 = 50;

/// Those that begin so; to `kill`, only what isn't over yet.
pub(super) fn matching(
    current: &OsStr,
    words: &[OsString],
    is_kill: bool,
) -> Vec<CompletionCandidate> {
    let (Some(current), Some(client)) = (current.to_str(), client(words)) else {
        return Vec::new();
    };
    let list = ListExecutions::new().limit(MOST);
    let Ok(page) = client.list_executions(&list) else { return Vec::new() };
    let wanted = |execution: &&ExecutionResult| {
        execution.execution_id.as_str().starts_with(current)
            && (!is_kill || matches!(execution.status, Status::Pending | Status::Running))
    };
    page.executions.iter().filter(wanted).filter_map(candidate).collect()
}

/// A shell inserts what it gets into the line and shows the rest, so that nothing of a server may
/// be more than words.
fn candidate(execution: &ExecutionResult) -> Option<CompletionCandidate> {
    let id = execution.execution_id.as_str();
    let status = execution.status.as_str();
    let candidate = CompletionCandidate::new(id);
    let is_known = is_plain(status);
    is_plain(id).then(|| candidate.help(is_known.then(|| status.to_owned().into())))
}

/// Whether no shell and no terminal reads anything into it.
pub(super) fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    !text.is_empty() && !text.starts_with('-') && text.bytes().all(plain)
}

/// A client of the server that the line means, which asks once and not for long.
fn client(words: &[OsString]) -> Option<Client> {
    let lookup = |name: &str| env::var_os(name);
    // The line isn't complete yet.
    let matches = args::definition().ignore_errors(true).try_get_matches_from(words).ok()?;
    let server = said::<String>(&matches, "server");
    let token_file = said::<PathBuf>(&matches, "client_token_file");
    let profile = said::<String>(&matches, "profile");
    let chosen = Profiles::read(&lookup).ok()?.choose(profile.as_deref(), &lookup).ok()?;
    let connection =
        Connection::decide(server.as_deref(), token_file.as_deref(), &chosen, &lookup).ok()?;
    let Some(remote) = connection.remote().ok()? else {
        // One that isn't there knows no ids either.
        return Background::find().ok()??.client("pyexec").ok();
    };
    let builder = Client::builder(&remote.url).timeout(PATIENCE).retry(RetryPolicy::never());
    let builder = match &remote.token {
        Some(token) => builder.bearer_token(token),
        None => builder,
    };
    builder.build().ok()
}

/// What the line says behind the command, else before it.
fn said<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, id: &str) -> Option<T> {
    let below = matches.subcommand().and_then(|(_, below)| said(below, id));
    below.or_else(|| matches.try_get_one(id).ok().flatten().cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_shell_would_read() {
        for text in ["exe_0f-1", "default", "a.b"] {
            assert!(is_plain(text), "{text}");
        }
        for text in ["", "-x", "a b", "$(x)", "`x`", "a;b", "a'b", "\u{1b}[31m", "a\nb", "é", "a:b"]
        {
            assert!(!is_plain(text), "{text}");
        }
    }

    #[test]
    fn the_word_behind_the_command_wins() {
        let words = ["pyexec", "-s", "http://a", "kill", "-s", "http://b", "exe_"];
        let matches = args::definition().ignore_errors(true).try_get_matches_from(words).unwrap();
        assert_eq!(said::<String>(&matches, "server").unwrap(), "http://b");
        let words = ["pyexec", "-s", "http://a", "kill", ""];
        let matches = args::definition().ignore_errors(true).try_get_matches_from(words).unwrap();
        assert_eq!(said::<String>(&matches, "server").unwrap(), "http://a");
    }
}
