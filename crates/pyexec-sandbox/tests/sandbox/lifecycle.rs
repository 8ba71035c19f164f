//! Streams, inputs and ends. That everything of an execution ends with it is in `tests/attacks`.

use crate::harness::{SANDBOX, eval, job, python, run};
use pyexec_sandbox::{Captured, End, Observer, OutputStream, SandboxError, Stop};
use std::time::Duration;

#[test]
fn closed_streams_do_not_end_it() {
    let ran = python(
        "import os, time\nprint('a')\nos.close(1); os.close(2); time.sleep(0.3); os._exit(5)",
    );
    assert_eq!((ran.stdout.as_str(), ran.finished.end), ("a\n", End::Exited(5)));
}

#[test]
fn large_input_that_nobody_reads_and_large_output_pass() {
    let mut job = job(&[("main.py", "print('done')")]);
    job.stdin = vec![b'x'; 5 << 20];
    assert_eq!(run(job).stdout, "done\n");
    let mut job = job_that_echoes();
    job.stdin = vec![b'y'; 5 << 20];
    let ran = run(job);
    assert_eq!(ran.stdout.len(), 50 << 20);
    assert_eq!(ran.finished.end, End::Exited(0));
}

fn job_that_echoes() -> pyexec_sandbox::Job {
    job(&[(
        "main.py",
        "import sys\nd = sys.stdin.buffer.read()\nfor _ in range(10): sys.stdout.buffer.write(d)",
    )])
}

#[test]
fn many_at_the_same_time() {
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..12).map(|n| scope.spawn(move || (n, eval(&format!("{n} * 2"))))).collect();
        for thread in threads {
            let (n, ran) = thread.join().unwrap();
            assert_eq!(ran.finished.claims.result, Some((n * 2).to_string()), "{ran:?}");
        }
    });
}

#[test]
fn impossible_jobs_are_refused_by_name() {
    let fails = |change: fn(&mut pyexec_sandbox::Job)| {
        let mut job = job(&[("main.py", "")]);
        change(&mut job);
        SANDBOX.run(job, &mut Captured::default(), &Stop::new().unwrap()).unwrap_err()
    };
    let error = fails(|job| job.version = "3.99".parse().unwrap());
    assert!(matches!(error, SandboxError::UnknownVersion { .. }), "{error}");
    let error = fails(|job| job.args = vec!["a\0b".into()]);
    assert!(error.to_string().contains("NUL"), "{error}");
    let error = fails(|job| job.env = vec!["novalue".into()]);
    assert!(error.to_string().contains("KEY=value"), "{error}");
    let error = fails(|job| job.network = true);
    assert!(error.to_string().contains("network"), "{error}");
}

#[test]
fn a_missing_entrypoint_is_pythons_own_error() {
    let mut job = job(&[("main.py", "")]);
    job.entrypoint = "nope.py".into();
    let ran = run(job);
    assert_eq!(ran.finished.end, End::Exited(2));
    assert!(ran.stderr.contains("can't open file '/work/nope.py'"), "{}", ran.stderr);
}

#[test]
fn a_failure_of_pid_1_is_told_with_its_reason() {
    let names: Vec<_> = (0..100).map(|n| format!("f{n}.py")).collect();
    let mut files = vec![("main.py", "print(1)")];
    files.extend(names.iter().map(|name| (name.as_str(), "")));
    let mut job = job(&files);
    job.limits.inodes = 50;
    let End::Refused(reason) = run(job).finished.end else { panic!("it was not refused") };
    assert!(reason.starts_with("writing \"f") && reason.contains("No space left"), "{reason}");
}

/// Both streams are ready, the observer is slow with the first, and meanwhile the script takes
/// back what it wrote to the second: there is nothing to read any more, and nobody may wait for it.
#[test]
fn a_script_that_reads_its_own_output_cannot_hold_the_answer() {
    struct Slow;
    impl Observer for Slow {
        fn output(&mut self, _: OutputStream, _: &[u8]) {
            std::thread::sleep(Duration::from_millis(1000));
        }
    }
    let code = "import os, time\nback = os.open('/proc/self/fd/2', os.O_RDONLY)\n\
        os.write(1, b'a')\ntime.sleep(0.5)\nos.write(1, b'b'); os.write(2, b'c')\n\
        time.sleep(1)\nos.read(back, 1)\ntime.sleep(600)";
    let mut job = job(&[("main.py", code)]);
    job.limits.timeout = Duration::from_secs(4);
    let finished = SANDBOX.run(job, &mut Slow, &Stop::new().unwrap()).unwrap();
    assert_eq!(finished.end, End::TimedOut);
}

#[test]
fn streams_can_be_opened_by_name() {
    let ran = python("open('/dev/stdout', 'w').write('o'); open('/dev/stderr', 'w').write('e')");
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("o", "e"), "{ran:?}");
}

#[test]
fn long_arguments_and_environments_pass() {
    let mut job = job(&[("main.py", "import os, sys; print(len(sys.argv[1]), len(sys.argv))")]);
    job.args = vec!["x".repeat(300_000); 10];
    assert_eq!(run(job).stdout, "300000 11\n");
}

/// PID 2 gets its streams under the highest numbers that it may have; the launcher's own numbers,
/// which grow with the sandboxes, must not be in the way.
#[test]
fn few_descriptors_and_many_sandboxes_do_not_collide() {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (35..47)
            .map(|open_files| {
                scope.spawn(move || {
                    let mut job = job(&[("main.py", "print('hello')")]);
                    job.limits.open_files = open_files;
                    (open_files, run(job))
                })
            })
            .collect();
        for thread in threads {
            let (open_files, ran) = thread.join().unwrap();
            assert_eq!(ran.stdout, "hello\n", "{open_files}: {ran:?}");
        }
    });
}
