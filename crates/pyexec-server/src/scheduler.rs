//! Who runs when: slots, memory, a bounded queue in order of arrival, and the executions that are
//! not over yet.

use crate::{
    Backend, Record, ServerConfig, Store, Submission,
    error::ApiError,
    live::{Live, Verdict},
    output::Output,
    verdict,
};
use pyexec_sandbox::{Observer, OutputStream};
use pyexec_types::{ExecutionId, ExecutionResult, Outcome, Status};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Runs submissions when there is room for them.
#[derive(Debug)]
pub(crate) struct Scheduler {
    backend: Arc<dyn Backend>,
    store: Arc<dyn Store>,
    slots: Arc<Semaphore>,
    memory_mb: Arc<Semaphore>,
    slot_count: usize,
    queue_length: usize,
    queue_timeout: Duration,
    output_bytes: usize,
    pending_bytes: usize,
    disk_reserve_percent: u64,
    memory_budget_mb: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    live: HashMap<ExecutionId, Live>,
    /// What the submissions of `live` hold in memory.
    bytes: usize,
    draining: bool,
}

impl Scheduler {
    pub(crate) fn new(
        config: &ServerConfig,
        backend: Arc<dyn Backend>,
        store: Arc<dyn Store>,
    ) -> Arc<Self> {
        let slot_count = config.slots.max(1);
        let memory = usize::try_from(config.memory_budget_mb).unwrap_or(usize::MAX);
        Arc::new(Self {
            backend,
            store,
            slots: Arc::new(Semaphore::new(slot_count)),
            memory_mb: Arc::new(Semaphore::new(memory.min(Semaphore::MAX_PERMITS))),
            slot_count,
            queue_length: config.queue_length,
            queue_timeout: config.queue_timeout,
            output_bytes: config.output_bytes,
            pending_bytes: config.pending_bytes,
            disk_reserve_percent: config.disk_reserve_percent,
            memory_budget_mb: config.memory_budget_mb,
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts a submission, or turns it away where the queue is full.
    pub(crate) fn submit(self: &Arc<Self>, submission: Submission) -> Result<Live, ApiError> {
        let bytes = submission.bytes();
        let id = ExecutionId::from(format!("exe_{}", uuid::Uuid::new_v4()));
        let (live, verdict) = Live::new(id.clone()).map_err(|error| ApiError::internal(&error))?;
        {
            let mut state = self.state();
            if state.draining {
                return Err(ApiError::unavailable("draining", "the server is shutting down"));
            }
            if state.live.len() >= self.slot_count + self.queue_length {
                let message =
                    format!("the queue is full: {} executions are waiting", self.queue_length);
                return Err(ApiError::unavailable("queue_full", message));
            }
            if state.bytes + bytes > self.pending_bytes {
                let message = "the queue is full: waiting executions hold too much input";
                return Err(ApiError::unavailable("queue_full", message));
            }
            let pending = ExecutionResult::new(id.clone(), Status::Pending);
            self.store.put(Record::new(pending)).map_err(|error| ApiError::internal(&error))?;
            state.live.insert(id, live.clone());
            state.bytes += bytes;
        }
        tokio::spawn(Arc::clone(self).see_through(live.clone(), submission, verdict));
        Ok(live)
    }

    /// What is known of an execution.
    pub(crate) fn get(&self, id: &ExecutionId) -> Result<ExecutionResult, ApiError> {
        let record = self.store.get(id).map_err(|error| ApiError::internal(&error))?;
        record.map(|record| record.result).ok_or_else(ApiError::not_found)
    }

    /// Ends an execution and waits until nothing of it is left; its final status.
    pub(crate) async fn kill(&self, id: &ExecutionId) -> Result<Status, ApiError> {
        let live = self.state().live.get(id).cloned();
        if let Some(live) = live {
            live.stop();
            if let Some(result) = live.finished().await {
                return Ok(result.status.clone());
            }
        }
        Ok(self.get(id)?.status)
    }

    /// Accepts nothing more.
    pub(crate) fn drain(&self) {
        self.state().draining = true;
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

    async fn see_through(self: Arc<Self>, live: Live, submission: Submission, verdict: Verdict) {
        let mut result = ExecutionResult::new(live.id().clone(), Status::Pending);
        let (arrived, bytes) = (Instant::now(), submission.bytes());
        let room = tokio::select! {
            biased;
            () = live.stopped() => None,
            room = tokio::time::timeout(self.queue_timeout, self.room(&submission)) => Some(room),
        };
        result.queued_ms = Some(arrived.elapsed().as_millis() as u64);
        match room {
            Some(Ok(Some(_room))) => self.run(&live, submission, &mut result).await,
            Some(_) => {
                let waited = crate::duration::go_style(self.queue_timeout);
                verdict::refuse(&mut result, &format!("no slot was free within {waited}"));
            }
            None => {
                result.status = Status::Killed;
                result.outcome = Some(Outcome::Killed);
                result.exit_code = 137;
            }
        }
        if let Err(error) = self.store.put(Record::new(result.clone())) {
            tracing::error!(error = &error as &dyn std::error::Error, "a result was lost");
        }
        tracing::info!(
            id = %result.execution_id,
            status = %result.status,
            outcome = result.outcome.as_ref().map(Outcome::as_str),
            exit_code = result.exit_code,
            queued_ms = result.queued_ms,
            duration_ms = result.duration_ms,
            cpu_ms = result.cpu_ms,
            stdout_bytes = result.stdout.len(),
            stderr_bytes = result.stderr.len(),
            "execution finished"
        );
        {
            let mut state = self.state();
            state.live.remove(live.id());
            state.bytes -= bytes;
        }
        verdict.send_replace(Some(Arc::new(result)));
    }

    /// A slot and its memory, in order of arrival: a slot is a guarantee of its memory.
    async fn room(
        &self,
        submission: &Submission,
    ) -> Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)> {
        let limits = &submission.job.limits;
        let disk = limits.disk_mb * self.disk_reserve_percent / 100;
        let memory = (limits.memory_mb + disk).min(self.memory_budget_mb);
        let memory = u32::try_from(memory).unwrap_or(u32::MAX);
        let slot = Arc::clone(&self.slots).acquire_owned().await.ok()?;
        let memory = Arc::clone(&self.memory_mb).acquire_many_owned(memory).await.ok()?;
        Some((slot, memory))
    }

    async fn run(&self, live: &Live, submission: Submission, result: &mut ExecutionResult) {
        result.status = Status::Running;
        result.isolation = Some(self.backend.isolation().level);
        result.started_at = Some(now());
        if let Err(error) = self.store.put(Record::new(result.clone())) {
            verdict::refuse(result, &error.to_string());
            return;
        }
        let output = Arc::new(Mutex::new(Output::new(self.output_bytes)));
        let collector = Box::new(Collector(Arc::clone(&output)));
        let Submission { job, reservation } = submission;
        let limits = job.limits.clone();
        let finished = self.backend.run(job, collector, live.switch()).await;
        drop(reservation);
        result.finished_at = Some(now());
        verdict::pronounce(result, finished, &limits);
        // The backend may still hold its observer, but tells it nothing more.
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        let output = std::mem::replace(&mut *output, Output::new(0));
        (result.stdout, result.stderr, result.truncated) = output.into_text();
        // Of what is past the limit nothing arrived here.
        result.truncated |= result.outcome == Some(Outcome::OutputLimit);
    }
}

/// Keeps an execution's output.
struct Collector(Arc<Mutex<Output>>);

impl Observer for Collector {
    fn output(&mut self, stream: OutputStream, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(stream, bytes);
    }
}

/// RFC 3339 with exactly six digits of a second, which every client of the original can read.
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_have_six_digits_and_a_z() {
        let text = now();
        assert_eq!(text.len(), "2026-11-22T23:41:26.118558Z".len(), "{text}");
        assert!(text.ends_with('Z') && text.as_bytes()[19] == b'.');
    }
}
