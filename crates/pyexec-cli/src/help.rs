//! What the program says of itself beyond its flags: examples of every command, and topics.

mod environment;
mod examples;
mod topics;

pub(crate) use topics::Topic;

use clap::{Command, builder::StyledStr};
use std::fmt::Write;

/// Adds the examples to every command, and the topics to the first.
pub(crate) fn explain(command: Command) -> Command {
    let command = with(command, &format!("{}\n\n{}", examples::of_all(), topics::OVERVIEW), true);
    examples::EXAMPLES.iter().fold(command, |command, (path, examples)| {
        inside(command, path, &|command| with(command, &format!("Examples:\n{examples}"), false))
    })
}

/// Changes one command below another.
fn inside(command: Command, path: &str, change: &dyn Fn(Command) -> Command) -> Command {
    let (name, rest) = path.split_once(' ').unwrap_or((path, ""));
    // A command that this build doesn't have.
    if command.find_subcommand(name).is_none() {
        return command;
    }
    command.mut_subcommand(name, |below| match rest {
        "" => change(below),
        rest => inside(below, rest, change),
    })
}

/// Puts a text before or behind what already stands at the end of the help.
fn with(command: Command, text: &str, before: bool) -> Command {
    let already = command.get_after_help().map(StyledStr::to_string).unwrap_or_default();
    let (first, last) = if before { (text, already.as_str()) } else { (already.as_str(), text) };
    let mut whole = first.to_owned();
    if !first.is_empty() && !last.is_empty() {
        whole.push_str("\n\n");
    }
    // Writing to a string never fails.
    let _ = write!(whole, "{last}");
    command.after_help(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args;

    /// Every command that does something, as `pyexec` knows it.
    fn commands(command: &Command, path: &str) -> Vec<String> {
        let below: Vec<_> =
            command.get_subcommands().filter(|below| !below.is_hide_set()).collect();
        if below.is_empty() {
            return vec![path.to_owned()];
        }
        let path = |below: &Command| format!("{path} {}", below.get_name()).trim().to_owned();
        below.into_iter().flat_map(|below| commands(below, &path(below))).collect()
    }

    #[test]
    fn every_command_has_examples() {
        let commands = commands(&args::definition(), "");
        for path in &commands {
            let examples = examples::EXAMPLES.iter().find(|(of, _)| of == path);
            let (_, examples) = examples.unwrap_or_else(|| panic!("{path} has none"));
            let count = examples.matches("pyexec ").count();
            assert!(count >= 2, "{path} has {count}");
        }
        let unknown = examples::EXAMPLES.iter().find(|(of, _)| !commands.iter().any(|c| c == of));
        let is_left_out = !cfg!(all(feature = "local", target_os = "linux"));
        assert!(unknown.is_none() || is_left_out, "{unknown:?}");
    }
}
