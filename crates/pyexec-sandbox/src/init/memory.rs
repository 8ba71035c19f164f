//! The memory of all processes together, as PID 1 sees it.
//!
//! A control group counts files of a tmpfs too, and so can't hold the processes alone to their
//! limit; here anonymous memory is held to it, and anonymous and shared memory together to it
//! plus the size of the writable folders. Without `/proc`, the group is asked how much of what it
//! counts is anonymous, and itself holds the rest.

use crate::weaken::{Layer, without};
use rustix::{
    param::page_size,
    time::{ClockId, clock_gettime},
};
use std::{
    fs::{self, File},
    os::{fd::OwnedFd, unix::fs::FileExt},
    time::Duration,
};

/// The longest pause between two looks at a few processes.
const PAUSE: Duration = Duration::from_millis(50);
/// The shortest one, when little memory is left.
const SHORTEST: Duration = Duration::from_millis(5);
/// How fast memory can be filled, in bytes a second.
const FILLING: u64 = 4 << 30;
/// Looking at many processes takes its time, and PID 1 must be no burden: whoever has used up his
/// share of the processors waits for a turn, and PID 1 would, too, when it is to end.
const SPARING: u32 = 100;
/// The longest pause, whatever a look takes.
const LONGEST: Duration = Duration::from_millis(250);

/// What PID 1 holds itself, which the group counts too.
const OWN: u64 = 1 << 20;

/// What the processes may use together.
pub(super) struct Watch {
    limits: Usage,
    /// The group's `memory.stat`, where the processes themselves are out of sight.
    group: Option<File>,
}

impl Watch {
    pub(super) fn new(memory_bytes: u64, disk_bytes: u64, group: Option<OwnedFd>) -> Self {
        let limits = Usage { anonymous: memory_bytes, shared: memory_bytes + disk_bytes };
        Self { limits, group: group.map(File::from) }
    }

    /// Looks at them; how long to wait until the next look, or `None` where they use too much.
    pub(super) fn look(&self) -> Option<Duration> {
        let before = processor_time();
        let left = if without(Layer::MemoryWatch) { u64::MAX } else { self.left()? };
        let took = processor_time().saturating_sub(before);
        Some(pause(left, took))
    }

    /// How much more they may use; `None` where it is too much already.
    fn left(&self) -> Option<u64> {
        if let Some(group) = &self.group {
            return (self.limits.anonymous + OWN).checked_sub(anonymous(group)?);
        }
        let left = |usage: Usage| {
            let anonymous = self.limits.anonymous.checked_sub(usage.anonymous)?;
            let all = self.limits.shared.checked_sub(usage.anonymous + usage.shared)?;
            Some(anonymous.min(all))
        };
        // The cheapest look counts mapped files, too, and the next one pages that forked processes
        // share once each; the last one counts each process's part of them. Not being able to look
        // is no excuse: somebody has seen to it.
        total(roughly)
            .and_then(left)
            .or_else(|| left(total(resident)?))
            .or_else(|| left(total(|pid| proportional(pid).or_else(|| resident(pid)))?))
    }
}

fn pause(left: u64, took: Duration) -> Duration {
    let until_full = Duration::from_millis(left / (FILLING / 1000));
    until_full.clamp(SHORTEST, PAUSE).max((took * SPARING).min(LONGEST))
}

/// Processor time that PID 1 has used.
fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

#[derive(Debug, Clone, Copy, Default)]
struct Usage {
    anonymous: u64,
    shared: u64,
}

/// What a group's processes hold together. The kernel's own count may be behind by what it gathers
/// for each processor, some hundred KiB.
fn anonymous(group: &File) -> Option<u64> {
    let mut bytes = [0; 8192];
    let read = group.read_at(&mut bytes, 0).ok()?;
    let text = str::from_utf8(&bytes[..read]).ok()?;
    // By the names of version 2 and of version 1.
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix("anon ").or_else(|| line.strip_prefix("rss ")));
    value?.trim().parse().ok()
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

/// By the file that costs least: `size resident shared …` in pages, where what is shared are
/// files, too.
fn roughly(pid: u32) -> Option<Usage> {
    let text = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let mut pages = text.split(' ').skip(1).map(|number| number.parse::<u64>().ok());
    let (resident, shared) = (pages.next()??, pages.next()??);
    let page = page_size() as u64;
    Some(Usage { anonymous: resident.saturating_sub(shared) * page, shared: shared * page })
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
    use std::io::Write;

    #[test]
    fn fields_of_the_kernel_are_read() {
        let text = "VmRSS:\t  100 kB\nRssAnon:\t      64 kB\nRssShmem:\t       0 kB\n";
        assert_eq!(field(text, "RssAnon:"), Some(64 * 1024));
        assert_eq!(field(text, "RssShmem:"), Some(0));
        assert_eq!(field(text, "Nothing:"), None);
        assert!(resident(std::process::id()).unwrap().anonymous > 0);
        assert!(proportional(std::process::id()).unwrap().anonymous > 0);
        let rough = roughly(std::process::id()).unwrap();
        assert!(rough.anonymous > 0 && rough.shared > 0, "{rough:?}");
    }

    #[test]
    fn both_versions_of_groups_say_what_is_anonymous() {
        let file = |text: &str| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file
        };
        let version_2 = "anon 4096\nfile 8192\ninactive_anon 1\n";
        assert_eq!(anonymous(&file(version_2)), Some(4096));
        assert_eq!(anonymous(&file("cache 1\nrss 8192\nrss_huge 0\nshmem 1\n")), Some(8192));
        let watch = |memory| Watch::new(memory, 0, Some(file(version_2).into()));
        assert_eq!(watch(4096).left(), Some(OWN));
        assert_eq!(Watch::new(0, 0, Some(file("anon 1048577\n").into())).left(), None);
        assert_eq!(Watch::new(1 << 30, 0, Some(file("").into())).left(), None, "it can't be seen");
    }

    #[test]
    fn little_memory_is_watched_closely_and_many_processes_sparingly() {
        let (ms, gib) = (Duration::from_millis, 1 << 30);
        assert_eq!(pause(gib, ms(0)), PAUSE);
        assert_eq!(pause(gib / 32, ms(0)), ms(7));
        assert_eq!(pause(0, ms(0)), SHORTEST);
        assert_eq!(pause(0, ms(1)), ms(100));
        assert_eq!(pause(gib, ms(60)), LONGEST);
    }
}
