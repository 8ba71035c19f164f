//! Executions in the sandbox of this machine.

use crate::{Backend, BackendError, BoxFuture};
use pyexec_sandbox::{
    Finished, Job, Observer, PythonVersion, Sandbox, SandboxError, Stop, ZygoteState,
};
use pyexec_types::Isolation;
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// How often it is looked for what was imported beforehand: imports have a minute.
const LOOKS: usize = 90;
const BETWEEN: Duration = Duration::from_secs(1);

/// Runs executions in the sandbox of this machine, each on a thread of its own.
#[derive(Debug)]
pub struct SandboxBackend(Arc<Sandbox>);

impl SandboxBackend {
    /// Takes over a started sandbox.
    pub fn new(sandbox: Sandbox) -> Self {
        Self(Arc::new(sandbox))
    }

    /// Says in the log, once it is known, what could not be imported beforehand.
    pub(crate) fn tell_of_preloads(&self) {
        let sandbox = Arc::downgrade(&self.0);
        if self.0.preloads().next().is_none() {
            return;
        }
        let tell = move || {
            for _ in 0..LOOKS {
                std::thread::sleep(BETWEEN);
                let Some(sandbox) = sandbox.upgrade() else { return };
                if sandbox.preloads().any(|(_, state)| state == ZygoteState::Absent) {
                    continue;
                }
                for (preload, state) in sandbox.preloads() {
                    let modules = preload.modules.join(",");
                    match state {
                        ZygoteState::Failed(reason) => {
                            tracing::warn!(modules, reason, "not imported beforehand");
                        }
                        _ => tracing::info!(modules, "imported beforehand"),
                    }
                }
                return;
            }
        };
        let spawned = std::thread::Builder::new().name("pyexec-preloads".into()).spawn(tell);
        if let Err(error) = spawned {
            tracing::warn!(%error, "nobody looks what was imported beforehand");
        }
    }
}

impl Backend for SandboxBackend {
    fn versions(&self) -> Vec<PythonVersion> {
        self.0.interpreters().iter().map(pyexec_sandbox::Interpreter::version).collect()
    }

    fn pythons(&self) -> Vec<(PythonVersion, PathBuf)> {
        let found = self.0.interpreters().iter();
        found.map(|found| (found.version(), found.executable().to_owned())).collect()
    }

    fn isolation(&self) -> Isolation {
        self.0.isolation()
    }

    fn run(
        &self,
        job: Job,
        mut observer: Box<dyn Observer + Send>,
        stop: Stop,
    ) -> BoxFuture<Result<Finished, BackendError>> {
        let sandbox = Arc::clone(&self.0);
        let (tell, told) = oneshot::channel();
        let thread = std::thread::Builder::new().name("pyexec-run".into()).spawn(move || {
            let finished = sandbox.run(job, &mut *observer, &stop);
            // It holds the output, which may be what filled the disk.
            drop(observer);
            // Nobody listens any more where the server is being dropped.
            drop(tell.send(finished));
        });
        Box::pin(async move {
            thread.map_err(BackendError::new)?;
            let gone = || SandboxError::InvalidJob("its thread panicked".into());
            told.await.unwrap_or_else(|_| Err(gone())).map_err(BackendError::new)
        })
    }
}
