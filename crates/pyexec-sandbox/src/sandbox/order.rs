//! What a job may be, and what it comes to for PID 1.

use super::Sandbox;
use crate::{
    Job, RunAs, SandboxError, Start, launcher,
    message::{LimitsBy, Order, Program},
    network::Network,
    start,
};

const MIB: u64 = 1 << 20;

/// Descriptors of a copy have numbers from here on, beyond a script's own.
const COPYS_FIRST: u64 = 2040;

impl Sandbox {
    /// A copy runs only what a new interpreter would run in the same way.
    pub(super) fn start_of(&self, job: &Job) -> Start {
        let strict = self.setup.strict
            || job.limits.open_files > COPYS_FIRST
            || job.start == Start::Strict
            || (job.network && self.setup.network == Network::Host)
            || !job.pre_commands.is_empty()
            || job.env.iter().any(|pair| start::is_read_at_start(pair));
        if strict { Start::Strict } else { Start::Zygote }
    }

    pub(super) fn check(&self, job: &Job) -> Result<(), SandboxError> {
        let invalid = |text: &str| Err(SandboxError::InvalidJob(text.to_owned()));
        let interpreter = self.interpreter(job.version)?;
        if job.environment.is_some() && interpreter.packages().is_none() {
            let version = job.version;
            return invalid(&format!(
                "Python {version} can't have packages here: its installation has no folder for \
                 them, site-packages"
            ));
        }
        let words = || {
            let lists = [&job.args, &job.env, &job.pre_commands];
            lists.into_iter().flatten().chain([&job.entrypoint])
        };
        if words().any(|word| word.contains('\0')) {
            return invalid("an argument, variable, command or path holds a NUL character");
        }
        if job.env.iter().any(|pair| pair.split_once('=').is_none_or(|(key, _)| key.is_empty())) {
            return invalid("an environment variable isn't of the form KEY=value");
        }
        if job.network && self.setup.network == Network::None {
            return invalid("this sandbox offers no network");
        }
        let most = 1 << 32;
        if job.limits.memory_mb > most || job.limits.disk_mb > most || job.limits.processes > most {
            return invalid("a limit is beyond any machine");
        }
        if job.limits.cpu_percent.is_some_and(|percent| percent == 0 || percent > most) {
            return invalid("the limit on processor time is out of range");
        }
        if job.limits.open_files < 32 || job.limits.memory_mb == 0 || job.limits.disk_mb == 0 {
            return invalid("a limit is too low to run anything");
        }
        Ok(())
    }

    pub(super) fn order(&self, job: &Job, limits_by: LimitsBy) -> Result<Order, SandboxError> {
        let interpreter = self.interpreter(job.version)?;
        let limits = &job.limits;
        let packages = job.environment.as_ref().and_then(|_| interpreter.packages());
        let pasta = job.network && matches!(self.setup.network, Network::Pasta(_));
        Ok(Order {
            program: match job.run_as {
                RunAs::Script => Program::Script,
                RunAs::Eval => Program::Eval,
            },
            may_be_warm: false,
            version: interpreter.version().to_string(),
            interpreter: interpreter.executable().display().to_string(),
            bin: launcher::root::bin(interpreter).display().to_string(),
            entrypoint: job.entrypoint.clone(),
            args: job.args.clone(),
            env: job.env.clone(),
            pre_commands: job.pre_commands.clone(),
            packages: packages.map(|folder| folder.display().to_string()),
            memory_bytes: limits.memory_mb * MIB,
            disk_bytes: limits.disk_mb * MIB,
            inodes: limits.inodes,
            // pasta and its minder count as processes of the same user.
            processes: limits.processes + if pasta { 2 } else { 0 },
            open_files: limits.open_files,
            processors: Vec::new(),
            network: job.network,
            rlimits_only: limits_by == LimitsBy::Rlimits,
        })
    }
}
