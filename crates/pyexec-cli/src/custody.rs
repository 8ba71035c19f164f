//! Who answers for an execution that `run` started, between the thread that works and the one that
//! hears signals.

use pyexec_blocking::types::ExecutionId;
use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Where an execution of ours stands. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Custody(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    stage: Mutex<Stage>,
    /// Somebody leaves, and may wait for an id.
    is_left: AtomicBool,
    changed: Condvar,
}

#[derive(Debug, Default)]
enum Stage {
    /// Nothing was sent.
    #[default]
    Before,
    /// It is on its way, and has no id yet.
    Submitting,
    /// It runs, as far as we know.
    Accepted(ExecutionId),
    /// Its last words are being said, or there are none.
    Over,
    /// We leave: nobody may submit or say anything more.
    Left,
}

impl Custody {
    /// Submits, unless we leave already.
    pub(crate) fn submit<E>(
        &self,
        submit: impl FnOnce() -> Result<ExecutionId, E>,
    ) -> Option<Result<ExecutionId, E>> {
        if !self.go_on(|stage| matches!(stage, Stage::Before), Stage::Submitting) {
            return None;
        }
        let submitted = submit();
        let next = match &submitted {
            Ok(id) => Stage::Accepted(id.clone()),
            Err(_) => Stage::Before,
        };
        self.go_on(|stage| matches!(stage, Stage::Submitting), next);
        // Whoever leaves meanwhile waits for it.
        self.0.changed.notify_all();
        Some(submitted)
    }

    /// Whether somebody leaves: what isn't sent yet needn't be.
    pub(crate) fn is_left(&self) -> bool {
        self.0.is_left.load(Ordering::SeqCst)
    }

    /// Whether the last words may be said; then nobody else says any.
    pub(crate) fn finish(&self) -> bool {
        self.go_on(|stage| !self.is_left() && !matches!(stage, Stage::Over), Stage::Over)
    }

    /// Leaves. An id that is on its way is waited for.
    pub(crate) fn leave(&self, patience: Duration) -> Departure {
        let stage = self.stage();
        self.0.is_left.store(true, Ordering::SeqCst);
        let on_its_way = |stage: &mut Stage| matches!(stage, Stage::Submitting);
        let waited = self.0.changed.wait_timeout_while(stage, patience, on_its_way);
        let (mut stage, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *stage, Stage::Left) {
            Stage::Accepted(id) => Departure::Kill(id),
            Stage::Over => {
                *stage = Stage::Over;
                Departure::Over
            }
            Stage::Before | Stage::Submitting | Stage::Left => Departure::Nothing,
        }
    }

    fn go_on(&self, may: impl Fn(&Stage) -> bool, next: Stage) -> bool {
        let mut stage = self.stage();
        let may = may(&stage);
        if may {
            *stage = next;
        }
        may
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.0.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is left to do for somebody who leaves.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// This runs.
    Kill(ExecutionId),
    /// Nothing was started, as far as we know.
    Nothing,
    /// All was said.
    Over,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::mpsc, thread};

    const NOW: Duration = Duration::ZERO;

    fn submit(custody: &Custody) -> Option<Result<ExecutionId, ()>> {
        custody.submit(|| Ok("exe_1".into()))
    }

    #[test]
    fn what_was_accepted_is_killed_and_nobody_else_speaks() {
        let custody = Custody::default();
        submit(&custody).unwrap().unwrap();
        assert_eq!(custody.leave(NOW), Departure::Kill("exe_1".into()));
        assert!(!custody.finish());
    }

    #[test]
    fn nothing_is_submitted_after_somebody_left() {
        let custody = Custody::default();
        assert_eq!(custody.leave(NOW), Departure::Nothing);
        assert!(submit(&custody).is_none());
    }

    #[test]
    fn last_words_are_said_once() {
        let custody = Custody::default();
        submit(&custody).unwrap().unwrap();
        assert!(custody.finish() && !custody.finish());
        assert_eq!(custody.leave(NOW), Departure::Over);
        let refused = Custody::default();
        refused.submit(|| Err(())).unwrap().unwrap_err();
        assert!(refused.finish());
    }

    #[test]
    fn an_id_on_its_way_is_waited_for() {
        let custody = Custody::default();
        let (begun, has_begun) = mpsc::channel();
        let (answer, answered) = mpsc::channel();
        let submitting = custody.clone();
        let thread = thread::spawn(move || {
            let submitted = submitting.submit(|| {
                begun.send(()).unwrap();
                answered.recv().map(|()| "exe_2".into())
            });
            submitted.unwrap().unwrap();
        });
        has_begun.recv().unwrap();
        answer.send(()).unwrap();
        assert_eq!(custody.leave(Duration::from_secs(30)), Departure::Kill("exe_2".into()));
        thread.join().unwrap();
    }

    #[test]
    fn an_upload_that_ends_half_way_is_waited_for_no_longer() {
        let custody = Custody::default();
        let uploading = custody.clone();
        let thread = thread::spawn(move || {
            let submitted = uploading.submit(|| {
                while !uploading.is_left() {
                    thread::yield_now();
                }
                Err::<ExecutionId, ()>(())
            });
            // It may have come too late to begin.
            assert!(submitted.is_none_or(|submitted| submitted.is_err()));
            assert!(!uploading.finish());
        });
        assert_eq!(custody.leave(Duration::from_secs(30)), Departure::Nothing);
        thread.join().unwrap();
    }

    #[test]
    fn an_id_that_does_not_come_is_not_waited_for_forever() {
        let custody = Custody::default();
        let left = custody.submit(|| {
            Ok::<_, ()>(match custody.leave(NOW) {
                Departure::Nothing => "exe_3".into(),
                _ => ExecutionId::default(),
            })
        });
        assert_eq!(left.unwrap().unwrap().as_str(), "exe_3");
        assert!(!custody.finish());
    }
}
