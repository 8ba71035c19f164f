//! Limits that are enforced, and told.

mod memory;
mod processors;
mod time;

use crate::harness::{SANDBOX, job, python, run};
use pyexec_sandbox::{Captured, End, Job, Limits, Stop};
use std::time::{Duration, Instant};

pub(crate) fn limited(code: &str, limit: impl FnOnce(&mut Limits)) -> Job {
    let mut job = job(&[("main.py", code)]);
    limit(&mut job.limits);
    job
}

#[test]
fn a_timeout_ends_the_whole_tree_and_keeps_the_output() {
    let code = "import os, signal, time\n\
        signal.signal(signal.SIGTERM, signal.SIG_IGN)\nos.fork()\nos.write(1, b'before\\n')\ntime.sleep(600)";
    let before = Instant::now();
    let ran = run(limited(code, |limits| limits.timeout = Duration::from_secs(3)));
    assert_eq!(ran.finished.end, End::TimedOut);
    assert_eq!(ran.stdout, "before\nbefore\n");
    assert!(before.elapsed() < Duration::from_secs(60), "it waited for the script");
}

#[test]
fn a_stop_from_elsewhere_ends_it() {
    let stop = Stop::new().unwrap();
    struct StopAtOutput(Captured, Stop);
    impl pyexec_sandbox::Observer for StopAtOutput {
        fn output(&mut self, stream: pyexec_sandbox::OutputStream, bytes: &[u8]) {
            self.0.output(stream, bytes);
            self.1.stop();
        }
    }
    let mut observer = StopAtOutput(Captured::default(), stop.clone());
    let job = limited("import os, time; os.write(1, b'up\\n'); time.sleep(600)", |_| {});
    let finished = SANDBOX.run(job, &mut observer, &stop).unwrap();
    assert_eq!((finished.end, observer.0.stdout), (End::Killed, b"up\n".to_vec()));
}

#[test]
fn inodes_processes_and_open_files_have_an_end() {
    let ran = run(limited(
        "import errno\nn = 0\ntry:\n    while True: open(f'f{n}', 'w').close(); n += 1\n\
         except OSError as e: print(n < 100, errno.errorcode[e.errno])",
        |limits| limits.inodes = 100,
    ));
    assert_eq!(ran.stdout, "True ENOSPC\n", "{ran:?}");
    let ran = run(limited(
        "import os, time\nn = 0\ntry:\n    while True:\n        if os.fork() == 0: time.sleep(600)\n        n += 1\n\
         except OSError as e: print(n, e.strerror)",
        |limits| limits.processes = 20,
    ));
    assert_eq!(ran.stdout, "19 Resource temporarily unavailable\n", "{ran:?}");
    let ran = python(
        "n = []\ntry:\n    while True: n.append(open('/dev/null'))\n\
         except OSError as e: print(900 < len(n) < 1024, e.strerror)",
    );
    assert_eq!(ran.stdout, "True Too many open files\n", "{ran:?}");
}

#[test]
fn output_past_the_limit_ends_it() {
    let ran = run(limited("while True: print('x' * 1000)", |l| l.output_bytes = 1 << 20));
    assert_eq!(ran.finished.end, End::OutputLimit);
    assert!(ran.stdout.len() > 900_000 && ran.stdout.len() <= 1 << 20, "{}", ran.stdout.len());
}

#[test]
fn usage_is_told() {
    let ran = python(
        "x = bytearray(100 << 20)\nt = 0\nimport time\nwhile time.process_time() < 0.2: pass",
    );
    let usage = ran.finished.usage;
    assert!(usage.cpu >= Duration::from_millis(200), "{usage:?}");
    assert!(usage.peak_memory_bytes >= 100 << 20, "{usage:?}");
}

#[test]
fn processor_time_of_what_was_killed_counts_where_there_is_a_group() {
    let code = "import os\nfor _ in range(2): os.fork()\nwhile True: pass";
    let ran = run(limited(code, |limits| limits.timeout = Duration::from_secs(2)));
    assert_eq!(ran.finished.end, End::TimedOut);
    let cpu = ran.finished.usage.cpu;
    assert!(SANDBOX.isolation().limits == "rlimits" || cpu > Duration::from_millis(500), "{cpu:?}");
}
