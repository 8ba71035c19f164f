//! The command line, parsed and not yet understood.

#[cfg(all(feature = "local", target_os = "linux"))]
mod capacity;
mod completions;
mod config;
#[cfg(all(feature = "local", target_os = "linux"))]
mod config_file;
mod connection;
mod doctor;
#[cfg(all(feature = "local", target_os = "linux"))]
mod doors;
#[cfg(all(feature = "local", target_os = "linux"))]
mod effective;
#[cfg(all(feature = "local", target_os = "linux"))]
mod env;
mod eval;
mod execution;
mod help;
mod kill;
mod limits;
#[cfg(all(feature = "local", target_os = "linux"))]
mod local;
mod output;
#[cfg(all(feature = "local", target_os = "linux"))]
mod packages;
mod ps;
mod run;
#[cfg(all(feature = "local", target_os = "linux"))]
mod serve;
#[cfg(all(feature = "local", target_os = "linux"))]
mod setting;

pub(crate) use completions::{CompletionsArgs, Shell};
pub(crate) use config::{ConfigArgs, ConfigCommand, ConfigShowArgs};
pub(crate) use connection::ConnectionArgs;
pub(crate) use doctor::DoctorArgs;
#[cfg(all(feature = "local", target_os = "linux"))]
pub(crate) use env::{EnvArgs, EnvCommand};
pub(crate) use eval::EvalArgs;
pub(crate) use execution::ExecutionArgs;
pub(crate) use help::HelpArgs;
pub(crate) use kill::KillArgs;
pub(crate) use limits::LimitArgs;
#[cfg(all(feature = "local", target_os = "linux"))]
pub(crate) use local::{LocalArgs, LocalCommand};
pub(crate) use output::{OutputArgs, Verbosity};
#[cfg(all(feature = "local", target_os = "linux"))]
pub(crate) use packages::{Detection, PackageArgs};
pub(crate) use ps::{PsArgs, StatusArgs};
pub(crate) use run::RunArgs;
#[cfg(all(feature = "local", target_os = "linux"))]
pub(crate) use serve::{LogFormat, Network, NetworkMode, ServeArgs};

use crate::{
    exit_code,
    failure::Failure,
    help as explanation,
    settings::{Lookup, nearest},
};
use clap::{
    ArgMatches, Args, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
};
use std::{ffi::OsString, path::Path};

/// Runs Python code in a sandbox: on this machine, or on a python-executor server.
#[derive(Debug, Parser)]
#[command(
    name = "pyexec",
    version,
    after_help = exit_code::HELP,
    // Ours knows topics too.
    disable_help_subcommand = true,
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    before: Before,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a project and print what it prints
    Run(RunArgs),
    /// Hand a project to a server and print the execution's id
    Submit(RunArgs),
    /// Show what an execution wrote and writes, until its end
    Follow(ExecutionArgs),
    /// End executions and print the status of each
    Kill(KillArgs),
    /// List executions, the newest first
    Ps(PsArgs),
    /// Say where an execution stands
    Status(StatusArgs),
    /// Evaluate code and print the value of its last expression
    Eval(EvalArgs),
    /// Serve executions to others over HTTP
    #[cfg(all(feature = "local", target_os = "linux"))]
    Serve(Box<ServeArgs>),
    /// Look at this user's own server, which `submit` and `ps` start, or end it
    #[cfg(all(feature = "local", target_os = "linux"))]
    Local(LocalArgs),
    /// Packages that are kept on this machine for executions here: list, remove or add some
    #[cfg(all(feature = "local", target_os = "linux"))]
    Env(EnvArgs),
    /// Say what is in order and what isn't: isolation, interpreters, disk, configuration, server
    Doctor(DoctorArgs),
    /// Print what is decided by variables and profiles
    Config(ConfigArgs),
    /// Print a script that has a shell complete command lines
    Completions(CompletionsArgs),
    /// Print the version
    Version,
    /// Explain a command or a topic
    Help(HelpArgs),
}

/// Flags that may also stand before the command.
#[derive(Debug, Args)]
struct Before {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Image to run in: `python:3.11-slim` chooses the Python version
    #[arg(long)]
    image: Option<String>,
    /// Submit only, and print the execution's id
    #[arg(long = "async", id = "async", visible_alias = "detach")]
    asynchronous: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    limits: LimitArgs,
}

