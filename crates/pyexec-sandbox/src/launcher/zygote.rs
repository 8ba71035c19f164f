//! Template interpreters: initialised once, without network, privileges or the host's `/proc`,
//! and copied into sandboxes by the extension that they load.

use super::{
    identity::{self, Owner},
    importing::Importing,
    root,
};
use crate::{
    channel,
    init::{self, privileges},
    message::{Step, StepError},
    seccomp::Filters,
    sys::{self, Clone},
    template::Template,
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::{AsFd, BorrowedFd, OwnedFd},
    fs::{OFlags, fcntl_setfl},
    mount::mount_bind,
    net::{RecvFlags, SendFlags, recv, send},
    pipe::{PipeFlags, pipe_with},
    process::{
        Pid, Resource, Signal, getrlimit, kill_process_group, set_parent_process_death_signal,
        setrlimit, setsid,
    },
    thread::{set_thread_res_gid, set_thread_res_uid},
};
use std::collections::VecDeque;

/// The extension, built by `build.rs`; empty where that wasn't possible.
pub(crate) const EXTENSION: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/_pyexec_zygote.so"));

/// Where the template root keeps it.
pub(crate) const EXTENSION_FILE: &str = "opt/pyexec/zygote/_pyexec_zygote.abi3.so";

/// Where a zygote finds its socket.
const SOCKET: i32 = 3;

/// Copies wait with channels at numbers up to here.
const OPEN_FILES: u64 = 2048;

/// What a zygote says when it fails, in characters.
const LONGEST_WORDS: usize = 300;

/// Libraries that start a thread for each processor when they are loaded ask these: threads don't
/// outlive a copy.
const ONE_THREAD: [&str; 6] = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
];

/// A template interpreter.
pub(crate) struct Zygote {
    /// What it is a template of.
    pub(crate) template: usize,
    pub(crate) pid: Pid,
    pub(crate) pidfd: OwnedFd,
    pub(crate) socket: OwnedFd,
    pub(crate) is_ready: bool,
    /// A younger one has taken its place.
    pub(crate) is_retired: bool,
    /// How many copies were made.
    pub(crate) forks: u32,
    /// Sandboxes that wait for its word, in order, by PID.
    pub(crate) waiting: VecDeque<Pid>,
    /// The memory of its imports, in bytes.
    pub(crate) holds: u64,
    /// What it may have while it imports something.
    importing: Option<Importing>,
    /// Why it had to end.
    pub(crate) fault: Option<String>,
    /// Held open, so that its streams are pipes as a script's are; the last says why it ended.
    streams: [OwnedFd; 3],
}

/// What a zygote says.
pub(crate) enum Said {
    Ready,
    /// The process that makes a copy, or none where the kernel refused one.
    Helper(Option<Pid>),
    /// Nothing more.
    Gone,
}

impl Zygote {
    /// Starts one, with a mount of its packages where it imports any; it says when it is ready.
    pub(crate) fn start(
        template: Template<'_>,
        packages: Option<OwnedFd>,
        owner: Owner,
        filters: &Filters,
        without_groups: bool,
    ) -> Result<Self, StepError> {
        let pipe = || pipe_with(PipeFlags::CLOEXEC).step("making a pipe");
        let (socket, theirs) = channel::pair().step("making a socket")?;
        let ((its_stdin, stdin), (stdout, its_stdout)) = (pipe()?, pipe()?);
        let (stderr, its_stderr) = pipe()?;
        fcntl_setfl(&stderr, OFlags::NONBLOCK).step("making a pipe")?;
        // Waits in the socket until the zygote reads it.
        let bytes = filters.to_bytes(without_groups);
        send(&socket, &bytes, SendFlags::NOSIGNAL).step("sending the filters")?;
        let program = program(template).step("starting the interpreter")?;
        let namespaces = libc::CLONE_NEWNS | libc::CLONE_NEWNET | libc::CLONE_NEWIPC;
        match sys::clone_into(namespaces, None).step("creating a zygote's namespaces")? {
            Clone::Child => {
                let streams = [&its_stdin, &its_stdout, &its_stderr];
                let attached = packages.as_ref().map_or(Ok(()), init::attach_packages);
                let confining = template.imports.map(|_| filters);
                let Err(error) =
                    attached.and_then(|()| enter(&program, owner, streams, &theirs, confining));
                sys::write_to(2, error.to_string().as_bytes());
                sys::exit_now(126)
            }
            Clone::Parent { pid, pidfd } => {
                identity::prefer_to_end(pid)?;
                Ok(Self {
                    template: template.number,
                    pid,
                    pidfd,
                    socket,
                    is_ready: false,
                    is_retired: false,
                    forks: 0,
                    waiting: VecDeque::new(),
                    importing: template.imports.map(Importing::new),
                    fault: None,
                    holds: 0,
                    streams: [stdin, stdout, stderr],
                })
            }
        }
    }

