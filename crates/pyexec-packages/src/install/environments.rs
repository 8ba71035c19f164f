//! A folder of environments: made once, found again, shared between processes.

mod address;
mod build;
mod cache;
mod eviction;
mod failures;
mod opening;
mod request;
mod resolutions;
mod shelf;

pub use eviction::{Listed, Prune, Pruned};
pub use opening::{EnvironmentsOptions, Opened};
pub use request::{InstallRequest, Phase};

use crate::install::{
    Environment, InstallError, InstallFailure, Installer, InstallerOptions, Python,
    answers::Answers, file_lock::FileLock, installer::Resolution, patience::Patience,
};
use address::Origin;
use failures::Failures;
use shelf::{Found, Shelf};
use std::{
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

/// Locks of what is being made.
const LOCKS: &str = "locks";

/// A folder of environments.
///
/// Each is made once, however many ask for it at the same time, in this process or others that
/// have the same folder open; it is complete or not there. What isn't in use goes when room is
/// needed. All methods block, and may be called from any number of threads.
///
/// ```no_run
/// use pyexec_packages::{Environments, EnvironmentsOptions, InstallRequest, InstallerOptions};
///
/// let environments = Environments::open("/var/lib/pyexec/environments", EnvironmentsOptions::new())?;
/// let installer = environments.installer("/usr/bin/python3.12", &InstallerOptions::new())?;
///
/// let requirements = ["colorama>=0.4".to_owned()];
/// let request = InstallRequest::new(&installer, &requirements);
/// let environment = environments.obtain(&request, &mut |phase| eprintln!("{phase:?}"))?;
/// println!("{}", environment.path().display());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Environments {
    store: PathBuf,
    options: EnvironmentsOptions,
    shelf: Shelf,
    failures: Failures,
    answers: Answers,
    opened: Opened,
    /// How many installers run.
    running: AtomicU64,
    /// Set while environments in use take more than there shall be.
    crowded: AtomicBool,
}

impl Environments {
    /// The environment for these requirements: as it is where it is there, else made now.
    ///
    /// Where it is there this takes well under a millisecond, but for the first time after
    /// [`open`](Self::open), when every byte of it is checked, unless
    /// [checks are trusted](EnvironmentsOptions::trust_checks). `told` hears of what takes longer.
    ///
    /// # Errors
    ///
    /// [`InstallError`], of which nothing is kept.
    pub fn obtain(
        &self,
        request: &InstallRequest<'_>,
        told: &mut dyn FnMut(Phase),
    ) -> Result<Environment, InstallError> {
        let patience = request.patience();
        if let Some(line) = request.requirements.iter().find(|line| !is_plain(line)) {
            return Err(InstallFailure::InvalidRequirement { line: line.clone() }.into());
        }
        if self.crowded.load(Ordering::Relaxed) {
            // What can't be evicted now may be later.
            let _ = self.evict(Some(self.options.bytes), false);
        }
        let origin = Origin::of(request, &self.options.shown_at);
        let resolution = self.resolution(&origin, request, &patience, told)?;
        if let Some(allowed) = request.allowed {
            let denied = resolution.packages().iter().find(|package| !allowed(package.name()));
            if let Some(package) = denied {
                let package = package.name().to_owned();
                return Err(InstallFailure::NotAllowed { package }.into());
            }
        }
        let address = origin.environment(&resolution);
        let take = || self.shelf.take(&address, resolution.packages(), &patience);
        if let Found::Whole(environment) = take()? {
            return Ok(environment);
        }
        let making = |patience: &Patience, told: &mut dyn FnMut(Phase)| {
            match take()? {
                Found::Whole(environment) => return Ok(environment),
                Found::Damaged(reason) => {
                    told(Phase::Rebuilding { reason });
                    let io = InstallFailure::storage("can't remove a damaged environment");
                    self.shelf.remove(&address).map_err(io)?;
                }
                Found::Nothing => {}
            }
            let (built, log) = self.build(request, &resolution, &address, patience, told);
            built.map_err(|failure| InstallError::new(failure, log.clone()))?;
            match take()? {
                Found::Whole(environment) => Ok(environment.logged(log.text().to_owned())),
                // Evicted by somebody with less room, between two calls.
                _ => Err(InstallFailure::Failed { reason: "it was evicted at once".into() }.into()),
            }
        };
        let environment = self.once(&address, &patience, told, making)?;
        // What is too much is so until there is more room; it doesn't concern this one.
        let _ = self.evict(Some(self.options.bytes), false);
        Ok(environment)
    }

