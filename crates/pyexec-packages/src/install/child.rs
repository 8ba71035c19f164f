//! Programs that are run for an environment: installers and interpreters.

use crate::install::{
    InstallFailure,
    installer::{Collector, InstallerLog, Secrets},
    patience::Patience,
};
use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Read as _},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

/// How often to look whether the child still keeps to its limits.
const LOOK: Duration = Duration::from_millis(100);

/// Output that has not ended this long after the whole group was killed belongs to somebody who
/// left the group; it isn't waited for.
const GRACE: Duration = Duration::from_secs(2);

/// A program to run: in a process group of its own, with these variables and no others.
#[derive(Debug)]
pub(crate) struct Invocation<'a> {
    pub(crate) program: &'a Path,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) folder: &'a Path,
    /// Its input: an empty file, and perhaps a lock that it holds by that.
    pub(crate) input: Option<File>,
    pub(crate) variables: &'a [(OsString, OsString)],
    pub(crate) limits: ChildLimits,
}

/// What the kernel holds the child to.
#[derive(Debug, Clone, Copy, Default)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "there is no prlimit"))]
pub(crate) struct ChildLimits {
    /// No file that it writes gets larger.
    pub(crate) file_bytes: Option<u64>,
    pub(crate) address_space: Option<u64>,
    /// Processor seconds, for children that outlive this process.
    pub(crate) cpu_seconds: Option<u64>,
}

impl<'a> Invocation<'a> {
    pub(crate) fn new(program: &'a Path, folder: &'a Path) -> Self {
        let limits = ChildLimits::default();
        Self { program, arguments: Vec::new(), folder, input: None, variables: &[], limits }
    }

    pub(crate) fn arguments<A: AsRef<OsStr>>(
        mut self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        self.arguments.extend(arguments.into_iter().map(|a| a.as_ref().to_owned()));
        self
    }

    /// Runs it to its end, and says how it ended and what it wrote.
    ///
    /// `watch` is asked time and again whether it may go on. When it may not, or `patience` ends,
    /// the whole group is killed; whatever happens, nothing of it is left when this returns.
    pub(crate) fn run(
        self,
        patience: &Patience,
        secrets: &Secrets,
        watch: &mut dyn FnMut() -> Result<(), InstallFailure>,
    ) -> (Result<ExitStatus, InstallFailure>, InstallerLog) {
        let what = format!("can't run {}", self.program.display());
        let (mut running, output) = match self.start() {
            Ok(started) => started,
            Err(error) => {
                return (Err(InstallFailure::storage(what)(error)), InstallerLog::default());
            }
        };
        let ended = running.watch(&output, patience, watch);
        let status = running.finish();
        let log = output.end(secrets);
        let status = ended.and_then(|()| status.map_err(InstallFailure::storage(what)));
        (status, log)
    }

    fn start(self) -> io::Result<(Running, Output)> {
        // One pipe for both streams keeps the order of what was written.
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(self.program);
        command
            .args(&self.arguments)
            .current_dir(self.folder)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(self.input.map_or_else(Stdio::null, Stdio::from))
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0);
        let child = command.spawn()?;
        // It holds the writing end until it goes.
        drop(command);
        let running = Running(child);
        self.limits.apply(&running.0)?;
        Ok((running, Output::read(reader)?))
    }
}

impl ChildLimits {
    /// Without `unsafe` there is no way to set limits between fork and exec; the few instructions
    /// that run before this are those of a loader.
    #[cfg(target_os = "linux")]
    fn apply(self, child: &Child) -> io::Result<()> {
        use rustix::process::{Resource, Rlimit, prlimit};
        let pid = rustix::process::Pid::from_child(child);
        for (resource, limit) in [
            (Resource::Fsize, self.file_bytes),
            (Resource::As, self.address_space),
            (Resource::Cpu, self.cpu_seconds),
        ] {
            let Some(limit) = limit else { continue };
            let limit = Rlimit { current: Some(limit), maximum: Some(limit) };
            match prlimit(Some(pid), resource, limit) {
                // A lower hard limit of ours than this stays as it is.
                Ok(_) | Err(rustix::io::Errno::PERM | rustix::io::Errno::SRCH) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    fn apply(self, _: &Child) -> io::Result<()> {
        Ok(())
    }
}

/// A child that is killed with its group, and reaped, at the latest when this is dropped.
struct Running(Child);

impl Running {
    fn watch(
        &mut self,
        output: &Output,
        patience: &Patience,
        watch: &mut dyn FnMut() -> Result<(), InstallFailure>,
    ) -> Result<(), InstallFailure> {
        let mut open = true;
        let mut next = Instant::now() + LOOK;
        let what = "can't wait for an installer";
        while !self.has_ended().map_err(InstallFailure::storage(what))? {
            let left = patience.left()?;
            let pause = next.saturating_duration_since(Instant::now()).min(left);
            // The end of the output is, nearly always, the end of the child: that wakes at once.
            if open {
                open = output.wait(pause);
            } else {
                patience.pause(pause.min(Duration::from_millis(5)))?;
            }
            if Instant::now() >= next {
                let began = Instant::now();
                watch()?;
                // Looking takes a tenth of the time at most.
                next = Instant::now() + LOOK.max(began.elapsed() * 10);
            }
        }
        Ok(())
    }

    /// Whether it has ended; it isn't reaped, so that its group can't become somebody else's.
    fn has_ended(&self) -> io::Result<bool> {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let how = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(Pid::from_child(&self.0)), how)?.is_some())
    }

    fn finish(&mut self) -> io::Result<ExitStatus> {
        use rustix::process::{Pid, Signal, kill_process_group};
        // Fails only where nobody is left.
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        self.0.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            let _ = self.finish();
        }
    }
}

