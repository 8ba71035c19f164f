//! The wall clock, however busy the machine is.

use super::limited;
use crate::harness::{python, run};
use pyexec_sandbox::End;
use std::time::{Duration, Instant};

/// They start to spin together, once all are there.
const SPINNERS: &str = "import os\nr, w = os.pipe()\nfor _ in range(199):\n\
    \x20   if os.fork() == 0:\n        os.close(w)\n        os.read(r, 1)\n        break\n\
    else:\n    os.write(1, b'all\\n')\n    os.close(w)\nwhile True: pass";

/// The aim is a quarter of a second; machines that run tests are busy.
#[test]
fn many_spinning_processes_make_it_no_later() {
    let timeout = Duration::from_secs(2);
    let job = limited(SPINNERS, |limits| limits.timeout = timeout);
    let before = Instant::now();
    let ran = run(job);
    let late = before.elapsed().saturating_sub(timeout);
    println!("late by {late:?}");
    assert_eq!((ran.finished.end, ran.stdout.as_str()), (End::TimedOut, "all\n"));
    assert!(late < Duration::from_secs(5), "late by {late:?}");
}

/// PID 1 gets its turn sooner than a script's processes; they are ordinary ones.
#[test]
fn scripts_have_the_usual_priority() {
    let ran = python(
        "import os\nprint(os.nice(0), os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0))",
    );
    assert_eq!(ran.stdout, "0 0 0\n", "{ran:?}");
}
