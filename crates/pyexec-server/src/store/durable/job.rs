//! Submissions as they wait in the database.

use super::{files::Folder, rows::JOBS};
use crate::{
    Submission,
    packages::Needs,
    space::{Reservation, SpoolSpace},
};
use pyexec_sandbox::{Job, Limits, RunAs};
use pyexec_types::ExecutionId;
use rustix::fs::{MemfdFlags, memfd_create};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io,
    os::{fd::AsFd, unix::fs::FileExt},
    sync::Arc,
    time::Duration,
};

/// Larger archives are files.
const MOST_INLINE: u64 = 1 << 20;

/// A submission that waits.
#[derive(Debug)]
pub(super) struct JobRow {
    pub(super) job: Vec<u8>,
    pub(super) stdin: Vec<u8>,
    pub(super) archive: Option<Vec<u8>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredJob {
    version: String,
    entrypoint: String,
    is_eval: bool,
    args: Vec<String>,
    env: Vec<String>,
    pre_commands: Vec<String>,
    #[serde(default)]
    needs: Needs,
    network: bool,
    timeout_ms: u64,
    memory_mb: u64,
    disk_mb: u64,
    inodes: u64,
    cpu_shares: u64,
    cpu_percent: Option<u64>,
    processes: u64,
    open_files: u64,
    output_bytes: u64,
}

impl JobRow {
    /// What goes into the database, and the archive's file where that is too large for it.
    pub(super) fn new(submission: &Submission) -> io::Result<(Self, Option<File>)> {
        let job = &submission.job;
        let limits = &job.limits;
        let stored = StoredJob {
            version: job.version.to_string(),
            entrypoint: job.entrypoint.clone(),
            is_eval: job.run_as == RunAs::Eval,
            args: job.args.clone(),
            env: job.env.clone(),
            pre_commands: job.pre_commands.clone(),
            needs: submission.needs.clone(),
            network: job.network,
            timeout_ms: limits.timeout.as_millis() as u64,
            memory_mb: limits.memory_mb,
            disk_mb: limits.disk_mb,
            inodes: limits.inodes,
            cpu_shares: limits.cpu_shares,
            cpu_percent: limits.cpu_percent,
            processes: limits.processes,
            open_files: limits.open_files,
            output_bytes: limits.output_bytes,
        };
        let archive = File::from(job.archive.as_fd().try_clone_to_owned()?);
        let size = archive.metadata()?.len();
        let (inline, file) = if size <= MOST_INLINE {
            // Not by its position, which the execution shares.
            let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
            archive.read_exact_at(&mut bytes, 0)?;
            (Some(bytes), None)
        } else {
            (None, Some(archive))
        };
        let stdin = job.stdin.clone();
        Ok((Self { job: serde_json::to_vec(&stored)?, stdin, archive: inline }, file))
    }

    /// As it came, with its part of the spool.
    pub(super) fn into_submission(
        self,
        folder: &Folder,
        id: &ExecutionId,
        space: &Arc<SpoolSpace>,
    ) -> io::Result<Submission> {
        let stored: StoredJob = serde_json::from_slice(&self.job)?;
        let mut reservation = Reservation::new(space);
        let archive = match self.archive {
            Some(bytes) => {
                let file = File::from(memfd_create("pyexec-upload", MemfdFlags::CLOEXEC)?);
                file.write_all_at(&bytes, 0)?;
                file
            }
            None => {
                let file = File::open(folder.archive(id.as_str()))?;
                reservation.add(file.metadata()?.len())?;
                file
            }
        };
        let version = stored.version.parse().map_err(io::Error::other)?;
        let mut job = Job::new(archive.into(), version, stored.entrypoint);
        job.run_as = if stored.is_eval { RunAs::Eval } else { RunAs::Script };
        job.args = stored.args;
        job.env = stored.env;
        job.pre_commands = stored.pre_commands;
        job.network = stored.network;
        job.stdin = self.stdin;
        job.limits = Limits {
            timeout: Duration::from_millis(stored.timeout_ms),
            memory_mb: stored.memory_mb,
            disk_mb: stored.disk_mb,
            inodes: stored.inodes,
            cpu_shares: stored.cpu_shares,
            cpu_percent: stored.cpu_percent,
            processes: stored.processes,
            open_files: stored.open_files,
            output_bytes: stored.output_bytes,
        };
        Ok(Submission { job, needs: stored.needs, reservation })
    }
}

/// The submission that waits under an id.
pub(super) fn read(
    transaction: &redb::ReadTransaction,
    id: &str,
) -> Result<Option<JobRow>, redb::Error> {
    let jobs = transaction.open_table(JOBS)?;
    let found = jobs.get(id)?;
    Ok(found.map(|found| {
        let (job, stdin, archive) = found.value();
        JobRow { job: job.to_vec(), stdin: stdin.to_vec(), archive: archive.map(<[u8]>::to_vec) }
    }))
}
