//! Outliving one's execution, or holding others up.

use crate::{
    case::{Case, script, steps},
    ground::{Ground, Ran, Tells, ensure},
    hosts::{happens, mark, marked, nothing_left_of, with_mark},
};
use pyexec_sandbox::{End, Observer, OutputStream, Stop};
use std::time::Duration;

const PIDS: &str = "PID namespace";

pub(crate) fn cases() -> Vec<Case> {
    vec![
        steps(
            "ignoring_sigterm",
            PIDS,
            "its end as `timeout`, with all of its processes",
            |ground| {
                let code = "for s in range(1, 65):\n    try: signal.signal(s, signal.SIG_IGN)\n    except (OSError, ValueError): pass\n\
                        os.fork(); time.sleep(60)";
                let ran = outlive(ground, code, Duration::from_secs(1))?;
                ensure(*ran.end() == End::TimedOut, ran)
            },
        ),
        steps(
            "stopping_itself",
            PIDS,
            "its end as `timeout`, with all of its processes",
            |ground| {
                let code = "os.fork(); os.kill(os.getpid(), signal.SIGSTOP)";
                let ran = outlive(ground, code, Duration::from_secs(1))?;
                ensure(*ran.end() == End::TimedOut, ran)
            },
        ),
        steps("a_daemon_after_a_normal_exit", PIDS, "its end with the execution", daemon),
        steps("a_grandchild_that_holds_the_streams", PIDS, "no delay", |ground| {
            let code = "if os.fork() == 0:\n    if os.fork() == 0: time.sleep(60)\n    os._exit(0)";
            let ran = outlive(ground, code, Duration::from_secs(25))?;
            let is_prompt = ran.finished.duration < Duration::from_secs(10);
            ensure(is_prompt && *ran.end() == End::Exited(0), ran)
        }),
        steps("forking_while_it_is_killed", PIDS, "its end with all of its processes", forking),
        script(
            "killing_everything_in_reach",
            PIDS,
            "its own processes",
            r#"
child = os.fork()
if child == 0: time.sleep(60)
os.kill(-1, signal.SIGKILL)
os.waitpid(child, 0)
"#,
        ),
        script(
            "signals_to_pid_1",
            PIDS,
            "signals that PID 1 doesn't get",
            r#"
for s in range(1, 65):
    try: os.kill(1, s)
    except (OSError, ValueError): pass
    if os.getppid() != 1: got('pid 1 is gone')
time.sleep(0.1)
"#,
        ),
        script(
            "signals_to_the_script_before_it",
            PIDS,
            "nobody",
            r#"
for pid in range(3, 2000):
    if pid != os.getpid():
        try: os.kill(pid, 0); got(pid)
        except ProcessLookupError: pass
if os.getpid() > 50: got('a number that others count', os.getpid())
"#,
        ),
        steps(
            "past_the_output_limit_and_gone",
            "limit on output",
            "its end as `output_limit`, however soon it ends",
            gone_at_once,
        ),
        steps("a_race_of_clean_ups", PIDS, "nothing that stays", race),
        steps("a_job_after_one_that_killed_all", PIDS, "an untouched sandbox", |ground| {
            for _ in 0..3 {
                ground.run(ground.script("os.kill(-1, 9); os.kill(os.getpid(), 9)"))?;
                let ran = ground.run(ground.script(""))?;
                ensure(ran.stdout == "tried\n", ran)?;
            }
            Ok(())
        }),
    ]
}

/// Nothing of the script is there when its execution is over.
fn outlive(ground: &Ground, code: &str, timeout: Duration) -> Result<Ran, String> {
    let mark = mark();
    let mut job = ground.script(&marked(&mark, code));
    job.limits.timeout = timeout;
    let ran = ground.run(job)?;
    nothing_left_of(&mark)?;
    Ok(ran)
}

pub(crate) fn daemon(ground: &Ground) -> Result<(), String> {
    // It says when it is there, and ends by itself where nothing else ends it.
    let code = "r, w = os.pipe()\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        \
                for fd in (0, 1, 2): os.close(fd)\n        os.write(w, b'x'); time.sleep(5)\n    os._exit(0)\nos.read(r, 1)";
    let ran = outlive(ground, code, Duration::from_secs(25))?;
    ensure(*ran.end() == End::Exited(0), ran)
}

fn forking(ground: &Ground) -> Result<(), String> {
    let mark = mark();
    let code = "print('up', flush=True)\nfor _ in range(2000):\n    \
                try:\n        if os.fork() == 0: time.sleep(0.05); os._exit(0)\n        os.waitpid(-1, os.WNOHANG)\n    except OSError: pass";
    let job = ground.script(&marked(&mark, code));
    let stop = Stop::new().unwrap();
    let (teller, told) = std::sync::mpsc::channel();
    let finished = std::thread::scope(|scope| {
        let running = scope.spawn(|| ground.sandbox.run(job, &mut Tells(teller), &stop));
        let _ = told.recv_timeout(Duration::from_secs(20));
        happens(|| with_mark(&mark).len() > 5);
        stop.stop();
        running.join().unwrap().unwrap()
    });
    nothing_left_of(&mark)?;
    ensure(finished.end == End::Killed, finished)
}

/// The observer is busy with the first bytes until the script is gone.
fn gone_at_once(ground: &Ground) -> Result<(), String> {
    struct Slow(String, usize);
    impl Observer for Slow {
        fn output(&mut self, _: OutputStream, bytes: &[u8]) {
            self.1 += bytes.len();
            happens(|| with_mark(&self.0).is_empty());
        }
    }
    let mut observer = Slow(mark(), 0);
    let code =
        marked(&observer.0, "os.write(1, b'x' * 10)\nos.write(1, b'x' * 10_000)\nos._exit(0)");
    let mut job = ground.script(&code);
    job.limits.output_bytes = 1000;
    let finished = ground.sandbox.run(job, &mut observer, &Stop::new().unwrap()).unwrap();
    ensure(finished.end == End::OutputLimit && observer.1 == 1000, (finished, observer.1))
}

fn race(ground: &Ground) -> Result<(), String> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|n| {
                scope.spawn(move || {
                    (0..3).try_for_each(|_| {
                        let timeout = Duration::from_millis(if n == 0 { 200 } else { 25_000 });
                        let code = "if os.fork() == 0: os.setsid(); time.sleep(60)\nopen('/tmp/x', 'w').write('x')";
                        outlive(ground, code, timeout).map(drop)
                    })
                })
            })
            .collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap())
    })
}
