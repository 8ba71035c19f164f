//! What one execution may use.

use std::time::Duration;

/// What one execution may use. The kernel enforces these where there are control groups; where
/// there are none, it enforces those on a single process, and the rest is watched.
///
/// ```
/// use pyexec_sandbox::Limits;
///
/// let limits = Limits { memory_mb: 256, ..Limits::default() };
/// assert_eq!(limits.timeout.as_secs(), 300);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Wall-clock time from "go", everything included (default: 300 s).
    pub timeout: Duration,
    /// Memory of all processes together, in MiB. Past it the execution is ended; a single process
    /// that asks for far more at once, by the 8 MiB that each thread's stack may reserve, sees
    /// `MemoryError` (default: 1024).
    pub memory_mb: u64,
    /// Size of `/work`, `/tmp` and `/dev/shm` together, in MiB (default: 2048).
    pub disk_mb: u64,
    /// Files and folders in them, those of the archive included (default: 65,536).
    pub inodes: u64,
    /// Share of the processors relative to other executions, where there are control groups
    /// (default: 1024).
    pub cpu_shares: u64,
    /// Processor time, in percent of one processor: 150 is one and a half. Inside, only as many
    /// processors are visible, and `OMP_NUM_THREADS` and `OPENBLAS_NUM_THREADS` say so, too. Where
    /// there are no control groups a job with such a limit is refused (default: `None`, all that
    /// is free).
    pub cpu_percent: Option<u64>,
    /// Processes and threads, the script's first included (default: 256).
    pub processes: u64,
    /// Open files a process, at least 32; the highest number is taken by the channel for what the
    /// script says of itself (default: 1024).
    pub open_files: u64,
    /// Bytes that may be written to standard output, and likewise to standard error, before the
    /// execution is ended (default: 1 GiB).
    pub output_bytes: u64,
}

impl Limits {
    /// What the whole group of processes may have: the kernel's own memory on their behalf counts
    /// there too, and mustn't make it run out while processes and files are within their limits.
    pub(crate) fn group_bytes(&self) -> u64 {
        /// Stacks, pipes, tables of pages.
        const KERNEL: u64 = 16 << 20;
        /// A file's inode and name.
        const PER_FILE: u64 = 1536;
        let bytes = (self.memory_mb + self.disk_mb) << 20;
        (bytes + bytes / 64 + KERNEL).saturating_add(self.inodes.saturating_mul(PER_FILE))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(300),
            memory_mb: 1024,
            disk_mb: 2048,
            inodes: 65_536,
            cpu_shares: 1024,
            cpu_percent: None,
            processes: 256,
            open_files: 1024,
            output_bytes: 1 << 30,
        }
    }
}
