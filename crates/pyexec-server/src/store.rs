//! What is remembered of executions.

mod durable;
mod memory;

pub use durable::DurableStore;
pub use memory::MemoryStore;

use crate::{BoxFuture, Output, Owner, Submission};
use pyexec_types::{ExecutionId, ExecutionResult, Status};
use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf};

/// What is remembered of one execution.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Record {
    /// What came, or has come so far, of it; without its output.
    pub result: ExecutionResult,
    /// Its output.
    pub output: Output,
    /// Whom it belongs to.
    pub owner: Owner,
    /// When it was accepted, in microseconds since 1970; no two of a server have the same.
    pub created: u64,
    /// Whether its client comes back for it: it has its id, or gave it a key.
    pub is_kept: bool,
    /// The key that its client gave it, which finds it again.
    pub key: Option<IdempotencyKey>,
}

/// The name that a client gives a request, so that it is carried out once however often it comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdempotencyKey {
    /// As it came.
    pub key: String,
    /// A digest of the request's body: another body under the same key is a mistake.
    pub digest: String,
}

impl Record {
    /// Remembers an execution that has just been accepted.
    pub fn new(result: ExecutionResult, output: Output, owner: Owner, created: u64) -> Self {
        Self { result, output, owner, created, is_kept: false, key: None }
    }

    /// Its id.
    pub fn id(&self) -> &ExecutionId {
        &self.result.execution_id
    }

    /// Bytes that it takes: its output, and what its script could make large.
    pub fn bytes(&self) -> u64 {
        let result = &self.result;
        let frames = result.traceback.iter().map(|frame| frame.file.len() + frame.function.len());
        let own = result.result.as_ref().map_or(0, String::len) + frames.sum::<usize>();
        self.output.kept_bytes() + own as u64
    }
}

/// A store that could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("the execution store failed: {0}")]
pub struct StoreError(Box<dyn std::error::Error + Send + Sync>);

impl StoreError {
    /// Wraps the store's own error.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

/// Which executions to list, the newest first.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ListQuery {
    /// Whose.
    pub owner: Owner,
    /// Only those that stand so.
    pub status: Option<Status>,
    /// Only those accepted before this one.
    pub before: Option<u64>,
    /// How many at most.
    pub limit: usize,
}

/// Remembers executions.
///
/// [`put`](Self::put) and [`accept`](Self::accept) begin when they are called, in the order of the
/// calls; their futures are done once what they were given is as safe as this store makes it. The
/// other calls are short and may block briefly.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Adds a record or replaces it. One whose status is terminal may be forgotten after a time.
    ///
    /// The future's error: it could not be stored; then the older record stands.
    fn put(&self, record: Record) -> BoxFuture<Result<(), StoreError>>;

    /// Adds the record of a submission that was just accepted, and the submission itself where this
    /// store [keeps](Self::keeps_submissions) it, until a record that isn't pending replaces this.
    ///
    /// The future's error: as of [`put`](Self::put).
    fn accept(&self, record: Record, submission: &Submission) -> BoxFuture<Result<(), StoreError>> {
        let _ = submission;
        self.put(record)
    }

    /// Whether submissions that wait outlive the server.
    fn keeps_submissions(&self) -> bool {
        false
    }

    /// Where large uploads and outputs should be put together, so that they needn't be copied.
    fn spool_folder(&self) -> Option<PathBuf> {
        None
    }

    /// Submissions that waited when an earlier server ended, the oldest first. A server asks once.
    ///
    /// # Errors
    /// Where the store can't be read.
    fn take_over(&self) -> Result<Vec<(Record, Submission)>, StoreError> {
        Ok(Vec::new())
    }

    /// The record of an execution; `None` where there is none (any more).
    ///
    /// # Errors
    /// Where the store can't be read.
    fn get(&self, id: &ExecutionId) -> Result<Option<Record>, StoreError>;

    /// The record that was accepted under an owner's key.
    ///
    /// # Errors
    /// Where the store can't be read.
    fn find(&self, owner: &Owner, key: &str) -> Result<Option<Record>, StoreError>;

    /// Records of one owner, the newest first; their output may be left out.
    ///
    /// # Errors
    /// Where the store can't be read.
    fn list(&self, query: &ListQuery) -> Result<Vec<Record>, StoreError>;
}
