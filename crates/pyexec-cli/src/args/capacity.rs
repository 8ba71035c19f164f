//! How much there is to take.

use super::serve::USUAL;
use clap::{Args, builder::RangedU64ValueParser, value_parser};
use std::time::Duration;

/// How much there is to take.
#[derive(Debug, Args)]
#[command(next_help_heading = "How much there is to take")]
pub(crate) struct CapacityArgs {
    /// Memory in MiB that running executions may have in all, and the most that one may ask for
    /// [default: 80 % of the machine's]
    #[arg(long, value_name = "MIB", env = "PYEXEC_MEMORY_BUDGET_MB", default_value_t = USUAL.memory_budget_mb, hide_default_value = true, value_parser = RangedU64ValueParser::<u64>::new().range(1..))]
    pub(crate) memory_budget_mb: u64,
    /// Longest wait for a slot
    #[arg(long, value_name = "TIME", env = "PYEXEC_QUEUE_TIMEOUT", default_value = "5m", value_parser = crate::serve::parse_duration)]
    pub(crate) queue_timeout: Duration,
    /// Most seconds that a request may ask for
    #[arg(long, value_name = "SECONDS", env = "PYEXEC_MAX_TIMEOUT", default_value_t = 3600, value_parser = value_parser!(u32).range(1..))]
    pub(crate) max_timeout: u32,
    /// Most disk space in MiB that a request may ask for
    #[arg(long, value_name = "MIB", env = "PYEXEC_MAX_DISK_MB", default_value_t = 16_384, value_parser = value_parser!(u32).range(1..))]
    pub(crate) max_disk_mb: u32,
    /// Output in MiB of which each stream keeps the first and the last half
    #[arg(long, value_name = "MIB", env = "PYEXEC_OUTPUT_MB", default_value_t = 64, value_parser = value_parser!(u32).range(1..))]
    pub(crate) output_mb: u32,
    /// Output in MiB of one stream past which an execution is ended
    #[arg(long, value_name = "MIB", env = "PYEXEC_OUTPUT_LIMIT_MB", default_value_t = 1024, value_parser = value_parser!(u32).range(1..))]
    pub(crate) output_limit_mb: u32,
    /// Results in MiB that are kept; the oldest go first
    #[arg(long, value_name = "MIB", env = "PYEXEC_RESULTS_MB", default_value_t = 1024, value_parser = value_parser!(u32).range(1..))]
    pub(crate) results_mb: u32,
    /// Disk space in MiB for uploads above 1 MiB
    #[arg(long, value_name = "MIB", env = "PYEXEC_SPOOL_MB", default_value_t = 8192, value_parser = value_parser!(u32).range(1..))]
    pub(crate) spool_mb: u32,
    /// Disk space in MiB for outputs above 256 KiB
    #[arg(long, value_name = "MIB", env = "PYEXEC_OUTPUT_SPOOL_MB", default_value_t = 8192, value_parser = value_parser!(u32).range(1..))]
    pub(crate) output_spool_mb: u32,
}
