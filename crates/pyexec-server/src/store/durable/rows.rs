//! What is in the database.

use super::files::Folder;
use crate::{IdempotencyKey, KeptPlace, KeptStream, Output, Owner, Record};
use pyexec_sandbox::OutputStream;
use pyexec_types::ExecutionResult;
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

/// Records by id, as JSON.
pub(super) const RECORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("records");

/// Small outputs, by id and number of the stream.
pub(super) const OUTPUTS: TableDefinition<'_, (&str, u8), &[u8]> = TableDefinition::new("outputs");

/// Submissions that wait: the job as JSON, its standard input, and its archive where that is small.
pub(super) const JOBS: TableDefinition<'_, &str, Job<'_>> = TableDefinition::new("jobs");

type Job<'a> = (&'a [u8], &'a [u8], Option<&'a [u8]>);

/// Each owner's executions in the order of their arrival.
pub(super) const OF_OWNER: TableDefinition<'_, (&str, u64, &str), ()> =
    TableDefinition::new("of_owner");

/// Ids by owner and idempotency key.
pub(super) const BY_KEY: TableDefinition<'_, (&str, &str), &str> = TableDefinition::new("by_key");

/// When finished executions expire, and how large they are.
pub(super) const EXPIRY: TableDefinition<'_, (u64, &str), u64> = TableDefinition::new("expiry");

/// A record without its output.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) result: ExecutionResult,
    pub(super) owner: Owner,
    pub(super) created: u64,
    #[serde(default)]
    pub(super) is_kept: bool,
    #[serde(default)]
    pub(super) key: Option<IdempotencyKey>,
    /// In microseconds since 1970; only of finished ones.
    #[serde(default)]
    pub(super) expires: Option<u64>,
    stdout: StreamRow,
    stderr: StreamRow,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct StreamRow {
    total: u64,
    gap: Option<(u64, u64)>,
    most: u64,
    in_file: bool,
}

impl Row {
    pub(super) fn of(record: &Record) -> Self {
        let terminal = record.result.status.is_terminal();
        // Of one that isn't over the output isn't kept.
        let stream = |which| {
            if terminal { StreamRow::of(&record.output.keep(which)) } else { StreamRow::default() }
        };
        Self {
            result: record.result.clone(),
            owner: record.owner.clone(),
            created: record.created,
            is_kept: record.is_kept,
            key: record.key.clone(),
            expires: None,
            stdout: stream(OutputStream::Stdout),
            stderr: stream(OutputStream::Stderr),
        }
    }

    /// `None` for what another version wrote and this one can't read.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes)
            .inspect_err(|error| tracing::error!(%error, "a record can't be read"))
            .ok()
    }

    pub(super) fn write(&self) -> Vec<u8> {
        // Strings and numbers: it can't fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn has_files(&self) -> bool {
        self.stdout.in_file || self.stderr.in_file
    }

    /// The record without its output.
    pub(super) fn into_listed(self) -> Record {
        let record = Record::new(self.result, Output::empty(), self.owner, self.created);
        Record { is_kept: self.is_kept, key: self.key, ..record }
    }

    pub(super) fn into_record(self, folder: &Folder, stdout: Vec<u8>, stderr: Vec<u8>) -> Record {
        let id = &self.result.execution_id;
        let path = |which| folder.output(id.as_str(), which);
        let stdout = self.stdout.kept(stdout, path(OutputStream::Stdout));
        let stderr = self.stderr.kept(stderr, path(OutputStream::Stderr));
        let output = Output::from_kept(stdout, stderr);
        let record = Record::new(self.result, output, self.owner, self.created);
        Record { is_kept: self.is_kept, key: self.key, ..record }
    }
}

impl StreamRow {
    fn of(kept: &KeptStream) -> Self {
        Self {
            total: kept.total,
            gap: kept.gap.as_ref().map(|gap| (gap.start, gap.end)),
            most: kept.most,
            in_file: !matches!(kept.place, KeptPlace::Memory(_)),
        }
    }

    fn kept(self, inline: Vec<u8>, path: std::path::PathBuf) -> KeptStream {
        let place =
            if self.in_file { KeptPlace::Named(path) } else { KeptPlace::Memory(inline.into()) };
        let gap = self.gap.map(|(start, end)| start..end);
        KeptStream { total: self.total, gap, most: self.most, place }
    }
}

/// A stream's number in the database.
pub(super) fn number(stream: OutputStream) -> u8 {
    match stream {
        OutputStream::Stdout => 1,
        OutputStream::Stderr => 2,
    }
}
