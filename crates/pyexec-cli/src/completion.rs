//! What shells ask while a command line is typed.

mod ids;

use crate::{
    args::{self, Shell},
    exit_code,
    failure::Failure,
    help::Topic,
    settings::Profiles,
};
use clap::{Arg, Command, ValueHint};
use clap_complete::{
    engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate},
    env::{Bash, EnvCompleter, Fish, Shells, Zsh},
};
use std::{
    env,
    ffi::{OsStr, OsString},
    io::Write as _,
};

/// What the scripts of shells set when they ask.
const VARIABLE: &str = "PYEXEC_COMPLETE";
const SHELLS: Shells<'_> = Shells(&[&Bash, &Zsh, &Fish]);

/// The script that a shell loads to have command lines completed.
///
/// # Errors
///
/// Never, as it is written to memory.
pub(crate) fn script(shell: Shell) -> Result<Vec<u8>, Failure> {
    let completer: &dyn EnvCompleter = match shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
    };
    let mut script = Vec::new();
    completer
        .write_registration(VARIABLE, "pyexec", "pyexec", "pyexec", &mut script)
        .map_err(|error| Failure::ours("cannot write the script").because(&error))?;
    Ok(script)
}

/// Answers a shell's question, where this process is one. Nobody could read an error in the middle
/// of a line, so that there is just no answer.
pub(crate) fn answer() -> Option<u8> {
    let shell = env::var_os(VARIABLE).filter(|shell| !shell.is_empty())?;
    let words = env::args_os().skip_while(|word| word != "--").skip(1).collect();
    let answered = complete(&shell, words).is_some();
    Some(if answered { exit_code::SUCCESS } else { exit_code::FAILURE })
}

fn complete(shell: &OsStr, words: Vec<OsString>) -> Option<()> {
    let completer = SHELLS.completer(shell.to_str()?)?;
    let mut command = taught(args::definition(), &words);
    let mut answer = Vec::new();
    let folder = env::current_dir().ok();
    completer.write_complete(&mut command, words, folder.as_deref(), &mut answer).ok()?;
    std::io::stdout().write_all(&answer).ok()
}

/// The definition, and what only the whole line and the server can tell.
fn taught(command: Command, words: &[OsString]) -> Command {
    let is_kill = command.get_name() == "kill";
    let words: Vec<_> = words.to_vec();
    let command = command.mut_args(|arg| learn(arg, is_kill, &words));
    command.mut_subcommands(|below| taught(below, &words))
}

fn learn(arg: Arg, is_kill: bool, words: &[OsString]) -> Arg {
    match arg.get_id().as_str() {
        "id" | "ids" => {
            let words = words.to_vec();
            arg.add(ArgValueCompleter::new(move |current: &OsStr| {
                ids::matching(current, &words, is_kill)
            }))
        }
        "profile" => arg.add(ArgValueCandidates::new(profiles)),
        "about" => arg.add(ArgValueCandidates::new(subjects)),
        "script_args" => arg.value_hint(ValueHint::AnyPath),
        _ => arg,
    }
}

/// What `pyexec help` explains.
fn subjects() -> Vec<CompletionCandidate> {
    let definition = args::definition();
    let commands = definition.get_subcommands().filter(|command| !command.is_hide_set());
    let commands = commands.map(|command| {
        CompletionCandidate::new(command.get_name()).help(command.get_about().cloned())
    });
    commands.chain(Topic::ALL.map(|(name, _)| CompletionCandidate::new(name))).collect()
}

fn profiles() -> Vec<CompletionCandidate> {
    let profiles = Profiles::read(&|name| env::var_os(name)).unwrap_or_default();
    // The name is inserted as it is, and a shell would read it.
    let names = profiles.by_name.into_keys().filter(|name| ids::is_plain(name));
    names.map(CompletionCandidate::new).collect()
}