/// Reads the command line and what it doesn't say, or ends the process with help or with what is
/// wrong on it.
///
/// # Errors
///
/// Where variables or a configuration file make no sense.
pub(crate) fn parse() -> Result<Command, Failure> {
    let colour = wanted_colour();
    colour.write_global();
    let command = definition().color(match colour {
        anstream::ColorChoice::Always | anstream::ColorChoice::AlwaysAnsi => ColorChoice::Always,
        anstream::ColorChoice::Never => ColorChoice::Never,
        anstream::ColorChoice::Auto => ColorChoice::Auto,
    });
    let matches = command.clone().try_get_matches().map_err(refuse)?;
    #[cfg(all(feature = "local", target_os = "linux"))]
    if matches.subcommand_name() == Some("serve") {
        return serve::parse(command, matches);
    }
    let mut wanted = understand(command, &matches).map_err(refuse)?;
    wanted.settle(&|name| std::env::var_os(name))?;
    Ok(wanted)
}

/// Whether the command line asks for JSON, also one that makes no sense.
pub(crate) fn wants_json() -> bool {
    ours().any(|arg| arg == "--json")
}

/// When there is colour; it has to be known before anything is said.
fn wanted_colour() -> anstream::ColorChoice {
    let mut args = ours();
    let mut wanted = anstream::ColorChoice::Auto;
    while let Some(arg) = args.next() {
        let arg = arg.to_string_lossy();
        let when = match (arg.strip_prefix("--color="), &*arg) {
            (Some(when), _) => when.to_owned(),
            (None, "--color") => args.next().unwrap_or_default().to_string_lossy().into_owned(),
            (None, _) => continue,
        };
        wanted = match &*when {
            "always" => anstream::ColorChoice::Always,
            "never" => anstream::ColorChoice::Never,
            // Anything else is an error that is still to be said.
            _ => anstream::ColorChoice::Auto,
        };
    }
    wanted
}

/// The arguments that are for us and not for the program.
fn ours() -> impl Iterator<Item = OsString> {
    std::env::args_os().skip(1).take_while(|arg| arg != "--")
}

/// Ends the process with the parser's words, or gives them for JSON.
fn misuse(error: &clap::Error) -> Failure {
    if !error.use_stderr() || !wants_json() {
        error.exit();
    }
    let text = error.to_string();
    let mut paragraphs = text.trim_start_matches("error: ").split("\n\n");
    let message = paragraphs.next().unwrap_or_default().trim();
    let failure = Failure::usage(message);
    let tip = paragraphs.find_map(|text| text.trim().strip_prefix("tip: "));
    let tip = tip.and_then(|tips| tips.lines().next());
    match tip {
        Some(tip) => failure.hint(tip),
        None => failure,
    }
}

/// All commands and flags, and what is said of them.
pub(crate) fn definition() -> clap::Command {
    let command = explanation::explain(Cli::command());
    #[cfg(all(feature = "local", target_os = "linux"))]
    let command = command.mut_subcommand("serve", |serve| serve.mut_args(heed_unless_empty));
    command
}

/// An empty variable is none: whoever composes environments can't leave one out.
#[cfg(all(feature = "local", target_os = "linux"))]
fn heed_unless_empty(arg: clap::Arg) -> clap::Arg {
    let value = arg.get_env().and_then(std::env::var_os);
    if value.is_some_and(|value| value.is_empty()) {
        arg.env(clap::builder::Resettable::Reset)
    } else {
        arg
    }
}

/// Ends the process, unless something better can be said than the parser knows.
fn refuse(mut error: clap::Error) -> Failure {
    let value = |kind| error.get(kind).map(ToString::to_string);
    if value(ContextKind::InvalidArg).is_some_and(|argument| argument == "--token") {
        return no_token_by_flag();
    }
    if let Some(surplus) = value(ContextKind::InvalidArg)
        && error.kind() == ErrorKind::UnknownArgument
        && !surplus.starts_with('-')
        && ours().any(|arg| arg == "run" || arg == "submit")
    {
        return one_input(&surplus);
    }
    if let Some(word) = value(ContextKind::InvalidSubcommand) {
        if Path::new(&word).exists() {
            return Failure::usage(format!("{word} is no command"))
                .hint(format!("to run it: pyexec run {word}"));
        }
        let definition = definition();
        let commands = definition.get_subcommands().map(clap::Command::get_name);
        if let (Some(name), None) =
            (nearest(&word, commands), value(ContextKind::SuggestedSubcommand))
        {
            let suggestion = ContextValue::Strings(vec![name.to_owned()]);
            error.insert(ContextKind::SuggestedSubcommand, suggestion);
        }
    }
    misuse(&error)
}

