//! What `run` and `submit` send.

use crate::{
    args::{RunArgs, Verbosity},
    backend::{self, Place},
    console,
    failure::Failure,
    input::{self, Stdin},
    program_input::{self, InputSource},
    variables,
};
use pyexec_blocking::{
    Archive, Client, Error,
    archive::LeftOutReason,
    types::{ExecutionConfig, Metadata},
};
use std::{env, fs};

/// A project with everything that accompanies it.
#[derive(Debug)]
pub(super) struct Submission {
    pub(super) archive: Archive,
    pub(super) metadata: Metadata,
    /// Of the program's input.
    pub(super) stdin_bytes: usize,
    pub(super) verbosity: Verbosity,
}

impl Submission {
    /// Reads all that the command line names.
    ///
    /// # Errors
    ///
    /// Where something of it is missing or can't be sent.
    pub(super) fn resolve(args: RunArgs, verbosity: Verbosity) -> Result<Self, Failure> {
        let env_vars = variables::resolve(&args.env, |name| env::var_os(name))?;
        let image = image(args.python, args.image)?;
        let requirements_txt = match &args.requirements {
            None => String::new(),
            Some(path) => fs::read_to_string(path).map_err(|error| {
                Failure::ours(format!("can't read {}", path.display())).because(&error)
            })?,
        };
        let is_code = args.files.is_empty()
            && args.input.as_ref().is_none_or(|input| input.as_os_str() == "-");
        let source = InputSource::of(args.interactive, args.stdin, is_code)?;
        let project =
            input::resolve(args.input.as_deref(), &args.files, args.entrypoint, Stdin::ours())?;
        if let (Some(input), false) = (&args.input, args.files.is_empty()) {
            let note = format!("note: {} isn't sent, as --file is given", input.display());
            console::note(verbosity, &note);
        }
        for left_out in project.archive.report().left_out {
            // What the project's own rules leave out is no surprise.
            let is_expected = *left_out.reason() != LeftOutReason::Special;
            if !is_expected || verbosity == Verbosity::Verbose {
                console::note(verbosity, &format!("note: not sent: {left_out}"));
            }
        }
        let mut metadata = Metadata {
            docker_image: image,
            requirements_txt,
            config: args.limits.config(),
            env_vars,
            script_args: args.script_args,
            ..Metadata::new(project.entrypoint)
        };
        let input = source.read()?;
        let stdin_bytes = input.len();
        (metadata.stdin, metadata.stdin_base64) = program_input::encode(input);
        Ok(Self { archive: project.archive, metadata, stdin_bytes, verbosity })
    }

    /// Whether the program was given the network.
    pub(super) fn has_network(&self) -> bool {
        self.said_of_network() == Some(false)
    }

    /// Turns the network on where nothing was said of it and the server can't install the
    /// requirements without it.
    ///
    /// # Errors
    ///
    /// Where the server isn't there.
    pub(super) fn adapt(&mut self, client: &Client, place: &Place) -> Result<(), Failure> {
        if matches!(place, Place::Local) {
            return Ok(());
        }
        if self.metadata.requirements_txt.trim().is_empty() || self.said_of_network().is_some() {
            return Ok(());
        }
        let installs = match client.health() {
            Ok(health) => health.offers("packages"),
            Err(error @ Error::Transport(_)) => return Err(backend::explain(error, true)),
            // An older server than that.
            Err(_) => false,
        };
        if !installs {
            let config = self.metadata.config.get_or_insert_with(ExecutionConfig::default);
            config.network_disabled = Some(false);
            let note = "note: --requirements turns the network on; --network=false keeps it off";
            console::note(self.verbosity, note);
        }
        Ok(())
    }

    fn said_of_network(&self) -> Option<bool> {
        self.metadata.config.and_then(|config| config.network_disabled)
    }
}

/// The image that gives a Python version, where one was asked for.
fn image(python: Option<String>, image: Option<String>) -> Result<String, Failure> {
    let Some(python) = python else { return Ok(image.unwrap_or_default()) };
    if image.is_some() {
        let message = "--python and --image both choose the Python version: give one of them";
        return Err(Failure::usage(message));
    }
    let is_version = python.split('.').count() == 2
        && python.split('.').all(|part| {
            !part.is_empty() && part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit())
        });
    match is_version {
        true => Ok(format!("python:{python}-slim")),
        false => Err(Failure::usage(format!("--python {python}: not a Python version"))
            .hint("for example --python 3.12")),
    }
}
