//! Quotas of the processors, and what a script sees of them.

use super::limited;
use crate::harness::{SANDBOX, python, run};
use pyexec_sandbox::{Captured, End, Job, SandboxError, Stop};
use std::time::Duration;

/// A job with a quota; `None` where no group can hold it to one, and it is refused.
fn with_quota(code: &str, percent: u64) -> Option<Job> {
    let limited = || limited(code, |limits| limits.cpu_percent = Some(percent));
    if SANDBOX.isolation().limits != "rlimits" {
        return Some(limited());
    }
    let refused = SANDBOX.run(limited(), &mut Captured::default(), &Stop::new().unwrap());
    let error = refused.unwrap_err();
    assert!(matches!(&error, SandboxError::InvalidJob(_)), "{error:?}");
    assert!(error.to_string().contains("there are no control groups"), "{error}");
    None
}

const COUNTS: &str = "import os\nn = len(os.sched_getaffinity(0))\n\
    print(n, os.cpu_count(), getattr(os, 'process_cpu_count', os.cpu_count)())\n\
    print({k: v for k, v in sorted(os.environ.items()) if 'NUM_THREADS' in k})";

#[test]
fn a_script_sees_what_it_may_use() {
    let Some(mut job) = with_quota(COUNTS, 30) else { return };
    let expected = "1 1 1\n{'OMP_NUM_THREADS': '7', 'OPENBLAS_NUM_THREADS': '1'}\n";
    job.env = vec!["OMP_NUM_THREADS=7".into()];
    let ran = run(job);
    assert_eq!(ran.stdout, expected, "{ran:?}");

    let two = std::thread::available_parallelism().unwrap().get().min(2);
    let expected = format!(
        "{two} {two} {two}\n{{'OMP_NUM_THREADS': '{two}', 'OPENBLAS_NUM_THREADS': '{two}'}}\n"
    );
    let mut job = with_quota(COUNTS, 101).unwrap();
    assert_eq!(run(job).stdout, expected);
    // Commands before it, and whatever else it starts, see the same.
    job = with_quota(
        "import subprocess, sys\nprint(subprocess.getoutput('echo $OMP_NUM_THREADS; nproc'))",
        100,
    )
    .unwrap();
    job.pre_commands = vec!["echo $OMP_NUM_THREADS".into()];
    assert_eq!(run(job).stdout, "1\n1\n1\n");
}

#[test]
fn without_a_quota_there_are_all_processors_and_no_variables() {
    let all = std::thread::available_parallelism().unwrap();
    assert_eq!(python(COUNTS).stdout, format!("{all} {all} {all}\n{{}}\n"));
}

#[test]
fn a_quota_holds_for_all_processes_together() {
    let code = "import os, time\nend = time.monotonic() + 2\nos.fork()\nos.fork()\n\
        while time.monotonic() < end: pass";
    let Some(job) = with_quota(code, 25) else { return };
    let ran = run(job);
    assert_eq!(ran.finished.end, End::Exited(0), "{ran:?}");
    let (used, most) = (ran.finished.usage.cpu, ran.finished.duration / 4);
    println!("used {used:?} of {most:?}");
    assert!(used < most + Duration::from_millis(250), "{ran:?}");
}

#[test]
fn a_script_may_bind_itself_but_not_pid_1() {
    let ran = python(
        "import os\nos.sched_setaffinity(0, os.sched_getaffinity(0))\n\
         one = {min(os.sched_getaffinity(0))}\nos.sched_setaffinity(os.getpid(), one)\n\
         print(len(os.sched_getaffinity(0)))\n\
         try: os.sched_setaffinity(1, one)\nexcept PermissionError: print('no')",
    );
    assert_eq!(ran.stdout, "1\nno\n", "{ran:?}");
}

#[test]
fn a_timeout_ends_what_has_used_up_its_quota() {
    let code = "import os\nfor _ in range(5): os.fork()\nwhile True: pass";
    let Some(mut job) = with_quota(code, 10) else { return };
    job.limits.timeout = Duration::from_secs(2);
    let ran = run(job);
    assert_eq!(ran.finished.end, End::TimedOut);
    println!("late by {:?}", ran.finished.duration - Duration::from_secs(2));
    assert!(ran.finished.duration < Duration::from_secs(7), "{ran:?}");
}
