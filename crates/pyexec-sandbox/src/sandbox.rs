//! The public handle.

mod order;
mod templates;

use crate::{
    End, Environment, Finished, Interpreter, IsolationLevel, Job, Limits, Observer, Preload,
    PythonVersion, SandboxError, SandboxOptions, Start, Stop,
    isolation::missing,
    keeper::{Keeper, Told},
    launcher,
    message::{GroupLimits, LimitsBy, Order, Setup, ToLauncher},
    network::{Line, Network},
    processors::Processors,
    supervise::{self, DESCRIPTORS, GRACE},
    template::Imports,
};
use pyexec_types::Isolation;
use std::{
    io,
    os::fd::OwnedFd,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::Receiver,
    },
    time::Instant,
};

/// Runs executions on this machine, each in a sandbox of its own.
///
/// Cheap to share by reference between threads. Dropping it ends every execution.
#[derive(Debug)]
pub struct Sandbox {
    setup: Setup,
    preloads: Vec<Preload>,
    launcher_path: Option<PathBuf>,
    keeper: Mutex<Arc<Keeper>>,
    count: AtomicU64,
    processors: Processors,
}

const NO_QUOTA: &str = "nothing here can hold it to a share of the processors: there are no control \
                        groups";

/// What sort of sandbox is wanted.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    network: bool,
    /// The template, by number, of which a copy will do.
    template: Option<usize>,
    environment: Option<&'a Environment>,
    limits: &'a Limits,
}

/// A sandbox that waits for "go".
struct Created {
    /// Its own, and a mount of the packages where it has any.
    fds: Vec<OwnedFd>,
    is_warm: bool,
    line: Option<Line>,
    told: Receiver<Told>,
}

impl Created {
    /// Ends it, and waits for its end.
    fn abandon(self) {
        // With its control socket gone, PID 1 ends.
        drop(self.fds);
        drop(self.told.recv_timeout(GRACE));
        if let Some(line) = self.line {
            line.finish();
        }
    }
}

impl Sandbox {
    /// Starts the launcher and tries out every step of the isolation.
    ///
    /// # Errors
    /// [`SandboxError::Refused`] where the kernel refuses a step, with what to do about it;
    /// [`SandboxError::NoInterpreter`] where there is no Python to run.
    pub fn start(options: SandboxOptions) -> Result<Self, SandboxError> {
        if options.interpreters.is_empty() {
            return Err(SandboxError::NoInterpreter);
        }
        options.network.check()?;
        let position = |version| options.interpreters.iter().position(|i| i.version() == version);
        let mut imports = Vec::new();
        for preload in &options.preloads {
            preload.check()?;
            imports.push(Imports {
                interpreter: position(preload.version).ok_or_else(|| {
                    let text = format!("there is no Python {} here", preload.version);
                    SandboxError::InvalidPreload(text)
                })?,
                environment: preload.environment.place().clone(),
                modules: preload.modules.clone(),
                memory_bytes: preload.memory_mb << 20,
            });
        }
        let warm = options.warm.iter().filter_map(|version| position(*version));
        // Their numbers come after those of the interpreters.
        let all = options.interpreters.len() + imports.len();
        let setup = Setup {
            warm: warm.chain(options.interpreters.len()..all).collect(),
            imports,
            interpreters: options.interpreters,
            network: options.network,
            ready: options.ready,
            strict: options.start == Start::Strict,
            forks_per_zygote: options.forks_per_zygote.max(1),
            cgroup: options.cgroup,
            isolation: options.isolation,
            weakened: crate::weaken::Weakened {
                #[cfg(feature = "weaken")]
                layers: options.without,
            },
        };
        let keeper = Keeper::start(&setup, options.launcher_path.clone())?;
        let sandbox = Self {
            setup,
            preloads: options.preloads,
            launcher_path: options.launcher_path,
            keeper: Mutex::new(Arc::new(keeper)),
            count: AtomicU64::new(0),
            processors: Processors::of_this_process(),
        };
        sandbox.try_network()?;
        Ok(sandbox)
    }

    /// The interpreters that it offers, newest first.
    pub fn interpreters(&self) -> &[Interpreter] {
        &self.setup.interpreters
    }

    /// The interpreter of a version.
    ///
    /// # Errors
    /// [`SandboxError::UnknownVersion`] with those that there are.
    pub fn interpreter(&self, wanted: PythonVersion) -> Result<&Interpreter, SandboxError> {
        let all = self.interpreters();
        all.iter().find(|interpreter| interpreter.version() == wanted).ok_or_else(|| {
            let found: Vec<_> = all.iter().map(|i| i.version().to_string()).collect();
            SandboxError::UnknownVersion { wanted, found: found.join(", ") }
        })
    }

    /// How executions are isolated here.
    pub fn isolation(&self) -> Isolation {
        let mut isolation = Isolation::default();
        let keeper = self.keeper_now();
        isolation.level = keeper.level.as_str().into();
        isolation.limits = match keeper.limits {
            LimitsBy::Cgroup2 => "cgroup2",
            LimitsBy::Cgroup1 => "cgroup1",
            LimitsBy::Rlimits => "rlimits",
        }
        .into();
        isolation.network = self.setup.network.name().into();
        isolation.missing = missing(keeper.level, keeper.limits, &self.setup.network);
        isolation
    }

    /// The level of that isolation.
    pub(crate) fn level(&self) -> IsolationLevel {
        self.keeper_now().level
    }

