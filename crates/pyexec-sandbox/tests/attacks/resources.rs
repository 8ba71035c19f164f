//! More than one's share: each attack stops by itself at a few times its limit.

use crate::case::{Case, script};
use pyexec_sandbox::End;
use std::time::Duration;

const WATCH: &str = "watch over memory";
const GROUP: &str = "control group";
const PROCESSES: &str = "limit on processes";
const DISK: &str = "size of the writable folders";

/// Ended for want of memory, or refused it.
const fn memory(name: &'static str, layer: &'static str, code: &'static str) -> Case {
    script(name, layer, "its end as `oom`", code)
        .limits(|limits| (limits.memory_mb, limits.disk_mb) = (64, 128))
        .proof(|ran| *ran.end() == End::OutOfMemory)
}

pub(crate) fn cases() -> Vec<Case> {
    [processes(), memories(), disks(), streams()].into_iter().flatten().collect()
}

fn processes() -> Vec<Case> {
    vec![
        script(
            "fork_bomb",
            PROCESSES,
            "exactly as many processes as it may have",
            r#"
n = 1
try:
    while n < 60:
        if os.fork() == 0:
            time.sleep(60)
        n += 1
except BlockingIOError: pass
print(n) if n == 20 else got(n, 'processes')
"#,
        )
        .limits(|limits| limits.processes = 20),
        script(
            "thread_bomb",
            PROCESSES,
            "exactly as many threads as it may have",
            r#"
import threading
go, n = threading.Event(), 1
try:
    while n < 60: threading.Thread(target=go.wait).start(); n += 1
except RuntimeError: pass
go.set()
print(n) if n == 20 else got(n, 'threads')
"#,
        )
        .limits(|limits| limits.processes = 20),
        script(
            "as_many_processes_as_there_are_processors",
            PROCESSES,
            "a pool that works",
            r#"
import multiprocessing
with multiprocessing.get_context('fork').Pool(os.cpu_count()) as pool:
    if pool.map(abs, [-1, -2]) != [1, 2]: got('wrong')
"#,
        ),
        script(
            "spinning_past_the_time",
            "clock outside of the sandbox",
            "its end as `timeout`",
            r#"
for _ in range(6): os.fork()
end = time.monotonic() + 20
while time.monotonic() < end: pass
got('time')
"#,
        )
        .limits(|limits| limits.timeout = Duration::from_secs(1))
        .proof(|ran| *ran.end() == End::TimedOut && ran.finished.duration.as_secs() < 10),
        script(
            "open_file_exhaustion",
            "limit on open files",
            "as many as it may have",
            r#"
n = 3
try:
    while n < 500: os.dup(0); n += 1
except OSError: pass
print(n) if n <= 64 else got(n, 'files')
# Nothing can be imported any more, and nothing needs to be.
"#,
        )
        .limits(|limits| limits.open_files = 64),
        script(
            "parser_bomb_of_nested_parentheses",
            "process of its own",
            "an exception, or its own crash",
            r#"
for text in ('(' * 100_000 + ')' * 100_000, '-' * 200_000 + '1', 'f' + '.f' * 100_000):
    if os.fork() == 0:
        try: compile(text, 'bomb', 'eval')
        except BaseException: pass
        os._exit(0)
    os.wait()
"#,
        )
        .proof(|ran| ran.stdout.ends_with("tried\n") || *ran.end() == End::OutOfMemory),
        script(
            "crash_of_the_interpreter",
            "process of its own",
            "its end by the signal",
            "ctypes.string_at(0)",
        )
        .proof(|ran| *ran.end() == End::Signaled(11)),
        script(
            "core_dump",
            "limit on core files",
            "none",
            r#"
import resource
if resource.getrlimit(resource.RLIMIT_CORE)[1] > 1: got('cores')
if os.fork() == 0: os.abort()
_, status = os.wait()
if os.listdir('/work') != ['main.py'] or os.WCOREDUMP(status): got('a core', os.listdir('/work'))
"#,
        ),
    ]
}