/// More than one thing to run.
fn one_input(surplus: &str) -> Failure {
    Failure::usage(format!("there is one INPUT already, and {surplus} is another")).hint(format!(
        "several files: --file A --file B; a file of a directory: DIR --entrypoint NAME; arguments \
         of the program: INPUT -- {surplus}"
    ))
}

fn no_token_by_flag() -> Failure {
    Failure::usage(
        "there is no --token: everyone on this machine can see the arguments of programs",
    )
    .hint("set PYEXEC_TOKEN, or write the token into a file: --token-file FILE")
}

fn understand(mut command: clap::Command, matches: &ArgMatches) -> Result<Command, clap::Error> {
    refuse_misplaced(&mut command, matches)?;
    let Cli { command: mut wanted, before } =
        Cli::from_arg_matches(matches).map_err(|error| error.format(&mut command))?;
    wanted.adopt(before);
    Ok(wanted)
}

/// A flag before a command that has no such flag is a mistake.
fn refuse_misplaced(command: &mut clap::Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    let mut wanted = &*command;
    let mut inner = matches;
    let mut name = String::new();
    while let Some((next, matches)) = inner.subcommand() {
        let Some(subcommand) = wanted.find_subcommand(next) else { break };
        (wanted, inner) = (subcommand, matches);
        name = name + " " + next;
    }
    let applies = |id: &clap::Id| wanted.get_arguments().any(|arg| arg.get_id() == id);
    let given = |id: &clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
    let misplaced = command
        .get_arguments()
        .find(|arg| given(arg.get_id()) && !applies(arg.get_id()))
        .and_then(clap::Arg::get_long)
        .map(|flag| match wanted.get_arguments().any(|arg| arg.get_long() == Some(flag)) {
            // Its own, of another meaning.
            true => format!("--{flag} belongs behind `pyexec{name}`"),
            false => format!("--{flag} does not apply to `pyexec{name}`"),
        });
    match misplaced {
        Some(message) => Err(command.error(ErrorKind::ArgumentConflict, message)),
        None => Ok(()),
    }
}

impl Command {
    /// Takes over what stood before the command.
    fn adopt(&mut self, before: Before) {
        match self {
            Self::Run(args) | Self::Submit(args) => {
                args.connection.adopt(before.connection);
                args.limits.adopt(before.limits);
                args.output.adopt(before.output);
                args.image = args.image.take().or(before.image);
                args.asynchronous |= before.asynchronous;
            }
            Self::Follow(args) => {
                args.connection.adopt(before.connection);
                args.output.adopt(before.output);
            }
            Self::Kill(args) => {
                args.connection.adopt(before.connection);
                args.output.adopt(before.output);
            }
            Self::Ps(args) => {
                args.connection.adopt(before.connection);
                args.quiet |= before.output.quiet;
                args.json |= before.output.json;
            }
            Self::Status(args) => {
                args.connection.adopt(before.connection);
                args.json |= before.output.json;
            }
            Self::Eval(args) => {
                args.connection.adopt(before.connection);
                args.limits.adopt(before.limits);
                args.output.adopt(before.output);
            }
            #[cfg(all(feature = "local", target_os = "linux"))]
            Self::Serve(_) => {}
            #[cfg(all(feature = "local", target_os = "linux"))]
            Self::Local(LocalArgs { command: LocalCommand::Status { json } }) => {
                *json |= before.output.json;
            }
            #[cfg(all(feature = "local", target_os = "linux"))]
            Self::Env(EnvArgs { command: EnvCommand::Ls { json } }) => *json |= before.output.json,
            #[cfg(all(feature = "local", target_os = "linux"))]
            Self::Local(_) | Self::Env(_) => {}
            Self::Doctor(args) => {
                args.connection.adopt(before.connection);
                args.json |= before.output.json;
            }
            Self::Config(ConfigArgs { wanted: ConfigCommand::Show(args) }) => {
                args.connection.adopt(before.connection);
                args.json |= before.output.json;
            }
            Self::Config(_) | Self::Completions(_) | Self::Version | Self::Help(_) => {}
        }
    }