    /// Asks for a copy in a sandbox's namespaces, with these streams, claims channel and go channel.
    /// The copy begins once `start` is written to, by going through the `entrances` of its control
    /// group.
    pub(crate) fn fork(
        &mut self,
        sandbox: Pid,
        namespaces: &[OwnedFd],
        channels: [&OwnedFd; 5],
        start: &OwnedFd,
        entrances: &[OwnedFd],
    ) -> Result<(), StepError> {
        let fds = namespaces.iter().chain(channels).chain([start]).chain(entrances);
        let fds: Vec<BorrowedFd<'_>> = fds.map(AsFd::as_fd).collect();
        channel::send_bytes(&self.socket, b"fork", &fds).step("asking the zygote")?;
        self.forks += 1;
        self.waiting.push_back(sandbox);
        Ok(())
    }

    /// Its next word.
    pub(crate) fn hear(&self) -> Said {
        if self.imports() && self.has_ended() {
            return Said::Gone;
        }
        let mut bytes = [0; 4];
        let Ok((_, read)) = recv(&self.socket, &mut bytes[..], RecvFlags::empty()) else {
            return Said::Gone;
        };
        match read {
            1 => Said::Ready,
            4 => Said::Helper(Pid::from_raw(i32::from_ne_bytes(bytes).max(0))),
            _ => Said::Gone,
        }
    }

    fn has_ended(&self) -> bool {
        let mut fds = [PollFd::new(&self.pidfd, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec::default())).is_ok_and(|ended| ended > 0)
    }

    /// The last line that it wrote before it ended.
    pub(crate) fn last_words(&self) -> String {
        // As much as fits into a pipe.
        let mut bytes = [0; 1 << 16];
        let read = rustix::io::read(&self.streams[2], &mut bytes).unwrap_or(0);
        let text = String::from_utf8_lossy(&bytes[..read]);
        let last = text.lines().last().unwrap_or("it ended without a word");
        // Not its own where it imports something.
        last.chars().filter(|letter| !letter.is_control()).take(LONGEST_WORDS).collect()
    }

    /// Whether it imports something still.
    pub(crate) fn imports(&self) -> bool {
        self.importing.is_some() && !self.is_ready && !self.is_retired
    }

