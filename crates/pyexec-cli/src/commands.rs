//! What each command does.

mod config;
mod doctor;
#[cfg(all(feature = "local", target_os = "linux"))]
mod env;
mod eval;
mod follow;
mod help;
mod kill;
#[cfg(all(feature = "local", target_os = "linux"))]
mod local;
mod plan;
mod ps;
mod run;
mod status;
mod submission;
mod submit;

use crate::{args::Command, completion, console, exit_code, failure::Failure};

/// Carries a command out; returns what to exit with.
///
/// # Errors
///
/// Where there is no result.
pub(crate) fn run(command: Command) -> Result<u8, Failure> {
    match command {
        Command::Run(args) | Command::Submit(args) if args.dry_run => plan::plan(args),
        Command::Run(args) if args.asynchronous => submit::submit(args),
        Command::Run(args) => run::run(args),
        Command::Submit(args) => submit::submit(args),
        Command::Follow(args) => follow::follow(args),
        Command::Kill(args) => kill::kill(args),
        Command::Ps(args) => ps::ps(args),
        Command::Status(args) => status::status(args),
        Command::Eval(args) => eval::eval(args),
        #[cfg(all(feature = "local", target_os = "linux"))]
        Command::Serve(args) => crate::serve::serve(*args),
        #[cfg(all(feature = "local", target_os = "linux"))]
        Command::Local(args) => local::local(args),
        #[cfg(all(feature = "local", target_os = "linux"))]
        Command::Env(args) => env::env(args),
        Command::Doctor(args) => doctor::doctor(args),
        Command::Config(args) => config::config(args),
        Command::Completions(args) => {
            console::print(&completion::script(args.shell)?)?;
            Ok(exit_code::SUCCESS)
        }
        Command::Help(args) => help::help(&args),
        Command::Version => {
            console::print_line(concat!("pyexec ", env!("CARGO_PKG_VERSION")))?;
            Ok(exit_code::SUCCESS)
        }
    }
}