    /// Adds what variables and the profile say where no flag does.
    fn settle(&mut self, lookup: Lookup<'_>) -> Result<(), Failure> {
        match self {
            Self::Run(args) | Self::Submit(args) => {
                let profile = args.connection.settle(lookup)?.profile;
                args.limits.adopt(LimitArgs::of(&profile));
                if args.python.is_none() && args.image.is_none() {
                    args.image = profile.image;
                    args.python = profile.python.filter(|_| args.image.is_none());
                }
            }
            Self::Follow(args) => {
                args.connection.settle(lookup)?;
            }
            Self::Kill(args) => {
                args.connection.settle(lookup)?;
            }
            Self::Ps(args) => {
                args.connection.settle(lookup)?;
            }
            Self::Status(args) => {
                args.connection.settle(lookup)?;
            }
            Self::Eval(args) => {
                let profile = args.connection.settle(lookup)?.profile;
                args.limits.adopt(LimitArgs::of(&profile));
                args.python = args.python.take().or(profile.python);
            }
            Self::Config(ConfigArgs { wanted: ConfigCommand::Show(args) }) => {
                args.connection.settle(lookup)?;
            }
            #[cfg(all(feature = "local", target_os = "linux"))]
            Self::Serve(_) | Self::Local(_) | Self::Env(_) => {}
            // What makes no sense is a finding to it.
            Self::Doctor(_) => {}
            Self::Config(_) | Self::Completions(_) | Self::Version | Self::Help(_) => {}
        }
        Ok(())
    }
}

/// What a command line means, without a configuration file.
#[cfg(all(test, feature = "local", target_os = "linux"))]
pub(crate) fn of_line(line: &str) -> Command {
    let command = definition();
    let matches = command.clone().get_matches_from(line.split(' '));
    understand(command, &matches).unwrap_or_else(|error| panic!("{error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        let command = definition();
        let matches = command
            .clone()
            .try_get_matches_from(line.split(' '))
            .map_err(|error| error.to_string())?;
        understand(command, &matches).map_err(|error| error.to_string())
    }

    #[test]
    fn the_definition_is_sound() {
        definition().debug_assert();
    }

    #[test]
    fn flags_before_the_command_count_and_those_after_it_win() {
        let line = "pyexec --timeout 5 --memory 64 -q --image a run --timeout 7 main.py -- -x";
        let Ok(Command::Run(args)) = parsed(line) else { panic!("not run") };
        assert_eq!((args.limits.timeout, args.limits.memory), (Some(7), Some(64)));
        assert!(args.output.quiet && args.image.as_deref() == Some("a"));
        assert_eq!(args.script_args, ["-x"]);
    }

    /// Where it was taken for one of the command's own and forgotten, words would be printed.
    #[test]
    fn json_may_stand_before_every_command_that_has_it() {
        let definition = definition();
        for command in definition.get_subcommands() {
            let name = command.get_name();
            if !command.get_arguments().any(|arg| arg.get_long() == Some("json")) {
                continue;
            }
            let id = if ["follow", "kill", "status"].contains(&name) { " exe_1" } else { "" };
            let told = format!("{:?}", parsed(&format!("pyexec --json {name}{id}")).unwrap());
            assert!(told.contains("json: true"), "{told}");
        }
    }

    #[test]
    fn what_does_not_apply_is_refused() {
        for line in [
            "pyexec --image a kill exe_1",
            "pyexec kill --image a exe_1",
            "pyexec --timeout 5 follow exe_1",
            "pyexec --async eval 1",
            "pyexec -v version",
            "pyexec --server http://h serve",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
        let error = parsed("pyexec --image a kill exe_1").unwrap_err();
        assert!(error.starts_with("error: --image does not apply to `pyexec kill`"), "{error}");
    }

    #[test]
    fn the_network_has_three_states() {
        for (line, said) in [
            ("pyexec run", None),
            ("pyexec run --network", Some(true)),
            ("pyexec run --network=false", Some(false)),
            ("pyexec --network run x.py", Some(true)),
        ] {
            let Ok(Command::Run(args)) = parsed(line) else { panic!("{line}") };
            assert_eq!(args.limits.network, said, "{line}");
        }
    }
}
