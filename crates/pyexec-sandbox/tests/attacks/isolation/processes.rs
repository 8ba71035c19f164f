//! Other processes: PID 1, the server, those of other executions.

use crate::{
    case::{Case, script, steps},
    ground::{Ground, ensure},
    hosts,
};

const PROC: &str = "`/proc` of its own";
const HIDDEN: &str = "PID 1 hides itself";
const CALLS: &str = "system call list";

pub(crate) fn cases() -> Vec<Case> {
    vec![
        script(
            "reading_pid_1",
            HIDDEN,
            "`EACCES`",
            r#"
for pid in ('1', str(os.getppid())):
    for name in ('environ', 'maps', 'mem', 'auxv', 'stack', 'syscall', 'pagemap', 'personality'):
        attempt('/proc/1/' + name, lambda: open(f'/proc/{pid}/{name}', 'rb').read(1))
    for name in ('root', 'cwd', 'exe'):
        attempt('/proc/1/' + name, os.readlink, f'/proc/{pid}/{name}')
    for name in ('fd', 'map_files', 'fdinfo'):
        attempt('/proc/1/' + name, os.listdir, f'/proc/{pid}/{name}')
    attempt('/proc/1/root', os.listdir, f'/proc/{pid}/root/')
    attempt('/proc/1/mem', lambda: open(f'/proc/{pid}/mem', 'r+b'))
"#,
        ),
        script(
            "seeing_other_processes",
            PROC,
            "PID 1 and its own",
            r#"
others = {int(name) for name in os.listdir('/proc') if name.isdigit()} - {1, os.getpid()}
if others: got('processes', others)
for pid in range(1, 5000):
    if pid not in (1, os.getpid()) and os.path.exists(f'/proc/{pid}'): got(pid)
"#,
        ),
        script(
            "reading_the_kernels_own_files",
            PROC,
            "none of them",
            r#"
for name in ('kcore', 'kmsg', 'sysrq-trigger', 'sys/kernel/core_pattern', 'sys/kernel/random/boot_id',
             'cpuinfo', 'meminfo', 'cmdline', 'mounts/../../sys', 'modules', 'kallsyms', 'keys', 'bus', 'scsi',
             'interrupts', 'timer_list', 'sysvipc/shm', 'partitions', 'version', 'uptime', 'net/../sys'):
    if os.path.exists('/proc/' + name): got(name)
"#,
        ),
        script(
            "writing_the_kernels_settings",
            PROC,
            "no such file",
            r#"
for name in ('sysrq-trigger', 'sys/kernel/core_pattern', 'sys/kernel/hostname', 'sys/vm/drop_caches',
             'sys/net/ipv4/ip_forward', 'self/oom_score_adj/../../../sys/kernel/modprobe'):
    attempt(name, lambda: os.open('/proc/' + name, os.O_WRONLY))
for name in ('uid_map', 'gid_map', 'setgroups'):
    attempt(name, lambda: open('/proc/self/' + name, 'w', buffering=1).write('0 0 1\n'))
def less(): open('/proc/self/oom_score_adj', 'w', buffering=1).write('-1000\n')
attempt('oom_score_adj', less)
"#,
        ),
        script(
            "debugging_another_process",
            CALLS,
            "`EPERM`",
            r#"
kernel('ptrace', 101, 117, 0, 0, 0, 0)
kernel('process_vm_readv', 310, 270, os.getpid(), 0, 0, 0, 0, 0)
kernel('process_vm_writev', 311, 271, os.getpid(), 0, 0, 0, 0, 0)
kernel('kcmp', 312, 272, 1, os.getpid(), 0, 0, 0)
kernel('pidfd_getfd', 438, 438, os.pidfd_open(os.getpid()), 0, 0)
kernel('process_madvise', 440, 440, 0, 0, 0, 0, 0)
"#,
        ),
        script(
            "changing_pid_1",
            CALLS,
            "`EPERM`",
            r#"
import resource
attempt('prlimit', resource.prlimit, 1, resource.RLIMIT_NOFILE, (3, 3))
attempt('priority', os.setpriority, os.PRIO_PROCESS, 1, 19)
attempt('affinity', os.sched_setaffinity, 1, {0})
attempt('scheduler', os.sched_setscheduler, 1, os.SCHED_IDLE, os.sched_param(0))
kernel('ioprio_set', 251, 30, 1, 1, 0)
kernel('migrate_pages', 256, 238, 1, 0, 0, 0)
kernel('move_pages', 279, 239, 1, 0, 0, 0, 0, 0)
"#,
        ),
        script(
            "more_priority_or_time",
            "no capabilities",
            "its own share",
            r#"
attempt('nice', os.nice, -5)
attempt('real time', os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(10))
attempt('priority', os.setpriority, os.PRIO_USER, os.getuid(), -5)
"#,
        ),
        script(
            "raising_its_limits",
            "no capabilities",
            "`EPERM`",
            r#"
import resource
for name in ('CORE', 'NPROC', 'NOFILE', 'FSIZE', 'DATA', 'MEMLOCK', 'MSGQUEUE'):
    kind = getattr(resource, 'RLIMIT_' + name, None)
    if kind is None: continue
    most = resource.getrlimit(kind)[1]
    if most == resource.RLIM_INFINITY: got(name, 'has no limit'); continue
    attempt(name, resource.setrlimit, kind, (most + 1, most + 1))
"#,
        ),
        script(
            "a_secret_in_its_own_environment",
            "a clean environment",
            "four variables",
            r#"
if set(os.environ) != {'HOME', 'LANG', 'PATH', 'USER'}: got(dict(os.environ))
text = open('/proc/self/environ', 'rb').read()
for word in (b'SECRET', b'CARGO', b'PYEXEC_TEST'):
    if word in text: got(word)
"#,
        ),
        steps("a_secret_in_the_servers_environment", PROC, "nothing", environment),
        script(
            "inherited_descriptors",
            "descriptors are closed",
            "its streams, and its channel for claims",
            r#"
for number in map(int, os.listdir('/proc/self/fd')):
    try: link = os.readlink(f'/proc/self/fd/{number}')
    except OSError: continue
    if not link.startswith('pipe:'): got(number, link)
    elif number > 2 and number < 1000: got(number, link)
if len(os.listdir('/proc/self/fd')) > 5: got(os.listdir('/proc/self/fd'))
"#,
        ),
        script(
            "who_it_is_on_the_host",
            "user namespace",
            "user 1000, without any right",
            r#"
if os.getresuid() != (1000,) * 3 or os.getresgid() != (1000,) * 3: got(os.getresuid())
if set(os.getgroups()) - {1000, 65534}: got(os.getgroups())
for uid in (0, 1, 65534, 0x70000000):
    attempt(f'setuid {uid}', os.setuid, uid)
    attempt(f'setgid {uid}', os.setgid, uid)
attempt('setgroups', os.setgroups, [0])
outside = int(open('/proc/self/uid_map').read().split()[1])
if 0 < outside < 65536: got('its user on the host', outside)
"#,
        ),
        script(
            "the_name_of_the_host",
            "UTS namespace",
            "`pyexec`",
            r#"
if os.uname().nodename != 'pyexec' or socket.gethostname() != 'pyexec': got(os.uname().nodename)
if open('/etc/hostname').read() != 'pyexec\n': got(open('/etc/hostname').read())
attempt('sethostname', socket.sethostname, 'mine')
"#,
        ),
        script(
            "the_path_of_its_control_group",
            "cgroup namespace",
            "`/`",
            r#"
for line in open('/proc/self/cgroup'):
    if line.strip().split(':', 2)[2] != '/': got(line.strip())
if os.path.exists('/sys/fs/cgroup'): got(os.listdir('/sys/fs/cgroup'))
"#,
        ),
        script(
            "ports_of_the_privileged",
            "no capabilities",
            "`EACCES`",
            r#"
attempt('port 80', socket.create_server, ('127.0.0.1', 80))
status = dict(line.split(':\t') for line in open('/proc/self/status').read().splitlines() if ':\t' in line)
for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'):
    if int(status[name], 16): got(name, status[name])
if status['NoNewPrivs'] != '1': got('new privileges')
"#,
        ),
        steps("shared_memory_of_the_host", "IPC namespace", "no such segment", shared_memory),
    ]
}

