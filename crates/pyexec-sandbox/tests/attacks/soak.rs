//! Many executions mixed with attacks, and what there is of everything before and after.

use crate::{
    case::whole,
    ground::Ground,
    hosts,
    report::{Report, Verdict},
};
use pyexec_sandbox::{Start, Stop};
use std::{
    collections::BTreeSet,
    fmt,
    path::PathBuf,
    process::ExitCode,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// Executions of the suite's own soak.
const SHORT: u32 = 1000;
/// Executions before anything is counted: a zygote is replaced once, buffers have grown.
const WARM_UP: u32 = 300;
/// How much more memory may be held than before.
const MEMORY_KIB: u64 = 8 << 10;

/// Each does its harm and ends at once.
const ATTACKS: [&str; 10] = [
    "print(1 + 1)",
    "if os.fork() == 0:\n    os.setsid(); time.sleep(60)",
    "os.kill(-1, 9); os.kill(os.getpid(), 9)",
    "for d in ('/work', '/tmp', '/dev/shm'): open(d + '/left', 'wb').write(bytes(1 << 20))",
    "for n in range(200): os.mkdir(f'/tmp/{n}')",
    "libc.shmget(7, 4096, 0o1666); os.memfd_create('x') if os.path.exists('/none') else None",
    "for _ in range(20):\n    if os.fork() == 0: time.sleep(60)",
    "s = [socket.socketpair() for _ in range(50)]\nprint('x' * 100_000)",
    "ctypes.string_at(0)",
    "for n in range(3, 1024):\n    try: os.close(n)\n    except OSError: pass\nos._exit(3)",
];

/// What there is that an execution could leave behind.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Count {
    processes: usize,
    mounts: usize,
    namespaces: usize,
    groups: usize,
    descriptors: usize,
    files: usize,
    /// Of this process and the launcher.
    memory_kib: u64,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processes, mounts, namespaces, groups, descriptors, files, memory_kib } = self;
        write!(
            f,
            "{processes} processes, {mounts} mounts, {namespaces} namespaces, {groups} control groups, \
             {descriptors} descriptors, {files} files, {memory_kib} KiB"
        )
    }
}

/// Process ids of this process and its descendants, its own first.
fn family() -> Vec<u32> {
    let parent_of = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<u32>().ok()
    };
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let pairs: Vec<_> = pids.filter_map(|pid| Some((pid, parent_of(pid)?))).collect();
    let mut found = vec![std::process::id()];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(pairs.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found
}

fn entries(folder: &str) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

fn groups_of(launcher: u32) -> usize {
    let prefix = format!("pyexec-{launcher}-");
    let (mut count, mut folders) = (0, vec![PathBuf::from("/sys/fs/cgroup")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                count += 1;
            } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            }
        }
    }
    count
}

impl Count {
    fn now(ground: &Ground) -> Self {
        let (all, launcher) = (family(), ground.sandbox.launcher_id());
        let both = [std::process::id(), launcher];
        let resident = |pid: &u32| {
            let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).map(str::trim);
            line.and_then(|line| line.trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0)
        };
        let mounts = std::fs::read_to_string(format!("/proc/{launcher}/mountinfo"));
        let namespaces: BTreeSet<_> = all
            .iter()
            .filter_map(|pid| std::fs::read_dir(format!("/proc/{pid}/ns")).ok())
            .flat_map(|links| {
                links.flatten().filter_map(|link| std::fs::read_link(link.path()).ok())
            })
            .collect();
        Self {
            processes: all.len(),
            mounts: mounts.map_or(0, |text| text.lines().count()),
            namespaces: namespaces.len(),
            groups: groups_of(launcher),
            descriptors: both.iter().map(|pid| entries(&format!("/proc/{pid}/fd"))).sum(),
            files: ["/dev/shm", "/var/tmp"].iter().map(|folder| entries(folder)).sum(),
            memory_kib: both.iter().map(resident).sum(),
        }
    }

    /// Counts once everything that is kept ready is ready again.
    fn settled(ground: &Ground) -> Self {
        let mut last = (Self::now(ground), Instant::now());
        let begun = Instant::now();
        while last.1.elapsed() < Duration::from_millis(300) && begun.elapsed().as_secs() < 20 {
            std::thread::yield_now();
            let now = Self::now(ground);
            if (Self { memory_kib: 0, ..now.clone() }) != (Self { memory_kib: 0, ..last.0 }) {
                last.1 = Instant::now();
            }
            last.0 = now;
        }
        last.0
    }

    /// Whether nothing has grown.
    fn is_flat_after(&self, before: &Self) -> bool {
        self.memory_kib <= before.memory_kib + MEMORY_KIB
            && Self { memory_kib: before.memory_kib, ..self.clone() } == *before
    }
}

fn run(ground: &Ground, count: u32) {
    let next = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let code = ATTACKS[number as usize % ATTACKS.len()];
                    let mut job = ground.job(&[("main.py", &whole(code))]);
                    job.limits.processes = 32;
                    // Some end by the clock, some because somebody stops them, most by themselves.
                    if number % 50 == 7 {
                        job.limits.timeout = Duration::from_millis(1);
                    }
                    let stop = Stop::new().unwrap();
                    if number % 50 == 9 {
                        stop.stop();
                    }
                    let mut output = pyexec_sandbox::Captured::default();
                    ground.sandbox.run(job, &mut output, &stop).unwrap();
                }
            });
        }
    });
}

fn soak(count: u32) -> Result<String, String> {
    let ground = Ground::new(Start::Zygote);
    run(&ground, WARM_UP);
    let before = Count::settled(&ground);
    let begun = Instant::now();
    run(&ground, count);
    let took = begun.elapsed();
    let after = Count::settled(&ground);
    let text = format!(
        "{count} executions mixed with attacks in {:.1} s\nbefore: {before}\nafter:  {after}",
        took.as_secs_f64()
    );
    if after.is_flat_after(&before) { Ok(text) } else { Err(text) }
}

/// As a case of the suite.
pub(crate) fn short() -> Verdict {
    let before = Instant::now();
    let result = soak(SHORT);
    if let Ok(text) = &result {
        eprintln(text);
    }
    let mut verdict =
        Verdict::new("soak", "leaving_something_behind", "all of them", "zygote", result.map(drop));
    verdict.ms = before.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
    verdict
}

/// Beside the verdicts, which may be JSON.
fn eprintln(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// By itself, as long as one wants.
pub(crate) fn alone(count: u32) -> ExitCode {
    println!("user: {}", if hosts::is_root() { "root" } else { "an ordinary one" });
    let report = Report::new(false);
    let result = soak(count);
    if let Ok(text) = &result {
        println!("{text}");
    }
    let result = result.map(drop);
    report.add(Verdict::new("soak", "leaving_something_behind", "all of them", "zygote", result));
    report.finish(false)
}
