//! Memory, however it is taken: what processes hold together ends the execution with its output
//! kept, and a full disk is only an error of the script.

use super::limited;
use crate::harness::{Ran, SANDBOX, run};
use pyexec_sandbox::{End, Limits};

/// After the word, the execution has to end for want of memory.
fn too_much(code: &str, limit: impl FnOnce(&mut Limits)) -> Ran {
    let ran = run(limited(&format!("print('before')\n{code}"), limit));
    assert_eq!(ran.finished.end, End::OutOfMemory, "{ran:?}");
    assert_eq!(ran.stdout.lines().next(), Some("before"), "{ran:?}");
    ran
}

fn small(memory_mb: u64, disk_mb: u64) -> impl FnOnce(&mut Limits) {
    move |limits| {
        limits.memory_mb = memory_mb;
        limits.disk_mb = disk_mb;
    }
}

const HOLD: &str = "x = bytearray(os.urandom(1 << 16)) * 1600\ntime.sleep(600)";

#[test]
fn far_too_much_at_once_is_a_memory_error() {
    for code in ["x = bytearray(8 << 30)", "x = [0] * 10 ** 9", "x = 'x' * 10 ** 10"] {
        let ran = run(limited(code, small(128, 64)));
        assert_eq!(ran.finished.end, End::Exited(1), "{ran:?}");
        assert_eq!(ran.finished.claims.error_type.as_deref(), Some("MemoryError"));
    }
}

#[test]
fn growing_step_by_step_ends_it() {
    let ran = too_much("x = []\nwhile True: x.append(b'x' * 10_000)", small(128, 512));
    println!("peak {} MiB", ran.finished.usage.peak_memory_bytes >> 20);
    // The processes themselves, far below what they may have with their disk.
    assert!(ran.finished.usage.peak_memory_bytes < 512 << 20, "{ran:?}");
}

#[test]
fn memory_of_all_processes_together_ends_them() {
    too_much(&format!("import os, time\nfor _ in range(6): os.fork()\n{HOLD}"), small(256, 16));
}

/// Well below what the group may have with its disk, so that only the watch can see it.
#[test]
fn a_large_disk_gives_processes_no_more_memory() {
    too_much(&format!("import os, time\nfor _ in range(3): os.fork()\n{HOLD}"), small(256, 4096));
}

#[test]
fn as_many_threads_start_as_there_may_be() {
    let code = "import threading\ngo = threading.Event()\n\
        all = [threading.Thread(target=go.wait) for _ in range(200)]\n\
        for t in all: t.start()\n\
        print(threading.active_count())\ngo.set()";
    let ran = run(limited(code, small(256, 16)));
    assert_eq!((ran.stdout.as_str(), ran.finished.end), ("201\n", End::Exited(0)));
}

#[test]
fn shared_memory_counts_too() {
    let code = "import mmap, time\nm = mmap.mmap(-1, 1 << 30)\n\
        for i in range(0, 1 << 30, 4096): m[i] = 1\ntime.sleep(600)";
    too_much(code, small(64, 64));
}

#[test]
fn memory_files_count_too() {
    let code = "import os\nprint('before')\n\
        while True: os.write(os.memfd_create('x'), bytes(1 << 20))";
    let ran = run(limited(code, small(64, 64)));
    assert!(ran.stdout.starts_with("before\n"), "{ran:?}");
    if SANDBOX.isolation().limits == "rlimits" {
        // Nothing would see them there.
        assert_eq!(ran.finished.claims.error_type.as_deref(), Some("PermissionError"), "{ran:?}");
    } else {
        assert_eq!(ran.finished.end, End::OutOfMemory, "{ran:?}");
    }
}

/// What is only reserved costs nothing: Go, Java and sanitizers reserve far more than they use.
#[test]
fn reservations_are_free_until_they_are_used() {
    let code = "import mmap, time\nflags = mmap.MAP_ANONYMOUS | getattr(mmap, 'MAP_NORESERVE', 0x4000)\n\
        read = mmap.mmap(-1, 100 << 30, flags=flags | mmap.MAP_PRIVATE, prot=mmap.PROT_READ)\n\
        m = mmap.mmap(-1, 100 << 30, flags=flags | mmap.MAP_SHARED)\n\
        print('reserved', read[99 << 30], m[99 << 30])\n\
        try: mmap.mmap(-1, 100 << 30, flags=flags | mmap.MAP_PRIVATE)\n\
        except OSError as e: print(e.strerror)\n\
        for i in range(0, 1 << 30, 4096): m[i] = 1\ntime.sleep(600)";
    let ran = too_much(code, small(64, 64));
    assert_eq!(ran.stdout, "before\nreserved 0 0\nCannot allocate memory\n");
}

#[test]
fn a_full_disk_is_an_error_of_the_script_and_never_out_of_memory() {
    let code = "import os\ntry:\n    with open('big', 'wb') as f:\n        while True: f.write(b'x' * (1 << 20))\n\
        except OSError as e: print(e.strerror)\nos.remove('big')\n\
        try:\n    f = open('/dev/shm/big', 'wb'); os.posix_fallocate(f.fileno(), 0, 1 << 30)\n\
        except OSError as e: print(e.strerror)\n";
    let ran = run(limited(code, small(1024, 32)));
    assert_eq!(ran.stdout.lines().count(), 2, "{ran:?}");
    assert_eq!(ran.finished.end, End::Exited(0), "{ran:?}");
}

/// All at once: files of every size up to their limits beside processes close to theirs.
#[test]
fn a_full_disk_leaves_the_processes_their_memory() {
    let code = "import os\nx = bytearray(os.urandom(1 << 16)) * 640\nn = 0\n\
        try:\n    while True: open(f'/tmp/{n:060}', 'w').close(); n += 1\n\
        except OSError as e: print(n > 60_000, e.strerror)\n\
        try:\n    with open('/tmp/' + '0' * 60, 'wb') as f:\n        while True: f.write(b'x' * (1 << 16))\n\
        except OSError as e: print(e.strerror)\n\
        print(sum(x[::4096]) > 0)";
    let ran = run(limited(code, small(64, 32)));
    let full = "No space left on device";
    assert_eq!(ran.stdout, format!("True {full}\n{full}\nTrue\n"), "{ran:?}");
    assert_eq!(ran.finished.end, End::Exited(0), "{ran:?}");
}
