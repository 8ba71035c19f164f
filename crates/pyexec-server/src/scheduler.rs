//! Which executions there are, who may run, and how one that is asked for again is found.

use crate::{
    Backend, Caller, IdempotencyKey, ListQuery, Output, Owner, Record, ServerConfig, Store,
    Submission, clock,
    error::ApiError,
    live::Live,
    metrics::{Load, Metrics},
    queue::{Capacity, Full, Need, Queue},
    space::SpoolSpace,
};
use futures_util::FutureExt;
use pyexec_types::{ExecutionId, ExecutionResult, Status};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::oneshot;
use tracing::Instrument;

/// Runs submissions when there is room for them.
#[derive(Debug)]
pub(crate) struct Scheduler {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) queue_timeout: Duration,
    output_bytes: usize,
    output_space: Arc<SpoolSpace>,
    disk_reserve_percent: u64,
    memory_budget_mb: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    queue: Queue,
    /// Those that wait for their turn.
    turns: HashMap<crate::queue::Ticket, oneshot::Sender<()>>,
    live: HashMap<ExecutionId, Live>,
    /// Those of `live` that came with a key.
    keys: HashMap<(Owner, String), ExecutionId>,
    /// When the newest was accepted.
    last_created: u64,
    draining: bool,
}

/// What is known of an execution, and whether more comes of it.
#[derive(Debug)]
pub(crate) enum Found {
    Live(Live),
    Over(Box<Record>),
}

/// A new execution on its way.
struct Begun {
    live: Live,
    turn: oneshot::Receiver<()>,
}

/// How a submission came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arrival {
    /// Whether the client wants the id only.
    pub(crate) is_async: bool,
    pub(crate) key: Option<IdempotencyKey>,
}

