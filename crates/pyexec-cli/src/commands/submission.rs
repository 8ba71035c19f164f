//! What `run` and `submit` send.

use crate::{
    args::{RunArgs, Verbosity},
    backend::{self, Place},
    console,
    failure::Failure,
    input::{self, Stdin},
    program_input::{self, InputSource},
    requirements::Requirements,
    variables,
};
use pyexec_blocking::{
    Archive, Client, Error,
    archive::LeftOutReason,
    types::{ExecutionConfig, Health, Metadata},
};
use std::env;

/// A project with everything that accompanies it.
#[derive(Debug)]
pub(super) struct Submission {
    pub(super) archive: Archive,
    pub(super) metadata: Metadata,
    /// Of the program's input.
    pub(super) stdin_bytes: usize,
    pub(super) verbosity: Verbosity,
    /// What is said of packages, where it may choose the Python version.
    requirements: Option<Requirements>,
}

impl Submission {
    /// Reads all that the command line names.
    ///
    /// # Errors
    ///
    /// Where something of it is missing or can't be sent.
    pub(super) fn resolve(args: RunArgs, verbosity: Verbosity) -> Result<Self, Failure> {
        let env_vars = variables::resolve(&args.env, |name| env::var_os(name))?;
        let has_python = args.python.is_some() || args.image.is_some();
        let image = image(args.python, args.image)?;
        let mut requirements = Requirements::of_flags(args.requirements.as_deref(), &args.with)?;
        let is_code = args.files.is_empty()
            && args.input.as_ref().is_none_or(|input| input.as_os_str() == "-");
        let source = InputSource::of(args.interactive, args.stdin, is_code)?;
        let project =
            input::resolve(args.input.as_deref(), &args.files, args.entrypoint, Stdin::ours())?;
        if !args.no_requirements {
            let directory = project.directory.as_deref().filter(|_| args.requirements.is_none());
            let script = project.script.text()?;
            requirements = requirements.of_project(directory, script.as_deref())?;
        }
        if verbosity == Verbosity::Verbose {
            for place in &requirements.found_in {
                console::note(verbosity, &format!("note: installs what {place} names"));
            }
        }
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
            requirements_txt: std::mem::take(&mut requirements.text),
            auto_install: args.auto_install,
            config: args.limits.config(),
            env_vars,
            script_args: args.script_args,
            ..Metadata::new(project.entrypoint)
        };
        let input = source.read()?;
        let stdin_bytes = input.len();
        (metadata.stdin, metadata.stdin_base64) = program_input::encode(input);
        let requirements = Some(requirements).filter(|_| !has_python);
        Ok(Self { archive: project.archive, metadata, stdin_bytes, verbosity, requirements })
    }

    /// Whether the program was given the network.
    pub(super) fn has_network(&self) -> bool {
        self.said_of_network() == Some(false)
    }

    /// Chooses the Python version that the script requires, and turns the network on where nothing
    /// was said of it and the server can't install the requirements without it.
    ///
    /// # Errors
    ///
    /// Where the server isn't there, or has no such Python.
    pub(super) fn adapt(&mut self, client: &Client, place: &Place) -> Result<(), Failure> {
        let is_local = matches!(place, Place::Local);
        let of_network = !is_local
            && !self.metadata.requirements_txt.trim().is_empty()
            && self.said_of_network().is_none();
        let requirements = self.requirements.as_ref().filter(|it| it.wants_python());
        if !of_network && requirements.is_none() {
            return Ok(());
        }
        let health = match client.health() {
            Ok(health) => health,
            Err(error @ Error::Transport(_)) => return Err(backend::explain(error, true)),
            // An older server than that.
            Err(_) => Health::default(),
        };
        if let Some(requirements) = requirements
            && let Some(python) = requirements.python(&health.python_versions)?
        {
            self.metadata.docker_image = of_python(&python);
        }
        if of_network && !health.offers("packages") {
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

fn of_python(version: &str) -> String {
    format!("python:{version}-slim")
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
        true => Ok(of_python(&python)),
        false => Err(Failure::usage(format!("--python {python}: not a Python version"))
            .hint("for example --python 3.12")),
    }
}
