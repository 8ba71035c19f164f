//! The memory of all processes together, as PID 1 sees it.
//!
//! A control group counts files of a tmpfs too, and so can't hold the processes alone to their
//! limit; here anonymous memory is held to it, and anonymous and shared memory together to it
//! plus the size of the writable folders.

use std::fs;

/// Whether the processes together use more than they may.
pub(crate) fn exceeds(memory_bytes: u64, disk_bytes: u64) -> bool {
    let limits = Usage { anonymous: memory_bytes, shared: memory_bytes + disk_bytes };
    // Pages that forked processes share are counted once each here, which is cheap ...
    let over = |usage: Usage| {
        usage.anonymous > limits.anonymous || usage.anonymous + usage.shared > limits.shared
    };
    // ... so a second look counts each process's part of them. Not being able to look is no
    // excuse: somebody has seen to it.
    total(resident).is_none_or(over)
        && total(|pid| proportional(pid).or_else(|| resident(pid))).is_none_or(over)
}

#[derive(Debug, Clone, Copy, Default)]
struct Usage {
    anonymous: u64,
    shared: u64,
}

fn total(of: impl Fn(u32) -> Option<Usage>) -> Option<Usage> {
    let entries = fs::read_dir("/proc").ok()?.flatten();
    let usage = entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != 1)
        .filter_map(of)
        .fold(Usage::default(), |sum, usage| Usage {
            anonymous: sum.anonymous + usage.anonymous,
            shared: sum.shared + usage.shared,
        });
    Some(usage)
}

fn resident(pid: u32) -> Option<Usage> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(Usage { anonymous: field(&text, "RssAnon:")?, shared: field(&text, "RssShmem:")? })
}

/// A process that hides itself from this look is counted in full.
fn proportional(pid: u32) -> Option<Usage> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    Some(Usage { anonymous: field(&text, "Pss_Anon:")?, shared: field(&text, "Pss_Shmem:")? })
}

/// Reads `name:   123 kB`.
fn field(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    value.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_kernel_are_read() {
        let text = "VmRSS:\t  100 kB\nRssAnon:\t      64 kB\nRssShmem:\t       0 kB\n";
        assert_eq!(field(text, "RssAnon:"), Some(64 * 1024));
        assert_eq!(field(text, "RssShmem:"), Some(0));
        assert_eq!(field(text, "Nothing:"), None);
        assert!(resident(std::process::id()).unwrap().anonymous > 0);
        assert!(proportional(std::process::id()).unwrap().anonymous > 0);
    }
}
