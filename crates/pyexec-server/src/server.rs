//! The service on a listener.

use crate::{
    Backend, DefaultNetwork, DurableStore, Idle, MemoryStore, SandboxBackend, ServerConfig,
    ServerError, Store, activity::Activity, auth::Tokens, doors::Doors, host, image,
    incoming::Incoming, metrics::Metrics, packages::PackageSource, routes, scheduler::Scheduler,
    space::SpoolSpace, state::AppState, tls::Tls,
};
use pyexec_sandbox::{Interpreter, PythonVersion, Sandbox, SandboxOptions};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch};

/// How long connections may take to end once there is nothing left to wait for.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A limit that nothing enforces isn't offered.
const NO_QUOTA: &str = "executions can't be held to a number of processors: there are no control \
                        groups here; see docs/security.md";

/// The HTTP service.
#[derive(Debug)]
pub struct Server {
    state: AppState,
    tls: Option<Tls>,
}

impl Server {
    /// The service with the sandbox of this machine, and a store in memory or, where the settings
    /// name a folder for it, one that outlives the server. Where the options name no
    /// version to have zygotes of from the start, it is the one that requests get by default.
    ///
    /// # Errors
    /// Where executions can't be isolated here, or the settings contradict each other.
    pub fn new(config: ServerConfig, mut sandbox: SandboxOptions) -> Result<Self, ServerError> {
        if sandbox.warm.is_empty() {
            // Most requests name no version.
            let versions: Vec<_> = sandbox.interpreters.iter().map(Interpreter::version).collect();
            let image = config.default_image.as_deref().unwrap_or_default();
            sandbox.warm.extend(image::choose("", image, &versions));
        }
        let (ttl, most_bytes) = (config.result_ttl, config.result_bytes);
        // First: it is the quickest to say that something is wrong.
        let store: Arc<dyn Store> = match &config.state_dir {
            None => Arc::new(MemoryStore::new(ttl, most_bytes)),
            Some(folder) => Arc::new(
                DurableStore::open(folder, ttl, most_bytes as u64)
                    .map_err(|error| ServerError::State(folder.clone(), error))?,
            ),
        };
        let pythons = sandbox.interpreters.iter();
        let pythons = pythons.map(|it| (it.version(), it.executable().to_owned()));
        let mut packages = packages(&config, pythons)?;
        if let Some(version) = sandbox.warm.first().filter(|_| !config.packages.preload.is_empty())
        {
            sandbox.preloads.extend(packages.preloads(*version));
        }
        let backend = SandboxBackend::new(Sandbox::start(sandbox)?);
        backend.tell_of_preloads();
        Self::assemble(config, Arc::new(backend), store, packages)
    }

    /// The service with a backend and a store of yours.
    ///
    /// # Errors
    /// Where the settings contradict each other.
    pub fn with(
        config: ServerConfig,
        backend: Arc<dyn Backend>,
        store: Arc<dyn Store>,
    ) -> Result<Self, ServerError> {
        let packages = packages(&config, backend.pythons())?;
        Self::assemble(config, backend, store, packages)
    }

    fn assemble(
        config: ServerConfig,
        backend: Arc<dyn Backend>,
        store: Arc<dyn Store>,
        packages: PackageSource,
    ) -> Result<Self, ServerError> {
        if config.default_network == DefaultNetwork::On && !backend.offers_network() {
            return Err(ServerError::NetworkNotOffered);
        }
        if config.tokens.iter().any(String::is_empty) {
            return Err(ServerError::Config("a token is empty".into()));
        }
        let image = config.default_image.as_deref().unwrap_or_default();
        if let Err(error) = image::choose("", image, &backend.versions()) {
            return Err(ServerError::Config(format!("default image: {}", error.message())));
        }
        if config.cpu_percent == Some(0) {
            return Err(ServerError::Config("executions may have no processor time at all".into()));
        }
        if backend.isolation().limits == "rlimits" {
            if config.cpu_percent.is_some() {
                return Err(ServerError::Config(NO_QUOTA.into()));
            }
            tracing::warn!(
                "no control group: the kernel limits single processes only, and what they hold \
                 together is watched; see docs/security.md"
            );
        }
        if backend.isolation().level == "no-proc" {
            tracing::warn!(
                "isolation is no-proc, as asked for: this container hides parts of /proc, so that \
                 executions have none; see docs/security.md"
            );
        }
        if backend.isolation().network == "host" {
            tracing::warn!(
                "executions that ask for the network share this machine's, its loopback services \
                 included; PYEXEC_NETWORK_MODE=pasta gives them one of their own"
            );
        }
        if let Some(name) = config.allowed_hosts.iter().find(|name| !host::is_name(name)) {
            let message =
                format!("{name:?} is no name of a host: write that alone, as py.example.com");
            return Err(ServerError::Config(message));
        }
        let tls = config.tls.as_ref().map(Tls::open).transpose()?;
        let spool = config.spool_folder.clone();
        let spool = spool.or_else(|| store.spool_folder()).unwrap_or_else(std::env::temp_dir);
        let output = SpoolSpace::new(spool.clone(), config.output_spool_bytes);
        let metrics = Arc::new(Metrics::new(&backend.isolation()));
        let counted = Arc::clone(&metrics);
        let packages = Arc::new(packages);
        let state = AppState {
            scheduler: Scheduler::new(
                &config,
                Arc::clone(&backend),
                store,
                output,
                counted,
                packages,
            ),
            metrics,
            activity: Arc::new(Activity::new()),
            draining: watch::Sender::new(false),
            incoming: Incoming::new(config.pending_bytes),
            spool: SpoolSpace::new(spool, config.spool_bytes),
            tokens: Tokens::new(&config.tokens, config.token_file.as_deref())?,
            config: Arc::new(config),
            backend,
        };
        Ok(Self { state, tls })
    }

