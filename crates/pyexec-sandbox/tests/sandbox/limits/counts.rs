//! Limits that count things: exact ones.

use super::limited;
use crate::harness::run;
use pyexec_sandbox::{End, Limits};

/// What a script prints that does something until it can't.
fn until_refused(code: &str, limit: impl FnOnce(&mut Limits)) -> String {
    let code = format!(
        "import errno, os, threading, time\nn = 0\ntry:\n    while True:\n        {code}\n        n += 1\n\
         except (OSError, RuntimeError) as e: print(n, errno.errorcode.get(getattr(e, 'errno', 0), e), flush=True)\n\
         os._exit(0)"
    );
    let ran = run(limited(&code, limit));
    assert_eq!(ran.finished.end, End::Exited(0), "{ran:?}");
    ran.stdout
}

#[test]
fn files_and_folders() {
    // The script itself is one.
    let files = until_refused("open(f'f{n}', 'w').close()", |limits| limits.inodes = 100);
    assert_eq!(files, "99 ENOSPC\n");
    let folders = until_refused("os.mkdir(f'/tmp/{n}')", |limits| limits.inodes = 100);
    assert_eq!(folders, "99 ENOSPC\n");
}

#[test]
fn processes_and_threads() {
    let processes =
        until_refused("if os.fork() == 0: time.sleep(600)", |limits| limits.processes = 20);
    assert_eq!(processes, "19 EAGAIN\n");
    let threads =
        until_refused("threading.Thread(target=time.sleep, args=(600,)).start()", |limits| {
            limits.processes = 20;
        });
    assert_eq!(threads, "19 can't start new thread\n");
}

#[test]
fn open_files() {
    // Beside the three streams; the channel for what the script says of itself is beyond the limit.
    let files = until_refused("os.dup(0)", |limits| limits.open_files = 100);
    assert_eq!(files, "97 EMFILE\n");
    assert_eq!(until_refused("os.dup(0)", |_| {}), "1021 EMFILE\n");
}

#[test]
fn bytes_of_files() {
    let mib = |limits: &mut Limits| limits.disk_mb = 8;
    // The script takes a page.
    let pages = until_refused(
        "os.write(3, bytes(4096)) if n else os.open('f', os.O_CREAT | os.O_WRONLY)",
        mib,
    );
    assert_eq!(pages, "2048 ENOSPC\n");
    let size = "import os\nf = os.open('f', os.O_CREAT | os.O_WRONLY)\n\
        os.ftruncate(f, 8 << 20)\ntry: os.ftruncate(f, (8 << 20) + 1)\nexcept OSError as e: print(e.strerror)";
    assert_eq!(run(limited(size, mib)).stdout, "File too large\n");
}
