//! Which executions there are, and who may run.

mod admission;

pub(crate) use admission::{Arrival, Taken};

use crate::{
    Backend, Caller, ListQuery, Output, Owner, Record, ServerConfig, Store, Submission,
    error::ApiError,
    live::Live,
    metrics::{Load, Metrics},
    packages::PackageSource,
    queue::{Capacity, Queue},
    space::SpoolSpace,
};
use pyexec_types::{ExecutionId, Status};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::oneshot;

/// Runs submissions when there is room for them.
#[derive(Debug)]
pub(crate) struct Scheduler {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) packages: Arc<PackageSource>,
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
    /// How many of those with a key have gone.
    forgotten: u64,
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

impl Scheduler {
    pub(crate) fn new(
        config: &ServerConfig,
        backend: Arc<dyn Backend>,
        store: Arc<dyn Store>,
        output_space: Arc<SpoolSpace>,
        metrics: Arc<Metrics>,
        packages: Arc<PackageSource>,
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
            packages,
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
                forgotten: 0,
                last_created: 0,
                draining: false,
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
            live.accept();
            tokio::spawn(Arc::clone(self).see_through(live, submission, turn));
        }
        self.dispatch();
        Ok(())
    }

    /// Whether anything waits or runs.
    pub(crate) fn is_busy(&self) -> bool {
        !self.state().live.is_empty()
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
                // It may know more than could be stored.
                record.result = live.record().result;
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
        if !self.store.keeps_submissions() {
            return;
        }
        let State { queue, turns, live, .. } = &mut *state;
        for live in live.values().filter(|live| live.record().is_kept) {
            if queue.position(live.ticket()).is_some() {
                live.suspend();
                // Nor may it get a turn that somebody gives up meanwhile.
                queue.leave(live.ticket());
                turns.remove(live.ticket());
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
        if tokio::time::timeout(grace, all).await.is_ok() {
            return;
        }
        let late: Vec<_> = left.iter().filter(|live| !live.is_over()).collect();
        tracing::warn!(count = late.len(), "stopping executions that outlast the grace period");
        for live in &late {
            live.cut_off();
        }
        for live in &late {
            live.finished().await;
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

    /// An execution lacks nothing but a slot.
    pub(crate) fn has_packages(&self, live: &Live) {
        self.state().queue.ready(live.ticket());
        self.dispatch();
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
            state.forgotten += 1;
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

#[cfg(test)]
#[path = "scheduler/tests.rs"]
mod tests;
