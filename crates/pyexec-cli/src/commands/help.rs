//! `pyexec help`: a command or a topic explained.

use crate::{
    args::{self, HelpArgs},
    console, exit_code,
    failure::Failure,
    help::Topic,
    settings::nearest,
};
use clap::Command;

/// Prints what there is to say.
pub(super) fn help(args: &HelpArgs) -> Result<u8, Failure> {
    let topic = match args.about.as_slice() {
        [name] => Topic::of(name),
        _ => None,
    };
    if let Some(topic) = topic {
        console::print(topic.text().as_bytes())?;
        return Ok(exit_code::SUCCESS);
    }
    let mut wanted = args::definition();
    // So that the commands below know their full names.
    wanted.build();
    for name in &args.about {
        wanted = match wanted.find_subcommand(name) {
            Some(below) => below.clone(),
            None => return Err(unknown(&wanted, name)),
        };
    }
    wanted.print_help().map_err(|error| console::cannot_print(&error))?;
    Ok(exit_code::SUCCESS)
}

fn unknown(command: &Command, name: &str) -> Failure {
    let commands = command.get_subcommands().filter(|below| !below.is_hide_set());
    let commands = commands.map(Command::get_name);
    let failure = Failure::usage(format!("no command and no topic is called `{name}`"));
    match nearest(name, commands.chain(Topic::ALL.map(|(name, _)| name))) {
        Some(name) => failure.hint(format!("did you mean `{name}`?")),
        None => failure.hint("`pyexec help` lists all"),
    }
}