/// What a child writes, read by a thread.
struct Output {
    collector: Arc<Mutex<Collector>>,
    ended: Receiver<()>,
}

impl Output {
    fn read(mut pipe: io::PipeReader) -> io::Result<Self> {
        let collector = Arc::new(Mutex::new(Collector::default()));
        let (end, ended) = mpsc::channel();
        let into = Arc::clone(&collector);
        std::thread::Builder::new().name("installer output".into()).spawn(move || {
            let mut buffer = [0; 16 << 10];
            loop {
                match pipe.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(length) => {
                        into.lock().unwrap_or_else(PoisonError::into_inner).take(&buffer[..length]);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
            drop(end);
        })?;
        Ok(Self { collector, ended })
    }

    /// Waits for the end of the output; whether it is still open.
    fn wait(&self, at_most: Duration) -> bool {
        self.ended.recv_timeout(at_most) == Err(RecvTimeoutError::Timeout)
    }

    fn end(self, secrets: &Secrets) -> InstallerLog {
        self.wait(GRACE);
        self.collector.lock().unwrap_or_else(PoisonError::into_inner).finish(secrets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn shell(
        script: &str,
        limit: Duration,
        watch: &mut dyn FnMut() -> Result<(), InstallFailure>,
    ) -> (Result<ExitStatus, InstallFailure>, String) {
        let sh = PathBuf::from("/bin/sh");
        let invocation = Invocation::new(&sh, Path::new("/")).arguments(["-c", script]);
        let (status, log) = invocation.run(&Patience::of(limit), &Secrets::default(), watch);
        (status, log.text().to_owned())
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn both_streams_and_the_status_are_told() {
        let script = "echo one; echo two >&2; cat; env; exit 3";
        let (status, log) = shell(script, LONG, &mut || Ok(()));
        assert_eq!(status.unwrap().code(), Some(3));
        assert!(log.starts_with("one\ntwo\n"), "{log}");
        // What the shell sets itself.
        let own =
            |line: &str| ["PWD", "SHLVL", "_", "OLDPWD"].contains(&line.split('=').next().unwrap());
        assert!(log.lines().skip(2).all(own), "{log}");
    }

    #[test]
    fn a_deadline_ends_the_whole_group() {
        let marker = tempfile::tempdir().unwrap();
        let file = marker.path().join("pid");
        let script = format!("sleep 1000 & echo $! > {}; echo begun; wait", file.display());
        let (status, log) = shell(&script, Duration::from_millis(500), &mut || Ok(()));
        assert!(matches!(status, Err(InstallFailure::TimedOut { .. })));
        assert_eq!(log, "begun\n");
        assert!(is_gone(&file), "the sleeper lives on");
    }

    #[test]
    fn what_outlives_the_child_is_killed() {
        let marker = tempfile::tempdir().unwrap();
        let file = marker.path().join("pid");
        let script = format!("sleep 1000 & echo $! > {}", file.display());
        let (status, _) = shell(&script, LONG, &mut || Ok(()));
        assert!(status.unwrap().success());
        assert!(is_gone(&file), "the sleeper lives on");
    }

    #[test]
    fn a_watcher_ends_it() {
        let mut asked = 0;
        let (status, _) = shell("while :; do :; done", LONG, &mut || {
            asked += 1;
            if asked < 3 { Ok(()) } else { Err(InstallFailure::Cancelled) }
        });
        assert!(matches!(status, Err(InstallFailure::Cancelled)));
    }

    #[test]
    fn closed_output_is_not_the_end() {
        let (status, _) = shell("exec >&- 2>&-; sleep 0.2; exit 5", LONG, &mut || Ok(()));
        assert_eq!(status.unwrap().code(), Some(5));
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let missing = PathBuf::from("/nonexistent/uv");
        let (status, _) = Invocation::new(&missing, Path::new("/")).run(
            &Patience::of(LONG),
            &Secrets::default(),
            &mut || Ok(()),
        );
        assert!(status.unwrap_err().to_string().contains("/nonexistent/uv"));
    }

    /// Whether the process whose id is in the file ends; init may take a moment to reap it.
    fn is_gone(file: &Path) -> bool {
        let pid = std::fs::read_to_string(file).unwrap();
        let stat = PathBuf::from(format!("/proc/{}/stat", pid.trim()));
        (0..1000).any(|_| {
            let state = std::fs::read_to_string(&stat).unwrap_or_default();
            let gone = state.is_empty() || state.contains(") Z ") || state.contains(") X ");
            if !gone {
                std::thread::sleep(Duration::from_millis(1));
            }
            gone
        })
    }
}
