//! What an earlier server left behind.

use super::{
    files::Folder,
    rows::{EXPIRY, JOBS, RECORDS, Row},
    writer::Database,
};
use crate::{StoreError, clock, verdict};
use pyexec_types::{ExecutionId, Status};
use redb::ReadableTable;
use std::{collections::HashSet, time::Duration};

/// Tells those that ran that they are lost, removes files that belong to nothing, and finds what
/// is still to be run.
pub(super) fn recover(
    database: &Database,
    folder: &Folder,
    ttl: Duration,
) -> Result<Vec<ExecutionId>, StoreError> {
    let found = end_what_ran(database, ttl).map_err(StoreError::new)?;
    folder.clean(&found.archives, &found.outputs).map_err(StoreError::new)?;
    if found.lost > 0 || !found.waiting.is_empty() {
        tracing::info!(
            lost = found.lost,
            waiting = found.waiting.len(),
            "an earlier server left executions"
        );
    }
    Ok(found.waiting)
}

#[derive(Default)]
struct Found {
    waiting: Vec<ExecutionId>,
    lost: usize,
    /// Whose archives are files, perhaps.
    archives: HashSet<String>,
    /// Whose outputs are files.
    outputs: HashSet<String>,
}

fn end_what_ran(
    database: &Database,
    ttl: Duration,
) -> Result<Found, Box<dyn std::error::Error + Send + Sync>> {
    let ttl = u64::try_from(ttl.as_micros()).unwrap_or(u64::MAX);
    let transaction = database.get()?.begin_write()?;
    let mut found = Found::default();
    {
        let mut records = transaction.open_table(RECORDS)?;
        let mut expiry = transaction.open_table(EXPIRY)?;
        let mut jobs = transaction.open_table(JOBS)?;
        let mut ended = Vec::new();
        for entry in records.iter()? {
            let (id, row) = entry?;
            let id = id.value();
            let Some(mut row) = Row::read(row.value()) else { continue };
            let is_left = row.is_kept && jobs.get(id)?.is_some();
            match row.result.status {
                Status::Pending if is_left => {
                    found.archives.insert(id.to_owned());
                    found.waiting.push(id.into());
                    continue;
                }
                Status::Pending => {
                    verdict::lose(&mut row.result, "server restarted while it waited");
                }
                Status::Running => {
                    verdict::lose(&mut row.result, "server restarted while it ran");
                }
                _ => {
                    if row.has_files() {
                        found.outputs.insert(id.to_owned());
                    }
                    continue;
                }
            }
            row.expires = Some(clock::micros().saturating_add(ttl));
            ended.push((id.to_owned(), row));
        }
        found.lost = ended.len();
        for (id, row) in ended {
            let (bytes, id) = (row.write(), id.as_str());
            if let Some(expires) = row.expires {
                expiry.insert((expires, id), bytes.len() as u64)?;
            }
            records.insert(id, bytes.as_slice())?;
            jobs.remove(id)?;
        }
    }
    transaction.commit()?;
    Ok(found)
}
