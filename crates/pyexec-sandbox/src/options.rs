//! How a sandbox is set up.

use crate::{Interpreter, IsolationLevel, Network, Preload, PythonVersion, Start, discover};
use std::path::PathBuf;

/// How a [`Sandbox`](crate::Sandbox) is set up.
///
/// ```
/// use pyexec_sandbox::{Network, SandboxOptions};
///
/// let options = SandboxOptions { ready: 4, ..SandboxOptions::default() };
/// assert_eq!(options.network, Network::None);
/// ```
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// The interpreters to offer; [`discover`] finds them by default.
    pub interpreters: Vec<Interpreter>,
    /// The least isolation that will do (default: [`IsolationLevel::Full`]).
    pub isolation: IsolationLevel,
    /// What a job that asks for the network gets (default: a refusal).
    pub network: Network,
    /// Sandboxes to keep ready for each interpreter in use (default: 1). With [`Start::Strict`]
    /// and 0, the first job gets the one that isolation was tried out with, and each later one its
    /// own when it comes: the least work for a single job.
    pub ready: usize,
    /// How interpreters come to be; [`Start::Strict`] is for every job (default:
    /// [`Start::Zygote`]).
    pub start: Start,
    /// Versions whose zygotes start with the sandbox; others start with their first job
    /// (default: none).
    pub warm: Vec<PythonVersion>,
    /// Modules that some zygotes import when they start, with the sandbox (default: none). They stay
    /// unused where every job starts strictly.
    pub preloads: Vec<Preload>,
    /// Copies after which a zygote is replaced: copies of one share its address layout and hash
    /// seed (default: 256).
    pub forks_per_zygote: u32,
    /// Control group below which each execution gets one of its own: an absolute path for
    /// version 2, the path below each controller's mount for version 1. The server's own group
    /// where `None`.
    pub cgroup: Option<PathBuf>,
    /// Program to run as the launcher; this very program where `None`. It must link this crate.
    pub launcher_path: Option<PathBuf>,
    /// Layers to leave out, for the attack suite.
    #[cfg(feature = "weaken")]
    #[doc(hidden)]
    pub without: Vec<crate::Layer>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            interpreters: discover(),
            isolation: IsolationLevel::default(),
            network: Network::None,
            ready: 1,
            start: Start::default(),
            warm: Vec::new(),
            preloads: Vec::new(),
            forks_per_zygote: 256,
            cgroup: None,
            launcher_path: None,
            #[cfg(feature = "weaken")]
            without: Vec::new(),
        }
    }
}
