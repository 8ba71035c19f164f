//! Limits that are enforced, and told.

mod counts;
mod memory;
mod output;
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
    assert!(SANDBOX.isolation().limits == "rlimits" || cpu > Duration::from_millis(200), "{cpu:?}");
}
