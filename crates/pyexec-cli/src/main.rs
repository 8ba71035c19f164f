//! `pyexec`: runs Python code in a sandbox, on this machine or on a python-executor server.
//!
//! A command line goes through four rooms: `args` parses it, the command's own module resolves it
//! into a request that can be carried out, a `backend` is connected, and `report` shows what came
//! of it. Standard output belongs to the program that runs; our own words go to standard error.
#![forbid(unsafe_code)]

mod ago;
mod args;
mod backend;
mod commands;
mod completion;
mod console;
mod custody;
mod excerpt;
mod exit_code;
mod failure;
mod help;
mod input;
mod interrupt;
mod local;
mod program_input;
mod progress;
#[cfg(all(test, feature = "local", target_os = "linux"))]
mod reference;
mod report;
mod requirements;
#[cfg(all(feature = "local", target_os = "linux"))]
mod serve;
mod settings;
mod table;
mod upload;
mod variables;
mod watch;

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(exit_code) = completion::answer() {
        return ExitCode::from(exit_code);
    }
    let as_json = args::wants_json();
    let exit_code = args::parse().and_then(commands::run);
    ExitCode::from(exit_code.unwrap_or_else(|failure| failure.report(as_json)))
}
