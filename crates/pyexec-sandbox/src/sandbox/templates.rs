//! Of what a job can get a copy, and how far those are.

use super::Sandbox;
use crate::{Job, Preload, PythonVersion, SandboxError, ZygoteState};

/// How much memory a script has at least beside what was imported beforehand.
const FREE: u64 = 32 << 20;

impl Sandbox {
    /// How a job of an interpreter's version would start now: from a zygote's copy, which has to
    /// be ready, or strictly. The text says why it can't be a copy.
    ///
    /// # Errors
    /// [`SandboxError::UnknownVersion`].
    pub fn zygote(&self, version: PythonVersion) -> Result<ZygoteState, SandboxError> {
        self.interpreter(version)?;
        Ok(self.index(version).map_or(ZygoteState::Absent, |number| self.state_of(number)))
    }

    /// What was to be imported beforehand, and how far that is. Where it failed, which the text
    /// says why, jobs import for themselves; it isn't tried again before there is another launcher.
    pub fn preloads(&self) -> impl Iterator<Item = (&Preload, ZygoteState)> {
        let state = |nth| self.state_of(self.setup.number_of_imports(nth));
        self.preloads.iter().enumerate().map(move |(nth, preload)| (preload, state(nth)))
    }

    fn state_of(&self, template: usize) -> ZygoteState {
        if self.setup.strict {
            return ZygoteState::Off;
        }
        match self.keeper_now().zygote(template) {
            None => ZygoteState::Absent,
            Some(Ok(_)) => ZygoteState::Ready,
            Some(Err(reason)) => ZygoteState::Failed(reason),
        }
    }

    /// The template, by number, that suits a job best: one that has imported modules of the very
    /// environment that it has.
    pub(super) fn template(&self, job: &Job) -> Option<usize> {
        let suits = |preload: &Preload| {
            preload.version == job.version && Some(&preload.environment) == job.environment.as_ref()
        };
        let imports = self.preloads.iter().position(suits);
        let number = imports.map(|nth| self.setup.number_of_imports(nth));
        // What it has imported counts as the script's own memory, whether it uses that or not.
        let room = (job.limits.memory_mb << 20).saturating_sub(FREE);
        let fits = |number: &usize| match self.keeper_now().zygote(*number) {
            Some(Ok(holds)) => holds <= room,
            // One that failed may come back for this; one that wasn't there yet is on its way.
            Some(Err(_)) => true,
            None => false,
        };
        number.filter(fits).or_else(|| self.index(job.version))
    }

    fn index(&self, version: PythonVersion) -> Option<usize> {
        self.interpreters().iter().position(|interpreter| interpreter.version() == version)
    }
}