    /// Ends what its imports have started; a zygote that was ready has started nothing.
    pub(crate) fn end_what_it_started(&self) {
        if self.imports() {
            // Fails where there is nothing.
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
    }

    /// Why it has to end, while it imports.
    pub(crate) fn fault_of_imports(&self) -> Option<String> {
        self.importing.as_ref()?.fault(self.pid)
    }

    /// What its imports hold, now that it is ready; or why no copies may be made of it.
    pub(crate) fn memory_when_ready(&self) -> Result<u64, String> {
        self.importing.as_ref().map_or(Ok(0), |importing| importing.memory_when_ready(self.pid))
    }
}

/// Python, as it runs a script.
fn program(template: Template<'_>) -> rustix::io::Result<sys::Program> {
    let Template { interpreter, imports, .. } = template;
    let path = interpreter.executable().display().to_string();
    let bin = root::bin(interpreter).display().to_string();
    let mut env = init::program::zygote_environment(&bin, &format!("zygote,{SOCKET}"));
    if let Some(imports) = imports {
        env.extend(ONE_THREAD.map(|name| format!("{name}=1")));
        env.push(format!("PYEXEC_PRELOAD={}", imports.modules.join(",")));
    }
    let argv = vec![path.clone(), "-u".into(), init::program::MAIN.into()];
    sys::Program::new(path, argv, env)
}

/// What the new process becomes; returns only where that failed.
fn enter(
    program: &sys::Program,
    owner: Owner,
    streams: [&OwnedFd; 3],
    socket: &OwnedFd,
    confining: Option<&Filters>,
) -> Result<std::convert::Infallible, StepError> {
    for (stream, number) in streams.into_iter().zip(0..) {
        sys::duplicate_to(stream, number, true).step("placing a stream")?;
    }
    // By way of a number that nothing has, since the socket may have any.
    let apart = rustix::io::fcntl_dupfd_cloexec(socket, 64).step("placing the socket")?;
    sys::duplicate_to(&apart, SOCKET, true).step("placing the socket")?;
    sys::close_all_but([SOCKET]).step("closing descriptors")?;
    mount_bind(root::EMPTY_FOLDER, "/proc").step("hiding /proc")?;
    if let Some(id) = owner.zygote() {
        let (user, group) = id;
        set_thread_res_gid(group, group, group).step("setresgid")?;
        set_thread_res_uid(user, user, user).step("setresuid")?;
    }
    privileges::drop_all()?;
    let mut files = getrlimit(Resource::Nofile);
    files.current = Some(files.maximum.map_or(OPEN_FILES, |most| most.min(OPEN_FILES)));
    setrlimit(Resource::Nofile, files).step("raising the limit on open files")?;
    rustix::process::chdir("/").step("entering /")?;
    sys::reset_signals();
    // After the last change of credentials, which clears it.
    set_parent_process_death_signal(Some(Signal::KILL)).step("setting the death signal")?;
    if let Some(filters) = confining {
        // What its imports start ends with it.
        setsid().step("starting a session")?;
        filters.install_for_imports()?;
    }
    Err(program.exec()).step("starting the interpreter")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::Read,
        os::unix::process::ExitStatusExt,
        process::{Command, Stdio},
    };

    /// Runs the extension on a socket that receives these messages and ends.
    fn hear(messages: &[(&[u8], usize)]) -> (std::process::ExitStatus, String) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("_pyexec_zygote.abi3.so"), EXTENSION).unwrap();
        let (ours, theirs) = channel::pair().unwrap();
        let null = std::fs::File::open("/dev/null").unwrap();
        for (bytes, fds) in messages {
            channel::send_bytes(&ours, bytes, &vec![null.as_fd(); *fds]).unwrap();
        }
        drop(ours);
        let mut child = Command::new(crate::discover()[0].executable())
            .args(["-S", "-c", "import _pyexec_zygote; _pyexec_zygote.serve(0); print('a copy')"])
            .env("PYTHONPATH", folder.path())
            .stdin(theirs)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut text = String::new();
        child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        (child.wait().unwrap(), text)
    }

    #[test]
    fn it_is_built_here() {
        assert!(EXTENSION.starts_with(b"\x7fELF"), "build.rs could not build it");
    }

    #[test]
    fn messages_that_make_no_sense_end_it_quietly() {
        let filters: &[u8] = &[[8, 0, 0, 0].as_slice(), &[0; 16]].concat();
        let long = vec![b'x'; 60_000];
        for messages in [
            vec![],
            vec![(&b"x"[..], 0)],
            vec![(b"\xff\xff\xff\xff", 0)],
            vec![(&long, 3)],
            vec![(filters, 1)],
            vec![(filters, 0), (b"fork", 0)],
            vec![(filters, 0), (b"fork", 12)],
            vec![(filters, 0), (b"fork", 14)],
            vec![(filters, 0), (&long, 16)],
        ] {
            let (status, text) = hear(&messages);
            assert_eq!((status.code(), status.signal(), text.as_str()), (Some(0), None, ""));
        }
    }
}
