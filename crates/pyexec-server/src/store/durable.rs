//! Executions that outlive the server: records and small things in one database, large ones in
//! files beside it.
//!
//! Whoever hears that something was stored can rely on it: it is on the disk by then. Many such
//! calls share one commit (`writer`), since a commit waits for the disk.

mod files;
mod job;
mod recovery;
mod rows;
mod writer;

use super::{ListQuery, Record, Store, StoreError};
use crate::{BoxFuture, Owner, Submission, clock, space::SpoolSpace};
use files::Folder;
use job::JobRow;
use pyexec_sandbox::OutputStream;
use pyexec_types::{ExecutionId, Status};
use redb::ReadableDatabase;
use rows::{BY_KEY, OF_OWNER, OUTPUTS, RECORDS, Row};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};
use writer::{Change, Database, Writer};

/// Free bytes below which nothing new is accepted, so that what was accepted can still end well.
const RESERVE: u64 = 4 << 20;

/// A store in a folder, which one server has for itself.
///
/// What a server that died had accepted and not begun, the next one runs; what it was running is
/// `failed` then, with outcome `lost`, and is never run again. The output of such a dead run is
/// gone.
#[derive(Debug)]
pub struct DurableStore {
    folder: Arc<Folder>,
    database: Arc<Database>,
    writer: Writer,
    thread: Option<JoinHandle<()>>,
    /// Whose submissions an earlier server left, until they are taken over.
    left: Mutex<Vec<ExecutionId>>,
    uploads: Arc<SpoolSpace>,
}

impl DurableStore {
    /// Opens the store in a folder, which is made where there is none. A finished execution is
    /// forgotten `ttl` after its end, or earlier, the oldest first, once there are more than
    /// `most_bytes` of results.
    ///
    /// # Errors
    /// Where the folder can't be written to, another server has it, or its database is broken.
    pub fn open(folder: &Path, ttl: Duration, most_bytes: u64) -> Result<Self, StoreError> {
        let folder = Arc::new(Folder::open(folder)?);
        let database = Arc::new(Database::open(folder.database())?);
        let left = recovery::recover(&database, &folder, ttl)?;
        let (writer, thread) = Writer::start(&database, &folder, ttl, most_bytes)?;
        let uploads = SpoolSpace::new(folder.spool(), u64::MAX);
        let (thread, left) = (Some(thread), Mutex::new(left));
        Ok(Self { folder, database, writer, thread, left, uploads })
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&redb::ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        let database = self.database.get()?;
        let transaction = database.begin_read().map_err(StoreError::new)?;
        read(&transaction).map_err(StoreError::new)
    }

    /// A record, unless it has expired.
    fn record(
        &self,
        transaction: &redb::ReadTransaction,
        id: &str,
    ) -> Result<Option<Record>, redb::Error> {
        let Some(row) = row(transaction, id)? else { return Ok(None) };
        let outputs = transaction.open_table(OUTPUTS)?;
        let inline = |stream| -> Result<Vec<u8>, redb::Error> {
            let found = outputs.get((id, rows::number(stream)))?;
            Ok(found.map(|bytes| bytes.value().to_vec()).unwrap_or_default())
        };
        let (stdout, stderr) = (inline(OutputStream::Stdout)?, inline(OutputStream::Stderr)?);
        Ok(Some(row.into_record(&self.folder, stdout, stderr)))
    }

    /// Puts large output into files with names, then the record into the database.
    fn put_with_files(&self, record: Record) -> BoxFuture<Result<(), StoreError>> {
        let (folder, writer) = (Arc::clone(&self.folder), self.writer.clone());
        Box::pin(async move {
            let named = record.clone();
            let saved = tokio::task::spawn_blocking(move || folder.save_output(&named)).await;
            saved.map_err(StoreError::new)?.map_err(StoreError::new)?;
            writer.send(Change::of(record, None), true)?.await
        })
    }
}

/// What is known of an execution, unless it has expired.
fn row(transaction: &redb::ReadTransaction, id: &str) -> Result<Option<Row>, redb::Error> {
    let records = transaction.open_table(RECORDS)?;
    let Some(row) = records.get(id)? else { return Ok(None) };
    let is_there = |row: &Row| row.expires.is_none_or(|expires| expires > clock::micros());
    Ok(Row::read(row.value()).filter(is_there))
}