    /// What the requirements lead to.
    fn resolution(
        &self,
        origin: &Origin,
        request: &InstallRequest<'_>,
        patience: &Patience,
        told: &mut dyn FnMut(Phase),
    ) -> Result<Resolution, InstallError> {
        if request.requirements.is_empty() {
            return Ok(Resolution::new(Vec::new()));
        }
        let name = origin.resolution(request.requirements);
        // Without the network an old answer is better than none.
        let at_most = (!request.offline).then_some(self.options.resolutions_for);
        let recall = || resolutions::recall(&self.store, &name, at_most);
        if let Some(resolution) = recall() {
            return Ok(resolution);
        }
        self.once(&name, patience, told, |patience, told| {
            if let Some(resolution) = recall() {
                return Ok(resolution);
            }
            told(Phase::Resolving);
            let (resolved, log) = self.resolve(request, patience);
            let resolution = resolved.map_err(|failure| InstallError::new(failure, log))?;
            let io = InstallFailure::storage("can't remember what requirements lead to");
            resolutions::remember(&self.store, &name, &resolution).map_err(io)?;
            Ok(resolution)
        })
    }

    /// Does something under a lock of this name. Who waited for somebody who failed gets their
    /// failure.
    fn once<T>(
        &self,
        name: &str,
        patience: &Patience,
        told: &mut dyn FnMut(Phase),
        what: impl FnOnce(&Patience, &mut dyn FnMut(Phase)) -> Result<T, InstallError>,
    ) -> Result<T, InstallError> {
        let path = self.store.join(LOCKS).join(name);
        let lock = FileLock::exclusive(&path, patience, &mut || told(Phase::Waiting))?;
        let done = match self.failures.during(name, patience.since()) {
            Some(error) => Err(error),
            None => what(patience, told),
        };
        if let Err(error) = &done {
            self.failures.tell(name, error);
        }
        // Those who wait for it find that it is gone, and lock the next one.
        let _ = lock.delete();
        done
    }

    fn set_crowded(&self, crowded: bool) {
        self.crowded.store(crowded, Ordering::Relaxed);
    }

    /// The installer for the interpreter at `python`, as [`Python::probe`] and [`Installer::find`]
    /// have it. What these programs said is remembered here for a day, as long as they stay the
    /// same: then neither is started.
    ///
    /// # Errors
    ///
    /// As theirs.
    pub fn installer(
        &self,
        python: impl AsRef<Path>,
        options: &InstallerOptions,
    ) -> Result<Installer, InstallError> {
        let python = Python::recall(python.as_ref(), &self.answers)?;
        Installer::recall(options, &python, &self.answers)
    }

    /// What was found when the folder was opened.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }
}

/// Whether a line is one that the parser of requirements lets through. The installers would take
/// more: options, paths, addresses, other files, variables.
fn is_plain(line: &str) -> bool {
    let refused = ["://", "@", "${", "#", "\\"];
    line.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !line.contains(char::is_control)
        && !refused.iter().any(|part| line.contains(part))
}

/// For [`Environments::open`].
fn private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn only_plain_lines_reach_an_installer() {
        for line in ["six", "six>=1,<2", "a[b,c]==1.0 ; python_version < '3.11'", "3to2"] {
            assert!(is_plain(line), "{line}");
        }
        for line in [
            "",
            "-r x",
            "--index-url=x",
            " six",
            "six\n-r x",
            "six\0",
            "./x",
            "/x",
            "x @ file:///x",
            "https://h/x.whl",
            "six # x",
            "six \\",
            "six==${HOME}",
        ] {
            assert!(!is_plain(line), "{line:?}");
        }
    }
}