impl Scheduler {
    pub(crate) fn new(
        config: &ServerConfig,
        backend: Arc<dyn Backend>,
        store: Arc<dyn Store>,
        output_space: Arc<SpoolSpace>,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        let queue = Queue::new(Capacity {
            slots: config.slots.max(1),
            memory_mb: config.memory_budget_mb,
            waiting: config.queue_length,
            bytes: config.pending_bytes,
        });
        Arc::new(Self {
            backend,
            store,
            metrics,
            queue_timeout: config.queue_timeout,
            output_bytes: config.output_bytes,
            output_space,
            disk_reserve_percent: config.disk_reserve_percent,
            memory_budget_mb: config.memory_budget_mb,
            state: Mutex::new(State {
                queue,
                turns: HashMap::new(),
                live: HashMap::new(),
                keys: HashMap::new(),
                last_created: 0,
                draining: false,
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts a submission, or turns it away where there is no place for it. One that is known by
    /// its key is what it was before.
    pub(crate) async fn submit(
        self: &Arc<Self>,
        submission: Submission,
        caller: &Caller,
        arrival: Arrival,
    ) -> Result<Found, ApiError> {
        let need = self.need(&submission);
        let (begun, record) = {
            let mut state = self.state();
            if let Some(known) = self.known(&state, &caller.owner, arrival.key.as_ref())? {
                return Ok(known);
            }
            if state.draining {
                return Err(ApiError::unavailable("draining", "the server is shutting down"));
            }
            let ticket = state.queue.join(caller, need).map_err(turned_away)?;
            state.last_created = clock::micros().max(state.last_created + 1);
            let id = ExecutionId::from(format!("exe_{}", uuid::Uuid::new_v4()));
            let result = ExecutionResult::new(id, Status::Pending);
            let output = Output::new(self.output_bytes, &self.output_space);
            let owner = caller.owner.clone();
            let record = Record::new(result, output, owner, state.last_created);
            let record = Record { is_async: arrival.is_async, key: arrival.key, ..record };
            match state.begin(ticket, record.clone()) {
                Ok(begun) => (begun, record),
                Err(error) => return Err(ApiError::internal(&error)),
            }
        };
        self.dispatch();
        let (live, is_async) = (begun.live.clone(), record.is_async);
        let accepted = self.store.accept(record, &submission);
        let (tell, told) = oneshot::channel();
        let scheduler = Arc::clone(self);
        // Its log lines are those of its request.
        let life = async move {
            let Begun { live, turn } = begun;
            // Nobody waits for what nobody can come back for.
            let accepted = if is_async {
                accepted.await
            } else {
                // What can't be accepted at all is known at once.
                accepted.now_or_never().unwrap_or(Ok(()))
            };
            if let Err(error) = accepted {
                scheduler.forget(&live);
                drop(tell.send(Err(ApiError::not_stored(&error))));
                return;
            }
            drop(tell.send(Ok(())));
            scheduler.see_through(live, submission, turn).await;
        };
        tokio::spawn(life.in_current_span());
        told.await.map_err(|error| ApiError::internal(&error))??;
        Ok(Found::Live(live))
    }

    /// Queues again what waited when an earlier server ended.
    pub(crate) fn resume(
        self: &Arc<Self>,
        left: Vec<(Caller, Record, Submission)>,
    ) -> std::io::Result<()> {
        for (caller, record, submission) in left {
            let need = self.need(&submission);
            let output = Output::new(self.output_bytes, &self.output_space);
            let Begun { live, turn } = {
                let mut state = self.state();
                state.last_created = state.last_created.max(record.created);
                let ticket = state.queue.rejoin(&caller, need);
                state.begin(ticket, Record { output, ..record })?
            };
            live.keep();
            tokio::spawn(Arc::clone(self).see_through(live, submission, turn));
        }
        self.dispatch();
        Ok(())
    }

    /// What a slot for a submission takes: a slot is a guarantee of its memory.
    fn need(&self, submission: &Submission) -> Need {
        let limits = &submission.job.limits;
        let disk = limits.disk_mb * self.disk_reserve_percent / 100;
        let memory_mb = (limits.memory_mb + disk).min(self.memory_budget_mb);
        Need { memory_mb, bytes: submission.bytes() }
    }

    /// The execution that an owner's key has had before.
    fn known(
        &self,
        state: &State,
        owner: &Owner,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Found>, ApiError> {
        let Some(IdempotencyKey { key, digest }) = key else { return Ok(None) };
        let live = state.keys.get(&(owner.clone(), key.clone()));
        let found = match live.and_then(|id| state.live.get(id)) {
            Some(live) => Found::Live(live.clone()),
            None => {
                match self.store.find(owner, key).map_err(|error| ApiError::internal(&error))? {
                    Some(record) => Found::Over(Box::new(record)),
                    None => return Ok(None),
                }
            }
        };
        if found.record().key.is_some_and(|known| known.digest != *digest) {
            return Err(ApiError::conflict(
                "idempotency_conflict",
                "this Idempotency-Key came with another body before",
            ));
        }
        Ok(Some(found))
    }

    /// How busy it is.
    pub(crate) fn load(&self) -> Load {
        let (output_bytes, output_most) = (self.output_space.used(), self.output_space.most());
        Load { output_bytes, output_most, ..self.state().queue.load() }
    }

    /// An owner's execution.
    pub(crate) fn find(&self, owner: &Owner, id: &ExecutionId) -> Result<Found, ApiError> {
        if let Some(live) = self.state().live.get(id) {
            let live = live.clone();
            return if live.is_of(owner) {
                Ok(Found::Live(live))
            } else {
                Err(ApiError::not_found())
            };
        }
        let record = self.store.get(id).map_err(|error| ApiError::internal(&error))?;
        let own = record.filter(|record| record.owner == *owner);
        own.map(|own| Found::Over(Box::new(own))).ok_or_else(ApiError::not_found)
    }

    /// An owner's executions, the newest first.
    pub(crate) fn list(&self, query: &ListQuery) -> Result<Vec<Record>, ApiError> {
        let mut records = self.store.list(query).map_err(|error| ApiError::internal(&error))?;
        let state = self.state();
        for record in &mut records {
            if let Some(live) = state.live.get(record.id()) {
                record.result.queue_position = state.queue.position(live.ticket());
            }
        }
        Ok(records)
    }

    /// How many run before it, while it is pending.
    pub(crate) fn position(&self, live: &Live) -> Option<u64> {
        self.state().queue.position(live.ticket())
    }

    /// Ends an owner's execution and waits until nothing of it is left; its final status.
    pub(crate) async fn kill(&self, owner: &Owner, id: &ExecutionId) -> Result<Status, ApiError> {
        let record = match self.find(owner, id)? {
            Found::Live(live) => {
                live.stop();
                live.finished().await
            }
            Found::Over(record) => *record,
        };
        Ok(record.result.status)
    }

    /// Accepts nothing more; what may wait for the next start does.
    pub(crate) fn drain(&self) {
        let mut state = self.state();
        state.draining = true;
        if self.store.keeps_submissions() {
            for live in state.live.values().filter(|live| live.record().is_async) {
                if state.queue.position(live.ticket()).is_some() {
                    live.suspend();
                }
            }
        }
    }

    /// Lets what is under way end within `grace`, then ends it.
    pub(crate) async fn finish(&self, grace: Duration) {
        self.drain();
        let left: Vec<_> = self.state().live.values().cloned().collect();
        let all = async {
            for live in &left {
                live.finished().await;
            }
        };
        if tokio::time::timeout(grace, all).await.is_err() {
            tracing::warn!(count = left.len(), "stopping executions that outlast the grace period");
            for live in &left {
                live.stop();
            }
            for live in &left {
                live.finished().await;
            }
        }
    }

    /// Gives slots to those whose turn it is.
    fn dispatch(&self) {
        let mut state = self.state();
        while let Some(ticket) = state.queue.next() {
            if let Some(turn) = state.turns.remove(&ticket) {
                // One that waits no more gives its slot back itself.
                let _ = turn.send(());
            }
        }
    }

    /// Gives an execution's place or slot back.
    pub(crate) fn leave(&self, live: &Live) {
        {
            let mut state = self.state();
            state.turns.remove(live.ticket());
            state.queue.leave(live.ticket());
        }
        self.dispatch();
    }

    /// It is over, or never was.
    pub(crate) fn forget(&self, live: &Live) {
        self.leave(live);
        let record = live.record();
        let mut state = self.state();
        state.live.remove(record.id());
        if let Some(key) = record.key {
            state.keys.remove(&(record.owner, key.key));
        }
    }
}

impl State {
    fn begin(&mut self, ticket: crate::queue::Ticket, record: Record) -> std::io::Result<Begun> {
        let id = record.id().clone();
        let key = record.key.as_ref().map(|key| (record.owner.clone(), key.key.clone()));
        let live = Live::new(ticket.clone(), record).inspect_err(|_| self.queue.leave(&ticket))?;
        let (tell, turn) = oneshot::channel();
        self.turns.insert(ticket, tell);
        self.live.insert(id.clone(), live.clone());
        if let Some(key) = key {
            self.keys.insert(key, id);
        }
        Ok(Begun { live, turn })
    }
}

impl Found {
    /// What is known of it now.
    pub(crate) fn record(&self) -> Record {
        match self {
            Self::Live(live) => live.record(),
            Self::Over(record) => (**record).clone(),
        }
    }
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