    /// Process id of the launcher, for whoever watches processes. It changes when a launcher that
    /// died is replaced.
    pub fn launcher_id(&self) -> u32 {
        self.keeper_now().process()
    }

    /// Runs a job to its end on this thread. When it returns, no process of the job is left.
    ///
    /// # Errors
    /// Where the job is malformed or the launcher can't be brought back; everything that happens
    /// to an execution that was started is an [`End`].
    pub fn run(
        &self,
        job: Job,
        observer: &mut dyn Observer,
        stop: &Stop,
    ) -> Result<Finished, SandboxError> {
        let asked = Instant::now();
        self.check(&job)?;
        let mut keeper = self.keeper()?;
        if job.limits.cpu_percent.is_some() && keeper.limits == LimitsBy::Rlimits {
            return Err(SandboxError::InvalidJob(NO_QUOTA.into()));
        }
        let may_be_warm = self.start_of(&job) == Start::Zygote;
        let wanted = may_be_warm.then(|| self.template(&job)).flatten();
        let wanted = Wanted {
            network: job.network,
            template: wanted,
            environment: job.environment.as_ref(),
            limits: &job.limits,
        };
        let create = |keeper: &Keeper| self.create(keeper, wanted);
        let mut created = create(&keeper);
        // Nothing of the job has begun: the next launcher, or the next sandbox, can take it.
        match created {
            Err(SandboxError::Launcher(..)) => {
                keeper = self.keeper_after(&keeper)?;
                created = create(&keeper);
            }
            Err(SandboxError::Refused { ref step, .. }) if step == launcher::STARTING => {
                created = create(&keeper);
            }
            _ => {}
        }
        let created = created?;
        if let Some(line) = &created.line
            && let Err(error) = line.wait(stop)
        {
            created.abandon();
            return Err(error);
        }
        let began = Instant::now();
        let mut order = Order { may_be_warm, ..self.order(&job, keeper.limits)? };
        let bound = job.limits.cpu_percent.map(|percent| self.processors.take(percent));
        if let Some(bound) = &bound {
            order.processors.clone_from(&bound.numbers);
            // Before those of the request, which win.
            order.env.splice(..0, bound.variables());
        }
        let Created { fds, is_warm, line, told } = created;
        let finished = supervise::supervise(fds, is_warm, &order, job, &told, observer, stop);
        if let Some(line) = line {
            line.finish();
        }
        let mut finished = finished?;
        finished.phases.sandbox = began.duration_since(asked);
        Ok(finished)
    }

    /// A sandbox from the launcher, with a copy of an interpreter if one is wanted and can be had.
    fn create(&self, keeper: &Keeper, wanted: Wanted<'_>) -> Result<Created, SandboxError> {
        let Wanted { network, template, environment, limits } = wanted;
        let id = self.count.fetch_add(1, Ordering::Relaxed);
        let limits = GroupLimits {
            memory_bytes: limits.group_bytes(),
            // PID 1 counts too.
            processes: limits.processes + 1,
            cpu_shares: limits.cpu_shares,
            cpu_percent: limits.cpu_percent,
        };
        let own = DESCRIPTORS + usize::from(environment.is_some());
        let environment = environment.map(|environment| environment.place().clone());
        let create = ToLauncher::Create { id, network, template, environment, limits };
        let told = keeper.ask(id, &create)?;
        match told.recv() {
            Ok(Told::Created(mut fds, is_warm)) => {
                let line = fds.split_off(own.min(fds.len())).pop().map(Line::new);
                Ok(Created { fds, is_warm, line, told })
            }
            Ok(Told::NotCreated(error)) => Err(match wanted.environment {
                Some(of) if error.step == launcher::host::OPENING => {
                    let source = io::Error::from_raw_os_error(error.errno);
                    let source = io::Error::new(source.kind(), error.detail);
                    SandboxError::Environment { path: of.path().into(), source }
                }
                _ => SandboxError::refused(error),
            }),
            Ok(Told::Exited(_)) | Err(_) => {
                Err(SandboxError::Launcher("ended before the execution began", None))
            }
        }
    }

    /// Connects a sandbox in vain, so that what is missing is found out at the start.
    fn try_network(&self) -> Result<(), SandboxError> {
        if !matches!(self.setup.network, Network::Pasta(_)) {
            return Ok(());
        }
        let limits = Limits::default();
        let wanted = Wanted { network: true, template: None, environment: None, limits: &limits };
        let created = self.create(&self.keeper_now(), wanted)?;
        let nobody = Stop::new().map_err(|error| SandboxError::Io("no switch", error))?;
        let connected = created.line.as_ref().map_or(Ok(()), |line| line.wait(&nobody));
        created.abandon();
        connected
    }

    /// The launcher, or a new one where it died.
    fn keeper(&self) -> Result<Arc<Keeper>, SandboxError> {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if !keeper.is_alive() {
            *keeper = Arc::new(Keeper::start(&self.setup, self.launcher_path.clone())?);
        }
        Ok(Arc::clone(&keeper))
    }

    /// Another launcher than this one, which is dead even if that hasn't been seen yet.
    fn keeper_after(&self, dead: &Arc<Keeper>) -> Result<Arc<Keeper>, SandboxError> {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&keeper, dead) {
            *keeper = Arc::new(Keeper::start(&self.setup, self.launcher_path.clone())?);
        }
        Ok(Arc::clone(&keeper))
    }

    fn keeper_now(&self) -> Arc<Keeper> {
        Arc::clone(&self.keeper.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl End {
    /// Whether the script's process ended by itself.
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Exited(_) | Self::Signaled(_))
    }
}