    /// Tells when nobody needs the server, for one that should end then.
    pub fn idle(&self) -> Idle {
        Idle::new(Arc::clone(&self.state.activity), Arc::clone(&self.state.scheduler))
    }

    /// Queues what an earlier server had accepted and not begun.
    fn take_over(&self) -> Result<(), ServerError> {
        let scheduler = &self.state.scheduler;
        let left = scheduler.store.take_over().map_err(ServerError::Store)?;
        let of_callers = left.into_iter().map(|(record, submission)| {
            (self.state.tokens.caller(&record.owner), record, submission)
        });
        let resumed = scheduler.resume(of_callers.collect());
        resumed.map_err(|error| ServerError::Io("executions can't be taken over", error))
    }

    /// Serves until `shutdown` is done; then running executions have the grace period to end, and
    /// are ended after it. Until then requests are answered, `/ready` and new executions with 503.
    /// Raises this process's limit on open files as far as it may, since every
    /// connection and every waiting execution holds some.
    ///
    /// # Errors
    /// Where the address can be reached by others and there is no token, and where the listener
    /// fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServerError> {
        let io = |error| ServerError::Io("the listener failed", error);
        let address = listener.local_addr().map_err(io)?;
        if self.state.tokens.is_empty() && !address.ip().is_loopback() {
            return Err(ServerError::OpenToOthers(address));
        }
        let mut files = getrlimit(Resource::Nofile);
        files.current = files.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, files) {
            tracing::warn!(%error, "the limit on open files stays as it is");
        }
        let scheduler = Arc::clone(&self.state.scheduler);
        self.take_over()?;
        let grace = self.state.config.grace;
        let draining = self.state.draining.clone();
        let (tell, told) = watch::channel(false);
        tokio::spawn(async move {
            shutdown.await;
            draining.send_replace(true);
            scheduler.finish(grace).await;
            tell.send_replace(true);
        });
        let mut finished = told.clone();
        let finish = async {
            // An error means that the task above is gone with the whole runtime.
            drop(finished.wait_for(|now| *now).await);
            // Answers are on their way; a connection that still isn't done has had its time.
            tokio::time::sleep(LAST_WORDS).await;
        };
        let mut limits = self.state.config.connections.clone();
        // The other half is for executions.
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX) / 2;
        limits.most = limits.most.min(usize::try_from(files).unwrap_or(usize::MAX));
        let doors = Doors {
            limits,
            tls: self.tls,
            patience: self.state.config.upload_patience,
            ending: told,
            router: routes::router(self.state.clone()),
        };
        let served = tokio::select! {
            served = doors.serve(listener) => served,
            () = finish => Ok(()),
        };
        // The listener may have failed by itself.
        self.state.scheduler.finish(Duration::ZERO).await;
        served.map_err(io)
    }
}

/// What installs packages for these interpreters.
fn packages(
    config: &ServerConfig,
    pythons: impl IntoIterator<Item = (PythonVersion, PathBuf)>,
) -> Result<PackageSource, ServerError> {
    let mut options = config.packages.clone();
    let beside = || config.state_dir.as_ref().map(|folder| folder.join("environments"));
    options.folder = options.folder.or_else(beside);
    PackageSource::new(options, pythons).map_err(ServerError::Config)
}
