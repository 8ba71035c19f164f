//! This user's own server: found where there is one, started where there is none.

use super::{
    Announcement, Folder,
    background_server::{ENVIRONMENT, FAMILIES, PROXIES, READY},
};
use crate::{args::Verbosity, console, failure::Failure};
use pyexec_blocking::{Client, Error};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::{
    env, fs,
    io::{self, BufRead, BufReader},
    os::unix::process::CommandExt,
    process::{Command, Stdio},
};

/// How much of the log is shown where the server doesn't start.
const LAST_WORDS: usize = 3;

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Background {
    pub(crate) folder: Folder,
    pub(crate) announcement: Announcement,
    pub(crate) token: String,
}

impl Background {
    /// The server that runs, or a new one.
    ///
    /// # Errors
    ///
    /// Where none can be started.
    pub(crate) fn connect(verbosity: Verbosity) -> Result<Self, Failure> {
        let folder = Folder::open()?;
        let failed = |error: io::Error| folder.failed(&error);
        // One at a time, so that twenty that begin at once start one server.
        let _turn = folder.turn().map_err(failed)?;
        if folder.is_served().map_err(failed)? {
            match Self::running(&folder)? {
                Some(running) if running.is_ours() => return Ok(running),
                other => replace(&folder, other, verbosity)?,
            }
        }
        start(&folder)?;
        Self::running(&folder)?.ok_or_else(|| did_not_start(&folder))
    }

    /// The server that runs, if one does.
    ///
    /// # Errors
    ///
    /// Where the folder can't be used.
    pub(crate) fn find() -> Result<Option<Self>, Failure> {
        let Some(folder) = Folder::find()? else { return Ok(None) };
        let _turn = folder.turn().map_err(|error| folder.failed(&error))?;
        Self::running(&folder)
    }

    fn running(folder: &Folder) -> Result<Option<Self>, Failure> {
        let failed = |error: io::Error| folder.failed(&error);
        if !folder.is_served().map_err(failed)? {
            return Ok(None);
        }
        let announcement = folder.announcement().map_err(failed)?;
        let token = folder.token().map_err(failed)?;
        let found = announcement.zip(token);
        Ok(found.map(|(announcement, token)| Self { folder: folder.clone(), announcement, token }))
    }

    /// A client of it. Before anything goes over a new connection, the server is seen to live: so
    /// nobody else can have got its port, and the token with it.
    ///
    /// # Errors
    ///
    /// Where its address is none.
    pub(crate) fn client(&self, user_agent: &str) -> Result<Client, Error> {
        let (folder, announcement) = (self.folder.clone(), self.announcement.clone());
        Client::builder(&self.announcement.url)
            .user_agent(user_agent)
            .bearer_token(&self.token)
            .check_connections(move || {
                let is_same = folder.announcement()?.as_ref() == Some(&announcement);
                if is_same && folder.is_served()? {
                    return Ok(());
                }
                Err(io::Error::new(io::ErrorKind::ConnectionRefused, "the local server has ended"))
            })
            .build()
    }

    /// Whether this program can leave executions to it. Asking shows it that it is needed.
    fn is_ours(&self) -> bool {
        self.announcement.version == env!("CARGO_PKG_VERSION")
            && self.client("pyexec").is_ok_and(|client| client.health().is_ok())
    }

    /// Asks it to end, with time for what runs or, where `now`, without; then waits for its end.
    ///
    /// # Errors
    ///
    /// Where it isn't there any more, or isn't this user's.
    pub(crate) fn stop(&self, now: bool) -> Result<(), Failure> {
        let failed =
            |error: io::Error| Failure::ours("cannot end the local server").because(&error);
        let process = Pid::from_raw(self.announcement.pid)
            .and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        // With the server alive after this, the descriptor is its own and no later process's.
        if let Some(process) = process
            && self.folder.is_served().map_err(failed)?
        {
            // The second ends it at once. Two of a kind could arrive as one.
            let signals = [Signal::TERM, Signal::INT];
            for signal in &signals[..if now { 2 } else { 1 }] {
                pidfd_send_signal(&process, *signal).map_err(|error| failed(error.into()))?;
            }
        }
        self.folder.await_end().map_err(failed)
    }
}

/// Waits for the end of a server that ends already, or asks one of another version to end.
fn replace(
    folder: &Folder,
    running: Option<Background>,
    verbosity: Verbosity,
) -> Result<(), Failure> {
    let (what, stopped) = match running {
        Some(other) => (format!(" (pyexec {})", other.announcement.version), Some(other)),
        None => (String::new(), None),
    };
    let note = format!(
        "note: waiting for the local server{what} to finish what it runs; \
         `pyexec local stop --now` ends that"
    );
    console::note(verbosity, &note);
    match stopped {
        Some(other) => other.stop(false),
        None => folder.await_end().map_err(|error| folder.failed(&error)),
    }
}

fn start(folder: &Folder) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::ours("cannot start the local server").because(&error);
    let log = folder.new_log().map_err(failed)?;
    let mut command = Command::new(env::current_exe().map_err(failed)?);
    command.args(["local", "serve"]).current_dir("/").env_clear();
    let kept = |name: &str| {
        ENVIRONMENT.contains(&name)
            || FAMILIES.iter().any(|family| name.starts_with(family))
            || PROXIES.iter().any(|end| name.ends_with(end))
    };
    command.envs(env::vars_os().filter(|(name, _)| name.to_str().is_some_and(kept)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
    // A Ctrl-C at this terminal isn't meant for it.
    command.process_group(0);
    let mut server = command.spawn().map_err(failed)?;
    let mut said = String::new();
    if let Some(stdout) = server.stdout.take() {
        BufReader::new(stdout).read_line(&mut said).map_err(failed)?;
    }
    if said.trim_end() == READY { Ok(()) } else { Err(did_not_start(folder)) }
}

fn did_not_start(folder: &Folder) -> Failure {
    let log = fs::read_to_string(folder.log()).unwrap_or_default();
    let words: Vec<_> = log.lines().collect();
    let last = words.len().saturating_sub(LAST_WORDS);
    Failure::ours("the local server did not start")
        .because(&io::Error::other(words[last..].join("; ")))
        .hint(format!(
            "`pyexec doctor` says what this machine lacks; see {}",
            folder.log().display()
        ))
}
