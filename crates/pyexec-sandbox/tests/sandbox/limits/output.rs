//! How much a script may write.

use super::limited;
use crate::harness::run;
use pyexec_sandbox::End;

#[test]
fn the_limit_is_exact_and_holds_for_each_stream() {
    let write = |stdout: usize, stderr: usize| {
        let code = format!(
            "import os\nfor fd, n in ((1, {stdout}), (2, {stderr})):\n\
             \x20   while n > 0: n -= os.write(fd, b'x' * min(n, 50_000))"
        );
        let ran = run(limited(&code, |limits| limits.output_bytes = 200_000));
        (ran.finished.end, ran.stdout.len(), ran.stderr.len())
    };
    assert_eq!(write(200_000, 200_000), (End::Exited(0), 200_000, 200_000));
    let (end, stdout, _) = write(200_001, 0);
    assert_eq!((end, stdout), (End::OutputLimit, 200_000));
    let (end, _, stderr) = write(10, 500_000);
    assert_eq!((end, stderr), (End::OutputLimit, 200_000));
}

#[test]
fn output_past_the_limit_ends_it() {
    let ran = run(limited("while True: print('x' * 1000)", |l| l.output_bytes = 1 << 20));
    assert_eq!((ran.finished.end, ran.stdout.len()), (End::OutputLimit, 1 << 20));
}

#[test]
fn both_streams_at_once_are_whole() {
    let code = "import os\nfor i in range(50):\n    os.write(1, b'o' * 10_000)\n    os.write(2, b'e' * 10_000)";
    let ran = run(limited(code, |_| {}));
    assert_eq!((ran.stdout.len(), ran.stderr.len()), (500_000, 500_000));
}
