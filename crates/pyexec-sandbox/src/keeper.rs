//! The server's side of a launcher: the thread that starts it and hears what it says.
//!
//! The launcher dies with the *thread* that started it (that is what a parent death signal
//! follows), so the thread has no other work and lives as long as the launcher does.

use crate::{
    IsolationLevel, SandboxError, channel, entry,
    message::{FromLauncher, GroupUsage, LimitsBy, Setup, StepError, ToLauncher},
};
use rustix::{
    fd::OwnedFd,
    net::{Shutdown, shutdown},
};
use std::{
    collections::HashMap,
    io,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
};

/// What the launcher says about one execution.
pub(crate) enum Told {
    /// pidfd, control socket, stdin, stdout, stderr, claims, and what was asked for beside them; and
    /// whether a copy of the interpreter waits in it.
    Created(Vec<OwnedFd>, bool),
    NotCreated(StepError),
    Exited(GroupUsage),
}

/// A running launcher. Dropping it ends the launcher and every sandbox.
#[derive(Debug)]
pub(crate) struct Keeper {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    pub(crate) limits: LimitsBy,
    pub(crate) level: IsolationLevel,
}

#[derive(Debug)]
struct Shared {
    socket: OwnedFd,
    /// The launcher's process id; 0 until it has started.
    process: AtomicU32,
    /// Who listens, by execution; `None` once the launcher is gone.
    listeners: Mutex<Option<HashMap<u64, Sender<Told>>>>,
    /// What became of zygotes, by template: what its imports hold, or why it failed.
    zygotes: Mutex<HashMap<usize, Result<u64, String>>>,
}

impl Shared {
    fn listeners(&self) -> MutexGuard<'_, Option<HashMap<u64, Sender<Told>>>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn zygotes(&self) -> MutexGuard<'_, HashMap<usize, Result<u64, String>>> {
        self.zygotes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper {
    /// Starts a launcher and waits until it has proven that isolation works.
    pub(crate) fn start(setup: &Setup, program: Option<PathBuf>) -> Result<Self, SandboxError> {
        let io = |what| move |error: io::Error| SandboxError::Io(what, error);
        let (ours, theirs) = channel::pair().map_err(|e| io("no socket")(e.into()))?;
        let shared = Arc::new(Shared {
            socket: ours,
            process: AtomicU32::new(0),
            listeners: Mutex::new(Some(HashMap::new())),
            zygotes: Mutex::default(),
        });
        let (tell_start, start) = channel();
        let of_thread = Arc::clone(&shared);
        let mut launcher = launcher(program);
        setup.weakened.dirty(&mut launcher);
        let thread = std::thread::Builder::new()
            .name("pyexec-keeper".into())
            .spawn(move || keep(&of_thread, theirs, launcher, &tell_start))
            .map_err(io("no thread for the sandbox launcher"))?;
        let mut keeper = Self {
            shared,
            thread: Some(thread),
            limits: LimitsBy::Rlimits,
            level: IsolationLevel::Full,
        };
        channel::send(&keeper.shared.socket, setup, &[])
            .map_err(|error| SandboxError::Launcher("takes no messages", Some(error)))?;
        match start.recv() {
            Ok(Ok(FromLauncher::Ready { limits, level })) => {
                (keeper.limits, keeper.level) = (limits, level);
                Ok(keeper)
            }
            Ok(Ok(FromLauncher::Refused(error))) => Err(SandboxError::refused(error)),
            Ok(Err(error)) => Err(SandboxError::Launcher("can't be started", Some(error))),
            Ok(Ok(_)) | Err(_) => Err(SandboxError::Launcher("ended before it was ready", None)),
        }
    }

    /// The launcher's process id.
    pub(crate) fn process(&self) -> u32 {
        self.shared.process.load(Ordering::Acquire)
    }

    /// What became of a template's zygote, if anything is known.
    pub(crate) fn zygote(&self, template: usize) -> Option<Result<u64, String>> {
        self.shared.zygotes().get(&template).cloned()
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.shared.listeners().is_some()
    }

    /// Sends a message about execution `id`; what comes back about it arrives at the receiver,
    /// which hangs up when the launcher is gone.
    pub(crate) fn ask(
        &self,
        id: u64,
        message: &ToLauncher,
    ) -> Result<Receiver<Told>, SandboxError> {
        let gone = |error| SandboxError::Launcher("is gone", error);
        let (teller, told) = channel();
        self.shared.listeners().as_mut().ok_or_else(|| gone(None))?.insert(id, teller);
        channel::send(&self.shared.socket, message, &[]).map_err(|error| gone(Some(error)))?;
        Ok(told)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = shutdown(&self.shared.socket, Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn launcher(program: Option<PathBuf>) -> Command {
    let mut command = Command::new(program.unwrap_or_else(|| "/proc/self/exe".into()));
    command
        .arg0(entry::MARKER)
        .env_clear()
        .current_dir("/")
        // A Ctrl-C at the terminal is for the server, which may have a grace period to give.
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn keep(
    shared: &Shared,
    theirs: OwnedFd,
    mut launcher: Command,
    tell_start: &Sender<io::Result<FromLauncher>>,
) {
    let started = launcher.stdin(theirs).spawn();
    // It keeps their end of the socket open, and with that its end would go unnoticed.
    drop(launcher);
    match started {
        Ok(mut launcher) => {
            shared.process.store(launcher.id(), Ordering::Release);
            listen(shared, tell_start);
            // Its end of the socket is closed, so it is ending.
            drop(launcher.wait());
        }
        Err(error) => drop(tell_start.send(Err(error))),
    }
    *shared.listeners() = None;
}

fn listen(shared: &Shared, tell_start: &Sender<io::Result<FromLauncher>>) {
    while let Ok(Some((message, fds))) = channel::receive::<FromLauncher>(&shared.socket) {
        let (id, told, last) = match message {
            FromLauncher::Ready { .. } | FromLauncher::Refused(_) => {
                drop(tell_start.send(Ok(message)));
                continue;
            }
            FromLauncher::Created { id, is_warm } => (id, Told::Created(fds, is_warm), false),
            FromLauncher::Zygote { template, state } => {
                shared.zygotes().insert(template, state);
                continue;
            }
            FromLauncher::NotCreated { id, error } => (id, Told::NotCreated(error), true),
            FromLauncher::Exited { id, usage } => (id, Told::Exited(usage), true),
        };
        if let Some(listeners) = shared.listeners().as_mut() {
            if let Some(listener) = listeners.get(&id) {
                drop(listener.send(told));
            }
            if last {
                listeners.remove(&id);
            }
        }
    }
    // Whoever still waits for an answer hears now that there will be none.
    *shared.listeners() = None;
}
