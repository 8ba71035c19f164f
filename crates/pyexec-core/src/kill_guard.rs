//! Executions that are killed unless somebody says otherwise.

use pyexec_types::ExecutionId;
use std::fmt;

/// How a [`KillGuard`] kills: by calling, or by starting a task that does.
pub trait Killer {
    /// Asks the server to kill an execution. There is nobody to tell how that went.
    fn kill(&self, id: ExecutionId);
}

/// Kills an execution when it is dropped, unless it is disarmed before.
///
/// For work that nobody wants once its caller has gone: put the guard beside what waits, and
/// disarm it when the result is there.
///
/// ```
/// use pyexec_core::{KillGuard, Killer, types::ExecutionId};
/// use std::sync::Mutex;
///
/// #[derive(Debug, Default)]
/// struct Log(Mutex<Vec<String>>);
///
/// impl Killer for &Log {
///     fn kill(&self, id: ExecutionId) {
///         self.0.lock().unwrap().push(id.to_string());
///     }
/// }
///
/// let log = Log::default();
/// drop(KillGuard::new("exe_1".into(), &log));
/// let guard = KillGuard::new("exe_2".into(), &log);
/// assert_eq!(guard.disarm().as_str(), "exe_2");
/// assert_eq!(*log.0.lock().unwrap(), ["exe_1"]);
/// ```
#[must_use = "dropping it kills the execution"]
pub struct KillGuard<K: Killer> {
    /// None once disarmed.
    id: Option<ExecutionId>,
    killer: K,
}

impl<K: Killer> KillGuard<K> {
    /// Guards an execution.
    pub fn new(id: ExecutionId, killer: K) -> Self {
        Self { id: Some(id), killer }
    }

    /// Lets the execution live, and returns its id.
    pub fn disarm(mut self) -> ExecutionId {
        self.id.take().unwrap_or_default()
    }
}

impl<K: Killer> Drop for KillGuard<K> {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.killer.kill(id);
        }
    }
}

impl<K: Killer> fmt::Debug for KillGuard<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KillGuard").field("id", &self.id).finish_non_exhaustive()
    }
}