fn memories() -> Vec<Case> {
    vec![
        script(
            "far_too_much_memory_at_once",
            "limit on a process's data",
            "`MemoryError`",
            r#"
for size in (4 << 30, 1 << 40):
    try: got(len(bytearray(size)))
    except MemoryError: pass
"#,
        ),
        memory(
            "memory_bomb_step_by_step",
            WATCH,
            "x = []\nfor _ in range(300): x.append(bytearray(os.urandom(4096)) * 256)\ngot('300 MiB')",
        ),
        memory(
            "memory_bomb_split_among_processes",
            WATCH,
            r#"
r, w = os.pipe()
for _ in range(6):
    if os.fork() == 0:
        x = bytearray(os.urandom(4096)) * (40 * 256)
        os.write(w, b'x')
        time.sleep(60)
for _ in range(6): os.read(r, 1)
# Where no control group stands behind it, somebody has to look first.
time.sleep(2)
got('240 MiB')
"#,
        ),
        memory(
            "memory_bomb_in_a_private_mapping",
            WATCH,
            r#"
import mmap
m = mmap.mmap(-1, 300 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for i in range(0, len(m), 4096): m[i] = 1
got('300 MiB')
"#,
        ),
        memory(
            "memory_bomb_in_a_shared_mapping",
            WATCH,
            r#"
import mmap
m = mmap.mmap(-1, 400 << 20)
for i in range(0, len(m), 4096): m[i] = 1
got('400 MiB')
"#,
        ),
        memory(
            "memory_bomb_in_memory_files",
            "control group; without one, system call list",
            r#"
held = []
try:
    for _ in range(400): held.append(os.memfd_create('x')); os.write(held[-1], bytes(1 << 20))
except PermissionError: os.kill(os.getpid(), 9)
got('400 MiB')
"#,
        )
        .limits(|limits| (limits.memory_mb, limits.disk_mb, limits.inodes) = (64, 64, 100))
        .proof(|ran| matches!(ran.end(), End::OutOfMemory | End::Signaled(9))),
        memory(
            "memory_bomb_in_system_v_segments",
            "control group; without one, system call list",
            r#"
libc.shmat.restype = ctypes.c_void_p
for n in range(40):
    segment = syscall(29, 194, 0, 10 << 20, 0o1600)
    if segment == 'EPERM': os.kill(os.getpid(), 9)
    if isinstance(segment, str): print(segment); break
    at = libc.shmat(segment, None, 0)
    ctypes.memset(at, 1, 10 << 20)
    libc.shmdt(ctypes.c_void_p(at))
else: got('400 MiB')
"#,
        )
        .limits(|limits| (limits.memory_mb, limits.disk_mb, limits.inodes) = (64, 64, 100))
        .proof(|ran| matches!(ran.end(), End::OutOfMemory | End::Signaled(9))),
        memory(
            "memory_bomb_in_socket_buffers",
            GROUP,
            r#"
held, total = [], 0
for _ in range(480):
    pair = socket.socketpair()
    held.append(pair)
    for s in pair:
        s.setblocking(False)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        try:
            while total < 300 << 20: total += s.send(bytes(32 << 10))
        except BlockingIOError: pass
if total > 150 << 20: got(total >> 20, 'MiB')
else: os.kill(os.getpid(), 9)
"#,
        )
        .limits(|limits| (limits.memory_mb, limits.disk_mb, limits.inodes) = (64, 16, 100))
        .proof(|ran| matches!(ran.end(), End::OutOfMemory | End::Signaled(9)))
        .gap("limit on socket buffers", "without a control group nothing sees them"),
    ]
}

fn disks() -> Vec<Case> {
    let small = |limits: &mut pyexec_sandbox::Limits| (limits.disk_mb, limits.inodes) = (16, 200);
    vec![
        script(
            "disk_fill_by_writing",
            DISK,
            "`ENOSPC` after `disk_mb`",
            r#"
written = 0
def fill():
    global written
    for n in range(10):
        with open(('/work', '/tmp', '/dev/shm')[n % 3] + f'/{n}', 'wb', buffering=0) as f:
            for _ in range(6): written += f.write(bytes(1 << 20))
attempt('60 MiB', fill)
if written > 16 << 20: got(written)
"#,
        )
        .limits(small),
        script(
            "disk_fill_by_fallocate",
            DISK,
            "`ENOSPC`",
            r#"
fds = [os.open(f'/tmp/{n}', os.O_CREAT | os.O_WRONLY) for n in range(4)]
attempt('reserved', lambda: [os.posix_fallocate(fd, 0, 15 << 20) for fd in fds])
"#,
        )
        .limits(small),
        script(
            "disk_fill_through_a_sparse_mapping",
            DISK,
            "a signal",
            r#"
import mmap
if os.fork() == 0:
    fds = [os.open(f'/tmp/{n}', os.O_CREAT | os.O_RDWR) for n in range(4)]
    for fd in fds:
        os.ftruncate(fd, 15 << 20)
        m = mmap.mmap(fd, 15 << 20)
        for i in range(0, len(m), 4096): m[i] = 1
    got('60 MiB')
    os._exit(0)
_, status = os.wait()
print(os.WTERMSIG(status))
"#,
        )
        .limits(small),
        script(
            "inode_fill",
            DISK,
            "`ENOSPC` after `inodes`",
            r#"
n = 0
try:
    for n in range(2000): os.mkdir(f'/tmp/{n}')
except OSError: pass
if n > 200: got(n, 'folders')
"#,
        )
        .limits(small),
        script(
            "folders_too_deep_to_remove",
            DISK,
            "a sandbox that is gone all the same",
            r#"
os.chdir('/tmp')
try:
    for _ in range(4000): os.mkdir('d' * 200); os.chdir('d' * 200)
except OSError as error: print(error.strerror)
"#,
        ),
    ]
}

fn streams() -> Vec<Case> {
    vec![
        script(
            "output_forever",
            "limit on output",
            "its end as `output_limit`, and no more",
            r#"
for _ in range(64): os.write(1, b'x' * (1 << 20))
got('64 MiB')
"#,
        )
        .limits(|limits| limits.output_bytes = 1 << 20)
        .proof(|ran| *ran.end() == End::OutputLimit && ran.stdout.len() == 1 << 20),
        script(
            "both_pipes_past_their_buffers",
            "both are read at once",
            "all of it",
            r#"
for _ in range(40): os.write(1, b'o' * 20_000); os.write(2, b'e' * 20_000)
print()
"#,
        )
        .proof(|ran| ran.stdout.len() == 800_007 && ran.stderr.len() == 800_000),
        script(
            "streams_closed_and_running_on",
            "clock outside of the sandbox",
            "its end as `timeout`",
            r#"
os.close(1); os.close(2)
time.sleep(60)
"#,
        )
        .limits(|limits| limits.timeout = Duration::from_secs(1))
        .proof(|ran| *ran.end() == End::TimedOut),
        script(
            "taking_its_own_output_back",
            "pipes are never waited for",
            "nothing of anybody's",
            r#"
back = os.open('/proc/self/fd/1', os.O_RDONLY | os.O_NONBLOCK)
try:
    for _ in range(1000): os.read(back, 65536)
except BlockingIOError: pass
"#,
        ),
    ]
}
