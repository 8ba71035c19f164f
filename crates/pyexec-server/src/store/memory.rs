//! What is remembered of executions.

use pyexec_types::{ExecutionId, ExecutionResult};
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// What is remembered of one execution.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// What came, or has come so far, of it.
    pub result: ExecutionResult,
}

impl Record {
    /// Remembers a result.
    pub fn new(result: ExecutionResult) -> Self {
        Self { result }
    }
}

/// A store that could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("the execution store failed")]
pub struct StoreError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl StoreError {
    /// Wraps the store's own error.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

/// Remembers executions. Calls are short and may block briefly.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Adds a record or replaces it. One whose status is terminal may be forgotten after a time.
    ///
    /// # Errors
    /// Where it could not be stored; then the older record stands.
    fn put(&self, record: Record) -> Result<(), StoreError>;

    /// The record of an execution; `None` where there is none (any more).
    ///
    /// # Errors
    /// Where the store can't be read.
    fn get(&self, id: &ExecutionId) -> Result<Option<Record>, StoreError>;
}

/// Remembers in memory: finished executions for a time, and up to a number of bytes.
#[derive(Debug)]
pub struct MemoryStore {
    ttl: Duration,
    most_bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    records: HashMap<ExecutionId, Record>,
    /// Finished ones, the oldest first, with when they expire and how large they are.
    finished: VecDeque<(Instant, usize, ExecutionId)>,
    bytes: usize,
}

impl MemoryStore {
    /// A store that forgets a finished execution `ttl` after its end, or earlier, the oldest
    /// first, once there are more than `most_bytes` of results.
    pub fn new(ttl: Duration, most_bytes: usize) -> Self {
        Self { ttl, most_bytes, kept: Mutex::default() }
    }

    fn kept(&self, now: Instant) -> MutexGuard<'_, Kept> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((expires, bytes, id)) = kept.finished.front().cloned() {
            // The newest stays whatever its size: somebody is about to fetch it.
            let too_many = kept.bytes > self.most_bytes && kept.finished.len() > 1;
            if expires > now && !too_many {
                break;
            }
            kept.finished.pop_front();
            kept.bytes -= bytes;
            kept.records.remove(&id);
        }
        kept
    }

    fn put_at(&self, record: Record, now: Instant) {
        let result = &record.result;
        let frames = result.traceback.iter().map(|frame| frame.file.len() + frame.function.len());
        let bytes = result.stdout.len()
            + result.stderr.len()
            + result.result.as_ref().map_or(0, String::len)
            + frames.sum::<usize>();
        let (id, terminal) = (result.execution_id.clone(), result.status.is_terminal());
        let mut kept = self.kept(now);
        kept.records.insert(id.clone(), record);
        if terminal {
            kept.bytes += bytes;
            kept.finished.push_back((now + self.ttl, bytes, id));
            drop(kept);
            drop(self.kept(now));
        }
    }
}

impl Store for MemoryStore {
    fn put(&self, record: Record) -> Result<(), StoreError> {
        self.put_at(record, Instant::now());
        Ok(())
    }

    fn get(&self, id: &ExecutionId) -> Result<Option<Record>, StoreError> {
        Ok(self.kept(Instant::now()).records.get(id).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pyexec_types::Status;

    fn record(id: &str, status: Status, stdout: &str) -> Record {
        let mut result = ExecutionResult::new(id.into(), status);
        result.stdout = stdout.into();
        Record::new(result)
    }

    fn has(store: &MemoryStore, id: &str, now: Instant) -> bool {
        store.kept(now).records.contains_key(&ExecutionId::from(id))
    }

    #[test]
    fn finished_ones_expire_and_others_do_not() {
        let store = MemoryStore::new(Duration::from_secs(300), 1000);
        let now = Instant::now();
        store.put_at(record("a", Status::Running, ""), now);
        store.put_at(record("b", Status::Completed, ""), now);
        let soon = now + Duration::from_secs(299);
        assert!(has(&store, "a", soon) && has(&store, "b", soon));
        let later = now + Duration::from_secs(301);
        assert!(has(&store, "a", later) && !has(&store, "b", later));
    }

    #[test]
    fn the_oldest_go_first_when_there_is_too_much() {
        let store = MemoryStore::new(Duration::from_secs(300), 10);
        let now = Instant::now();
        for id in ["a", "b", "c"] {
            store.put_at(record(id, Status::Completed, "12345"), now);
        }
        assert_eq!(
            [has(&store, "a", now), has(&store, "b", now), has(&store, "c", now)],
            [false, true, true]
        );
        store.put_at(record("d", Status::Completed, "more than ten bytes"), now);
        assert!(has(&store, "d", now) && !has(&store, "c", now));
    }
}