/// The secret is told backwards, so that the search doesn't find itself.
fn environment(ground: &Ground) -> Result<(), String> {
    let secret: String = hosts::secret().chars().rev().collect();
    let code = format!(
        "secret = '{secret}'[::-1].encode()\nfor pid in os.listdir('/proc'):\n    for name in ('environ', 'cmdline'):\n        \
         try: text = open(f'/proc/{{pid}}/{{name}}', 'rb').read()\n        except OSError: continue\n        \
         if secret in text: got(pid, name)\n"
    );
    let ran = ground.run(ground.script(&code))?;
    ensure(ran.stdout == "tried\n", ran)
}

/// A segment that everybody may read, had they the same IPC namespace.
pub(crate) fn shared_memory(ground: &Ground) -> Result<(), String> {
    let python = ground.sandbox.interpreters()[0].executable();
    let host = |code: &str| {
        let code = format!("import ctypes\nlibc = ctypes.CDLL(None)\n{code}");
        let output = std::process::Command::new(python).args(["-c", &code]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let segment = host("print(libc.shmget(0, 4096, 0o1666))");
    let ran = ground.run(ground.script(&format!(
        "libc.shmat.restype = ctypes.c_void_p\nat = libc.shmat({segment}, None, 0)\n\
         if at not in (None, ctypes.c_void_p(-1).value): got('attached')"
    )));
    host(&format!("libc.shmctl({segment}, 0, None)"));
    let ran = ran?;
    ensure(!segment.is_empty() && segment != "-1" && ran.stdout == "tried\n", (segment, ran))
}
