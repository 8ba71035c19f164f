//! A zygote that imports packages: code of strangers, which gets no more than it may have.

use crate::template::Imports;
use rustix::process::Pid;
use std::{
    fs,
    time::{Duration, Instant},
};

/// How often one is looked at while it imports.
pub(super) const LOOK: Duration = Duration::from_millis(10);
/// How long it may import.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a zygote that imports may have.
pub(super) struct Importing {
    memory_bytes: u64,
    began: Instant,
}

impl Importing {
    pub(super) fn new(imports: &Imports) -> Self {
        Self { memory_bytes: imports.memory_bytes, began: Instant::now() }
    }

    /// Why it has to end, while it imports.
    pub(super) fn fault(&self, zygote: Pid) -> Option<String> {
        if self.began.elapsed() > PATIENCE {
            return Some(format!("its imports take longer than {PATIENCE:?}"));
        }
        // Its end is seen elsewhere.
        self.excess(&Status::of(zygote)?)
    }

    /// What it holds once it says that it is ready; or why no copies may be made of it: a copy has
    /// one thread, and would wait for the others for ever.
    pub(super) fn memory_when_ready(&self, zygote: Pid) -> Result<u64, String> {
        let Some(status) = Status::of(zygote) else {
            return Err("what it holds can't be seen".into());
        };
        if status.threads != 1 {
            return Err(format!("its imports start threads: there are {}", status.threads));
        }
        self.excess(&status).map_or(Ok(status.memory), Err)
    }

    fn excess(&self, status: &Status) -> Option<String> {
        let most = self.memory_bytes;
        (status.memory > most)
            .then(|| format!("its imports need more than {} MiB of memory", most >> 20))
    }
}

/// What the kernel says of a process.
#[derive(Debug, PartialEq, Eq)]
struct Status {
    threads: u64,
    /// Bytes that are its own and no file's.
    memory: u64,
}

impl Status {
    fn of(process: Pid) -> Option<Self> {
        let file = format!("/proc/{}/status", process.as_raw_nonzero());
        Self::parse(&fs::read_to_string(file).ok()?)
    }

    /// Nothing of a process that has ended, which has no memory.
    fn parse(text: &str) -> Option<Self> {
        let field = |name: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(name))?;
            value.trim().trim_end_matches("kB").trim().parse::<u64>().ok()
        };
        let kib = field("RssAnon:")?.checked_add(field("RssShmem:")?)?;
        Some(Self { threads: field("Threads:")?, memory: kib.checked_mul(1024)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_seen() {
        let status = Status::of(rustix::process::getpid()).unwrap();
        assert!(status.threads > 1 && status.memory > 0, "{status:?}");
        let text = "Name:\tx\nRssAnon:\t 4 kB\nRssShmem:\t 2 kB\nThreads:\t3\n";
        assert_eq!(Status::parse(text), Some(Status { threads: 3, memory: 6144 }));
        assert_eq!(Status::parse("Name:\tx\nState:\tZ\nThreads:\t1\n"), None);
    }

    #[test]
    fn what_is_too_much_is_named() {
        let importing = |memory_bytes| Importing { memory_bytes, began: Instant::now() };
        let us = rustix::process::getpid();
        assert_eq!(importing(u64::MAX).fault(us), None);
        assert!(importing(1 << 10).fault(us).unwrap().contains("more than 0 MiB"));
        assert!(importing(u64::MAX).memory_when_ready(us).unwrap_err().contains("threads"));
        let gone = Pid::from_raw(i32::MAX).unwrap();
        assert_eq!(importing(0).fault(gone), None);
        assert!(importing(u64::MAX).memory_when_ready(gone).is_err());
        if let Some(began) = Instant::now().checked_sub(PATIENCE + LOOK) {
            assert!(Importing { memory_bytes: u64::MAX, began }.fault(us).is_some());
        }
    }
}
