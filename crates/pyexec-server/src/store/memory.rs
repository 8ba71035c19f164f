//! Executions in memory.

use super::{ListQuery, Record, Store, StoreError};
use crate::{BoxFuture, Owner};
use pyexec_types::ExecutionId;
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Remembers in memory: finished executions for a time, and up to a number of bytes.
#[derive(Debug)]
pub struct MemoryStore {
    ttl: Duration,
    most_bytes: u64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    records: HashMap<ExecutionId, Record>,
    /// Each owner's, in the order of their arrival.
    of_owner: BTreeMap<(Owner, u64), ExecutionId>,
    by_key: HashMap<(Owner, String), ExecutionId>,
    /// Finished ones, the oldest first, with when they expire and how large they are.
    finished: VecDeque<(Instant, u64, ExecutionId)>,
    bytes: u64,
}

impl Kept {
    fn forget(&mut self, id: &ExecutionId) {
        let Some(Record { owner, created, key, .. }) = self.records.remove(id) else { return };
        if let Some(key) = key {
            self.by_key.remove(&(owner.clone(), key.key));
        }
        self.of_owner.remove(&(owner, created));
    }
}

impl MemoryStore {
    /// A store that forgets a finished execution `ttl` after its end, or earlier, the oldest
    /// first, once there are more than `most_bytes` of results.
    pub fn new(ttl: Duration, most_bytes: usize) -> Self {
        Self { ttl, most_bytes: most_bytes as u64, kept: Mutex::default() }
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
            kept.forget(&id);
        }
        kept
    }

    fn put_at(&self, record: Record, now: Instant) {
        let (id, bytes) = (record.id().clone(), record.bytes());
        let terminal = record.result.status.is_terminal();
        let mut kept = self.kept(now);
        kept.of_owner.insert((record.owner.clone(), record.created), id.clone());
        if let Some(key) = &record.key {
            kept.by_key.insert((record.owner.clone(), key.key.clone()), id.clone());
        }
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
    fn put(&self, record: Record) -> BoxFuture<Result<(), StoreError>> {
        self.put_at(record, Instant::now());
        Box::pin(async { Ok(()) })
    }

    fn get(&self, id: &ExecutionId) -> Result<Option<Record>, StoreError> {
        Ok(self.kept(Instant::now()).records.get(id).cloned())
    }

    fn find(&self, owner: &Owner, key: &str) -> Result<Option<Record>, StoreError> {
        let kept = self.kept(Instant::now());
        let id = kept.by_key.get(&(owner.clone(), key.to_owned()));
        Ok(id.and_then(|id| kept.records.get(id)).cloned())
    }

    fn list(&self, query: &ListQuery) -> Result<Vec<Record>, StoreError> {
        let kept = self.kept(Instant::now());
        let of = |created| (query.owner.clone(), created);
        let found = kept.of_owner.range(of(0)..of(query.before.unwrap_or(u64::MAX))).rev();
        let records = found.filter_map(|(_, id)| kept.records.get(id));
        let wanted = |record: &&Record| {
            query.status.as_ref().is_none_or(|status| record.result.status == *status)
        };
        Ok(records.filter(wanted).take(query.limit).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        IdempotencyKey, Output,
        output::{KeptPlace, KeptStream},
    };
    use pyexec_types::{ExecutionResult, Status};

    fn record(id: &str, status: Status, stdout: &str) -> Record {
        let place = KeptPlace::Memory(stdout.as_bytes().to_vec().into());
        let stdout = KeptStream { total: stdout.len() as u64, most: 100, place, gap: None };
        let output = Output::from_kept(stdout, KeptStream::default());
        let created = u64::from(id.as_bytes()[0]);
        let key = IdempotencyKey { key: format!("key of {id}"), digest: String::new() };
        let result = ExecutionResult::new(id.into(), status);
        let record = Record::new(result, output, Owner::anonymous(), created);
        Record { key: Some(key), ..record }
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
        let kept = store.kept(later);
        assert_eq!((kept.of_owner.len(), kept.by_key.len(), kept.records.len()), (1, 1, 1));
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

    #[test]
    fn lists_have_the_newest_first_and_one_owner_only() {
        let store = MemoryStore::new(Duration::from_secs(300), 1000);
        for id in ["a", "b", "c", "d"] {
            let status = if id == "b" { Status::Running } else { Status::Completed };
            store.put_at(record(id, status, ""), Instant::now());
        }
        let other = Record { owner: Owner::of_token("x"), ..record("e", Status::Completed, "") };
        store.put_at(other, Instant::now());
        let list = |status, before, limit| -> String {
            let owner = Owner::anonymous();
            let query = ListQuery { owner, status, before, limit };
            let records = store.list(&query).unwrap();
            records.iter().map(|record| record.id().as_str()).collect()
        };
        assert_eq!(list(None, None, 9), "dcba");
        assert_eq!(list(None, None, 2), "dc");
        assert_eq!(list(None, Some(u64::from(b'c')), 9), "ba");
        assert_eq!(list(Some(Status::Completed), None, 2), "dc");
        assert_eq!(list(Some(Status::Running), None, 2), "b");
        let found = store.find(&Owner::anonymous(), "key of c").unwrap().unwrap();
        assert_eq!(found.id().as_str(), "c");
        assert_eq!(store.find(&Owner::of_token("x"), "key of c").unwrap(), None);
    }
}
