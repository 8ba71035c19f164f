//! What a program may use.

use crate::settings::Profile;
use clap::Args;
use pyexec_blocking::types::ExecutionConfig;

/// What a program may use; 0 is the server's default.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Limits (0 is the server's default)")]
pub(crate) struct LimitArgs {
    /// Seconds it may take
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u32>,
    /// Memory in MiB
    #[arg(long, value_name = "MIB")]
    pub(crate) memory: Option<u32>,
    /// Disk space in MiB
    #[arg(long, value_name = "MIB")]
    pub(crate) disk: Option<u32>,
    /// Share of the processors, relative to other executions; 1024 is usual
    #[arg(long, value_name = "SHARES")]
    pub(crate) cpu: Option<u32>,
    /// Let it use the network (--network=false: don't, even with --requirements)
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub(crate) network: Option<bool>,
}

impl LimitArgs {
    /// What a profile says.
    pub(super) fn of(profile: &Profile) -> Self {
        let Profile { timeout, memory, disk, cpu, network, .. } = *profile;
        Self { timeout, memory, disk, cpu, network }
    }

    /// Takes over what wasn't said yet.
    pub(super) fn adopt(&mut self, before: Self) {
        self.timeout = self.timeout.or(before.timeout);
        self.memory = self.memory.or(before.memory);
        self.disk = self.disk.or(before.disk);
        self.cpu = self.cpu.or(before.cpu);
        self.network = self.network.or(before.network);
    }

    /// The same for the wire; `None` where nothing was said.
    pub(crate) fn config(&self) -> Option<ExecutionConfig> {
        let number = |said: Option<u32>| said.unwrap_or(0).into();
        let config = ExecutionConfig {
            timeout_seconds: number(self.timeout),
            network_disabled: self.network.map(|network| !network),
            memory_mb: number(self.memory),
            disk_mb: number(self.disk),
            cpu_shares: number(self.cpu),
        };
        (config != ExecutionConfig::default()).then_some(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_said_goes_out() {
        assert_eq!(LimitArgs::default().config(), None);
        let zero = LimitArgs { cpu: Some(0), ..LimitArgs::default() };
        assert_eq!(zero.config(), None);
        let said = LimitArgs { timeout: Some(5), network: Some(true), ..LimitArgs::default() };
        let config = said.config().unwrap();
        assert_eq!((config.timeout_seconds, config.network_disabled), (5, Some(false)));
    }
}