/// What was given to it is written, and the folder is free, once it is dropped.
impl Drop for DurableStore {
    fn drop(&mut self) {
        self.writer.close();
        let ended = self.thread.take().map(JoinHandle::join);
        if ended.is_some_and(|ended| ended.is_err()) {
            tracing::error!("the store's thread panicked");
        }
    }
}

impl Store for DurableStore {
    fn put(&self, record: Record) -> BoxFuture<Result<(), StoreError>> {
        let terminal = record.result.status.is_terminal();
        let streams = [OutputStream::Stdout, OutputStream::Stderr];
        if terminal && streams.iter().any(|stream| !record.output.is_in_memory(*stream)) {
            return self.put_with_files(record);
        }
        // Of a request whose client waits only the end counts.
        let is_urgent = terminal || record.is_kept;
        self.writer.write(Change::of(record, None), is_urgent)
    }

    fn accept(&self, record: Record, submission: &Submission) -> BoxFuture<Result<(), StoreError>> {
        let refused = |error| -> BoxFuture<_> { Box::pin(async { Err(StoreError::new(error)) }) };
        if let Err(error) = self.folder.check_free(RESERVE) {
            return refused(error);
        }
        if !record.is_kept {
            return self.put(record);
        }
        let id = record.id().clone();
        let (job, file) = match JobRow::new(submission) {
            Ok(prepared) => prepared,
            Err(error) => return refused(error),
        };
        let Some(file) = file else {
            return self.writer.write(Change::of(record, Some(job)), true);
        };
        let (folder, writer) = (Arc::clone(&self.folder), self.writer.clone());
        Box::pin(async move {
            let saved = {
                let folder = Arc::clone(&folder);
                tokio::task::spawn_blocking(move || folder.save_archive(&id, &file)).await
            };
            saved.map_err(StoreError::new)?.map_err(StoreError::new)?;
            let id = record.id().clone();
            let written = writer.send(Change::of(record, Some(job)), true)?.await;
            if written.is_err() {
                folder.forget_archive(id.as_str());
            }
            written
        })
    }

    fn keeps_submissions(&self) -> bool {
        true
    }

    fn spool_folder(&self) -> Option<PathBuf> {
        Some(self.folder.spool())
    }

    fn take_over(&self) -> Result<Vec<(Record, Submission)>, StoreError> {
        let left = std::mem::take(&mut *self.left.lock().unwrap_or_else(PoisonError::into_inner));
        let mut taken = Vec::new();
        for id in left {
            let (record, job) = self.read(|transaction| {
                let record = self.record(transaction, id.as_str())?;
                Ok((record, job::read(transaction, id.as_str())?))
            })?;
            let (Some(record), Some(job)) = (record, job) else { continue };
            match job.into_submission(&self.folder, &id, &self.uploads) {
                Ok(submission) => taken.push((record, submission)),
                Err(error) => {
                    tracing::error!(%id, %error, "a submission can't be taken over");
                    let mut record = record;
                    crate::verdict::lose(&mut record.result, "its files were lost in a restart");
                    // The answer is for nobody; the order of changes is what counts.
                    drop(self.put(record));
                }
            }
        }
        taken.sort_by_key(|(record, _)| record.created);
        Ok(taken)
    }

    fn get(&self, id: &ExecutionId) -> Result<Option<Record>, StoreError> {
        self.read(|transaction| self.record(transaction, id.as_str()))
    }

    fn find(&self, owner: &Owner, key: &str) -> Result<Option<Record>, StoreError> {
        self.read(|transaction| {
            let keys = transaction.open_table(BY_KEY)?;
            match keys.get((owner.as_str(), key))? {
                Some(id) => self.record(transaction, id.value()),
                None => Ok(None),
            }
        })
    }

    fn list(&self, query: &ListQuery) -> Result<Vec<Record>, StoreError> {
        self.read(|transaction| {
            let of_owner = transaction.open_table(OF_OWNER)?;
            let owner = query.owner.as_str();
            let before = query.before.unwrap_or(u64::MAX);
            let mut found = Vec::new();
            for entry in of_owner.range((owner, 0, "")..(owner, before, ""))?.rev() {
                let (key, ()) = {
                    let (key, value) = entry?;
                    (key, value.value())
                };
                let Some(row) = row(transaction, key.value().2)? else { continue };
                let wanted = |status: &Status| row.result.status == *status;
                if query.status.as_ref().is_none_or(wanted) {
                    found.push(row.into_listed());
                }
                if found.len() == query.limit {
                    break;
                }
            }
            Ok(found)
        })
    }
}

#[cfg(test)]
mod tests;
