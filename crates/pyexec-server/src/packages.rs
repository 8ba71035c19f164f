//! Packages that executions need: where they come from, and the environments that hold them.

mod imports;
mod needs;
mod options;
mod preloads;

pub(crate) use imports::ARE_FOUND as DETECTS_IMPORTS;
pub(crate) use needs::{Named, Needs};
pub use options::{PackageInstaller, PackageOptions};

use crate::Submission;
use pyexec_packages::{
    Environment, Environments, EnvironmentsOptions, InstallError, InstallFailure, InstallRequest,
    Installer, Phase, Policy,
};
use pyexec_sandbox::{self as sandbox, PythonVersion};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{Semaphore, mpsc};

/// Requests for packages that are looked after at the same time; each has a thread.
const MOST_AT_ONCE: usize = 64;

/// Installs what executions need, and finds again what was installed.
#[derive(Debug)]
pub(crate) struct PackageSource {
    options: PackageOptions,
    policy: Policy,
    pythons: HashMap<PythonVersion, PathBuf>,
    /// Opened when packages are first needed: most servers that live for a second never do.
    environments: OnceLock<Environments>,
    installers: Mutex<HashMap<PythonVersion, Arc<Installer>>>,
    places: Semaphore,
    /// Those that are imported beforehand.
    held: Vec<Packages>,
}

/// Packages that are there for as long as this is.
#[derive(Debug)]
pub(crate) struct Packages {
    attachable: sandbox::Environment,
    /// Nobody evicts it meanwhile.
    _held: Environment,
}

impl Packages {
    /// What a sandbox attaches.
    pub(crate) fn environment(&self) -> sandbox::Environment {
        self.attachable.clone()
    }
}

impl PackageSource {
    /// What these options say, for these interpreters.
    pub(crate) fn new(
        options: PackageOptions,
        pythons: impl IntoIterator<Item = (PythonVersion, PathBuf)>,
    ) -> Result<Self, String> {
        let policy = Policy::default().deny(&options.deny);
        let policy = match options.allow.is_empty() {
            true => policy,
            false => policy.and_then(|policy| policy.allow(&options.allow)),
        };
        let policy = policy.map_err(|error| format!("packages: {error}"))?;
        Ok(Self {
            policy,
            pythons: pythons.into_iter().collect(),
            environments: OnceLock::new(),
            installers: Mutex::default(),
            places: Semaphore::new(MOST_AT_ONCE),
            held: Vec::new(),
            options,
        })
    }

    /// Whether requests may name packages.
    pub(crate) fn is_offered(&self) -> bool {
        self.options.install
            && self.pythons.values().any(|python| self.options.of_installer().is_there(python))
    }

    /// How long an installation may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.options.timeout
    }

    /// Has the packages of a submission at hand, telling what is being done for that. Dropping the
    /// future ends it.
    pub(crate) async fn fetch(
        self: &Arc<Self>,
        submission: &Submission,
        tell: impl Fn(&str),
    ) -> Result<Packages, InstallError> {
        let limit = self.options.timeout;
        let _place = tokio::time::timeout(limit, self.places.acquire())
            .await
            .map_err(|_| InstallFailure::TimedOut { limit })?;
        let cancelled = Cancelled::default();
        let (told, mut phases) = mpsc::unbounded_channel();
        let source = Arc::clone(self);
        let version = submission.job.version;
        let needs = submission.needs.clone();
        let switch = Arc::clone(&cancelled.0);
        // A thread of its own: it may wait for others, and tokio's are for what is brief.
        let thread = std::thread::Builder::new().name("pyexec-packages".into());
        let (answer, answered) = tokio::sync::oneshot::channel();
        let spawned = thread.spawn(move || {
            let told = &mut |phase: Phase| drop(told.send(phase));
            // Nobody hears it where the execution is gone.
            drop(answer.send(source.obtain(version, needs, &switch, told)));
        });
        if let Err(source) = spawned {
            let what = "no thread for an installation".to_owned();
            return Err(InstallFailure::Storage { what, source }.into());
        }
        while let Some(phase) = phases.recv().await {
            if let Phase::Rebuilding { reason } = &phase {
                tracing::warn!(reason, "an environment was damaged and is made again");
            }
            tell(phase.as_str());
        }
        answered.await.unwrap_or_else(|_| {
            let reason = "its thread panicked".to_owned();
            Err(InstallFailure::Failed { reason }.into())
        })
    }

    fn obtain(
        &self,
        version: PythonVersion,
        mut needs: Needs,
        cancelled: &Arc<AtomicBool>,
        told: &mut dyn FnMut(Phase),
    ) -> Result<Packages, InstallError> {
        let environments = self.environments()?;
        let installer = self.installer(version, environments)?;
        let allowed = |name: &str| self.policy.allows(name);
        let begun = Instant::now();
        let mut left = self.options.timeout;
        let environment = loop {
            let request = InstallRequest::new(&installer, &needs.requirements)
                .offline(self.options.offline)
                .allowed(&allowed)
                .limit(left)
                .cancelled(Arc::clone(cancelled));
            match environments.obtain(&request, told) {
                // Nobody asked for it, and the script may do without.
                Err(error) if needs.drop_missing(error.failure()) => {
                    left = self.options.timeout.saturating_sub(begun.elapsed());
                }
                environment => break environment?,
            }
        };
        let attachable = sandbox::Environment::open(environment.path())
            .map_err(|error| InstallFailure::Failed { reason: crate::verdict::chain(&error) })?;
        Ok(Packages { attachable, _held: environment })
    }

    fn environments(&self) -> Result<&Environments, InstallError> {
        if let Some(opened) = self.environments.get() {
            return Ok(opened);
        }
        let options = EnvironmentsOptions::new()
            .bytes(self.options.bytes)
            .resolutions_for(self.options.resolution_ttl)
            .trust_checks(self.options.trust_checks)
            .shown_at(sandbox::Environment::PATH);
        // Two that come at once both open it, and one of them is dropped.
        let folder = self.options.folder()?;
        let opened = Environments::open(&folder, options).map_err(|source| {
            let what = format!("the folder for packages {} can't be used", folder.display());
            InstallFailure::Storage { what, source }
        })?;
        for (address, reason) in &opened.opened().damaged {
            tracing::warn!(address, reason, "a damaged environment was removed");
        }
        Ok(self.environments.get_or_init(|| opened))
    }

    fn installer(
        &self,
        version: PythonVersion,
        environments: &Environments,
    ) -> Result<Arc<Installer>, InstallError> {
        let known = || self.installers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(installer) = known().get(&version) {
            return Ok(Arc::clone(installer));
        }
        let python = self.pythons.get(&version).ok_or_else(|| InstallFailure::NoInstaller {
            hint: format!("there is no interpreter of Python {version} here"),
        })?;
        let installer = environments.installer(python, &self.options.of_installer())?;
        tracing::debug!(%version, %installer, "packages");
        let installer = Arc::new(installer);
        known().insert(version, Arc::clone(&installer));
        Ok(installer)
    }
}

/// Ends an installation when nobody waits for it any more.
#[derive(Debug, Default)]
struct Cancelled(Arc<AtomicBool>);

impl Drop for Cancelled {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
