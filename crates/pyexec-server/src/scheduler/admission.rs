//! How submissions get in, and how one that comes again is found.

use super::{Begun, Found, Scheduler, State};
use crate::{
    BoxFuture, Caller, IdempotencyKey, Output, Owner, Record, StoreError, Submission, clock,
    error::ApiError,
    live::Attendance,
    queue::{Full, Need},
    verdict,
};
use futures_util::FutureExt;
use pyexec_types::{ExecutionId, ExecutionResult, Status};
use std::{
    error::Error,
    sync::{Arc, MutexGuard},
};
use tracing::Instrument;

/// A submission that was taken, now or before.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) found: Found,
    /// Of a client that waits for the result.
    pub(crate) attendance: Option<Attendance>,
}

/// How a submission came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arrival {
    /// Whether the client wants the id only.
    pub(crate) is_async: bool,
    pub(crate) key: Option<IdempotencyKey>,
}

impl Taken {
    fn new(found: Found, is_async: bool) -> Self {
        let attendance = match &found {
            Found::Live(live) if is_async => {
                live.keep();
                None
            }
            Found::Live(live) => Some(live.attend()),
            Found::Over(_) => None,
        };
        Self { found, attendance }
    }
}

impl Scheduler {
    /// Accepts a submission, or turns it away where there is no place for it. One that is known by
    /// its key is what it was before.
    pub(crate) async fn submit(
        self: &Arc<Self>,
        submission: Submission,
        caller: &Caller,
        arrival: Arrival,
    ) -> Result<Taken, ApiError> {
        let taken = self.take(submission, caller, arrival)?;
        match &taken.found {
            // Whoever hears of it can rely on it.
            Found::Live(live) if !live.is_accepted().await => Err(ApiError::not_stored()),
            _ => Ok(taken),
        }
    }

    fn take(
        self: &Arc<Self>,
        submission: Submission,
        caller: &Caller,
        Arrival { is_async, key }: Arrival,
    ) -> Result<Taken, ApiError> {
        let need = self.need(&submission);
        let (begun, record, taken) = {
            let mut state = match self.known(&caller.owner, key.as_ref())? {
                Known::As(found) => return Ok(Taken::new(found, is_async)),
                Known::ToNobody(state) => state,
            };
            if state.draining {
                return Err(ApiError::draining());
            }
            let ticket = state.queue.join(caller, need).map_err(turned_away)?;
            state.last_created = clock::micros().max(state.last_created + 1);
            let id = ExecutionId::from(format!("exe_{}", uuid::Uuid::new_v4()));
            let result = ExecutionResult::new(id, Status::Pending);
            let output = Output::new(self.output_bytes, &self.output_space);
            let owner = caller.owner.clone();
            let record = Record::new(result, output, owner, state.last_created);
            let record = Record { is_kept: is_async || key.is_some(), key, ..record };
            let begun =
                state.begin(ticket, record.clone()).map_err(|error| ApiError::internal(&error))?;
            let taken = Taken::new(Found::Live(begun.live.clone()), is_async);
            (begun, record, taken)
        };
        self.dispatch();
        let accepted = self.store.accept(record.clone(), &submission);
        // Its log lines are those of its request.
        let life = Arc::clone(self).live_through(begun, submission, record, accepted);
        tokio::spawn(life.in_current_span());
        Ok(taken)
    }

    /// The whole life of a submission; it goes on where its client is gone.
    async fn live_through(
        self: Arc<Self>,
        Begun { live, turn }: Begun,
        submission: Submission,
        mut record: Record,
        accepted: BoxFuture<Result<(), StoreError>>,
    ) {
        let accepted = if record.is_kept {
            accepted.await
        } else {
            // Nobody waits for what nobody can come back for; what can't be accepted at all is
            // known at once.
            accepted.now_or_never().unwrap_or(Ok(()))
        };
        if let Err(error) = accepted {
            tracing::error!(error = &error as &dyn Error, "a submission was not stored");
            verdict::refuse(&mut record.result, "it could not be stored");
            self.forget(&live);
            live.refuse(record);
            return;
        }
        live.accept();
        self.see_through(live, submission, turn).await;
    }

    /// What a slot for a submission takes: a slot is a guarantee of its memory.
    pub(super) fn need(&self, submission: &Submission) -> Need {
        let limits = &submission.job.limits;
        let disk = limits.disk_mb * self.disk_reserve_percent / 100;
        let memory_mb = (limits.memory_mb + disk).min(self.memory_budget_mb);
        let packages = !submission.needs.requirements.is_empty();
        Need { memory_mb, bytes: submission.bytes(), packages }
    }

    /// The execution that an owner's key has had before.
    fn known(&self, owner: &Owner, key: Option<&IdempotencyKey>) -> Result<Known<'_>, ApiError> {
        let Some(IdempotencyKey { key, digest }) = key else {
            return Ok(Known::ToNobody(self.state()));
        };
        let found = loop {
            let before = self.state().forgotten;
            // The store may take its time, and nobody else shall wait for it.
            let stored = self.store.find(owner, key).map_err(|error| ApiError::internal(&error))?;
            let state = self.state();
            let live = state.keys.get(&(owner.clone(), key.clone()));
            if let Some(live) = live.and_then(|id| state.live.get(id)) {
                break Found::Live(live.clone());
            }
            if let Some(record) = stored {
                break Found::Over(Box::new(record));
            }
            // Else it may have come, ended and gone to the store meanwhile.
            if state.forgotten == before {
                return Ok(Known::ToNobody(state));
            }
        };
        if found.record().key.is_some_and(|known| known.digest != *digest) {
            return Err(ApiError::conflict(
                "idempotency_conflict",
                "this Idempotency-Key came with another body before",
            ));
        }
        Ok(Known::As(found))
    }
}

/// What is known by a key.
enum Known<'a> {
    As(Found),
    /// With the state in which that holds.
    ToNobody(MutexGuard<'a, State>),
}

fn turned_away(full: Full) -> ApiError {
    match full {
        Full::Waiting(count) => {
            let message = format!("the queue is full: {count} executions are waiting");
            ApiError::unavailable("queue_full", message)
        }
        Full::Bytes => {
            let message = "the queue is full: waiting executions hold too much input";
            ApiError::unavailable("queue_full", message)
        }
        Full::OfOwner(most) => {
            let message = format!("this token has {most} executions waiting already, its maximum");
            ApiError::too_many("too_many_queued", message)
        }
    }
}
