//! What `run` and `submit` send.

use crate::{
    args::{RunArgs, Verbosity},
    console,
    failure::Failure,
    input::{self, Stdin},
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
    verbosity: Verbosity,
}

impl Submission {
    /// Reads all that the command line names.
    ///
    /// # Errors
    ///
    /// Where something of it is missing or can't be sent.
    pub(super) fn resolve(args: RunArgs, verbosity: Verbosity) -> Result<Self, Failure> {
        let env_vars = variables::resolve(&args.env, |name| env::var_os(name))?;
        let requirements_txt = match &args.requirements {
            None => String::new(),
            Some(path) => fs::read_to_string(path).map_err(|error| {
                Failure::ours(format!("can't read {}", path.display())).because(&error)
            })?,
        };
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
        let metadata = Metadata {
            docker_image: args.image.unwrap_or_default(),
            requirements_txt,
            config: args.limits.config(),
            env_vars,
            script_args: args.script_args,
            ..Metadata::new(project.entrypoint)
        };
        Ok(Self { archive: project.archive, metadata, verbosity })
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
    pub(super) fn adapt(&mut self, client: &Client) -> Result<(), Error> {
        if self.metadata.requirements_txt.trim().is_empty() || self.said_of_network().is_some() {
            return Ok(());
        }
        let installs = match client.health() {
            Ok(health) => health.offers("packages"),
            Err(error @ Error::Transport(_)) => return Err(error),
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
