//! Runs one Python execution on this machine, isolated, without a container engine and without
//! privileges.
//!
//! Each execution has user, mount, PID, network, IPC, UTS and cgroup namespaces of its own, a
//! read-only root with two small writable folders (`/work`, `/tmp`), no network unless the operator
//! offers one ([`Network`]) and the job asks for it, no privileges, a list of permitted system calls, and limits on memory, processes, disk, output and time.
//! Where the kernel refuses any of it, [`Sandbox::start`] refuses too and says what is missing.
//!
//! ```no_run
//! use pyexec_archive::{Archive, read::{ReadOptions, canonicalize}};
//! use pyexec_sandbox::{Captured, Job, Sandbox, SandboxOptions, Stop};
//!
//! let archive = Archive::from_map([("main.py", "print('hi')")])?;
//! let mut file = tempfile::tempfile()?;
//! canonicalize(archive.open(), &mut file, &ReadOptions::default())?;
//!
//! let sandbox = Sandbox::start(SandboxOptions::default())?;
//! let version = sandbox.interpreters()[0].version();
//! let mut output = Captured::default();
//! sandbox.run(Job::new(file.into(), version, "main.py"), &mut output, &Stop::new()?)?;
//! assert_eq!(output.stdout, b"hi\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it works
//!
//! [`Sandbox::start`] runs this very program again as the **launcher**, a single-threaded process
//! that builds a template root once and makes sandboxes from it. A constructor that runs before
//! `main` recognises the launcher, so that this works inside any binary that links the crate.
//! Each sandbox has a **PID 1** of ours that waits for "go", unpacks the files and reaps. In it a
//! copy of a **zygote** waits, an interpreter that was initialised once, until everything is in
//! place, and then opens the script by itself; where a copy would behave differently from a new
//! interpreter, a new one is started ([`Start`]).
//!
//! This crate works on Linux only (5.12 or newer); elsewhere it is empty.
#![cfg(target_os = "linux")]

mod channel;
mod claims;
mod doctor;
mod entry;
mod environment;
mod error;
mod finished;
mod init;
mod interpreter;
mod isolation;
mod job;
mod keeper;
mod launcher;
mod limits;
mod message;
mod network;
mod options;
mod preload;
mod processors;
mod sandbox;
mod seccomp;
mod start;
mod stop;
mod supervise;
mod sys;
mod template;
mod weaken;

pub use claims::Claims;
pub use doctor::{Diagnosis, Finding, Standing};
pub use environment::Environment;
pub use error::SandboxError;
pub use finished::{End, Finished, Phases, Usage};
pub use interpreter::{Interpreter, InvalidVersion, OLDEST, PythonVersion, discover, discover_in};
pub use isolation::{InvalidLevel, IsolationLevel};
pub use job::{Captured, Job, Observer, OutputStream, RunAs};
pub use limits::Limits;
pub use network::Network;
pub use options::SandboxOptions;
pub use preload::Preload;
pub use sandbox::Sandbox;
pub use start::{Start, ZygoteState};
pub use stop::Stop;
#[cfg(feature = "weaken")]
#[doc(hidden)]
pub use weaken::Layer;
