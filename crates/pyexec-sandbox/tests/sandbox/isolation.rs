//! What a script can't see or do. What it can't take by force is in `tests/attacks`.

use crate::harness::{job, python, run};
use pyexec_sandbox::{Captured, End, Network, Sandbox, SandboxOptions, Stop};

/// Runs code that prints what it found; the test says what that must be.
fn found(code: &str) -> String {
    let ran = python(code);
    assert_eq!(ran.finished.end, End::Exited(0), "{ran:?}");
    ran.stdout
}

#[test]
fn it_is_an_ordinary_user_without_capabilities() {
    let text = found(
        "import os\nprint(os.getuid(), os.getgid(), os.uname().nodename)\n\
         s = dict(l.split(':\\t') for l in open('/proc/self/status').read().splitlines() if ':\\t' in l)\n\
         print([s[k] for k in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp')])",
    );
    let none = "0000000000000000";
    assert_eq!(
        text,
        format!("1000 1000 pyexec\n['{none}', '{none}', '{none}', '{none}', '{none}', '1', '2']\n")
    );
}

#[test]
fn namespaces_are_its_own() {
    let names = ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"];
    let inside =
        found(&format!("import os\nfor n in {names:?}: print(os.readlink('/proc/self/ns/' + n))"));
    for (name, inside) in names.iter().zip(inside.lines()) {
        let ours = std::fs::read_link(format!("/proc/self/ns/{name}")).unwrap();
        assert_ne!(ours.to_str().unwrap(), inside);
    }
}

/// Of two copies of one zygote, too.
#[test]
fn namespaces_are_not_shared_with_another_run() {
    let code = "import os\nfor n in sorted(os.listdir('/proc/self/ns')): print(n, os.readlink('/proc/self/ns/' + n))\n\
        import sys, time; sys.stdout.flush(); time.sleep(1)";
    let texts: Vec<String> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..2).map(|_| scope.spawn(|| found(code))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let same: Vec<_> =
        texts[0].lines().filter(|line| texts[1].lines().any(|l| l == *line)).collect();
    assert!(same.iter().all(|line| line.starts_with("time")), "{same:?}");
}

/// Neither the launcher's number nor the execution's.
#[test]
fn control_groups_have_no_name_inside() {
    let text =
        found("print([line for line in open('/proc/self/cgroup') if not line.endswith(':/\\n')])");
    assert_eq!(text, "[]\n");
}

#[test]
fn a_script_leads_a_session_may_look_at_itself_and_passes_on_its_streams_alone() {
    let text = found(
        "import os, subprocess, sys\n\
         print(os.getsid(0) == os.getpid(), os.stat('/proc/self/environ').st_uid)\n\
         ls = 'import os; print(sorted(int(n) for n in os.listdir(\"/proc/self/fd\")))'\n\
         print(subprocess.run([sys.executable, '-c', ls], close_fds=False, capture_output=True, text=True).stdout)",
    );
    assert_eq!(text, "True 1000\n[0, 1, 2, 3]\n\n");
}

#[test]
fn only_work_tmp_and_shm_can_be_written() {
    let text = found(
        "import os\nfor root, dirs, files in os.walk('/'):\n\
         \x20   if root.startswith('/proc'): dirs.clear(); continue\n\
         \x20   if os.access(root, os.W_OK): print(root)\n",
    );
    let mut writable: Vec<_> = text.lines().collect();
    writable.sort_unstable();
    assert_eq!(writable, ["/dev/shm", "/tmp", "/work"]);
}

#[test]
fn the_host_is_out_of_sight() {
    let secret = tempfile::NamedTempFile::new_in("/var/tmp").unwrap();
    let path = secret.path().display();
    let text = found(&format!(
        "import os\nprint([os.path.exists(p) for p in ({:?}, '/root/.ssh', '/home', '/var', '/sys', '/mnt/etc', '/boot')])\n\
         print(sorted(p for p in os.listdir('/proc') if p.isdigit()) == ['1', str(os.getpid())], os.path.exists('/proc/sys'))\n\
         print(sorted(os.listdir('/dev')), open('/etc/passwd').read().count('\\n'))",
        path.to_string()
    ));
    assert_eq!(
        text,
        "[False, False, False, False, False, False, False]\nTrue False\n\
         ['fd', 'full', 'null', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'urandom', 'zero'] 2\n"
    );
}

#[test]
fn the_servers_environment_and_descriptors_are_not_inherited() {
    let text = found(
        "import os\nprint(sorted(os.environ), sorted(os.listdir('/proc/self/fd'), key=int)[:4])",
    );
    assert_eq!(text, "['HOME', 'LANG', 'PATH', 'USER'] ['0', '1', '2', '3']\n");
}

#[test]
fn there_is_no_network_but_loopback() {
    let text = found(
        "import socket\ndef name(i):\n    try: return socket.if_indextoname(i)\n    except OSError: pass\n\
         print([name(i) for i in range(1, 50) if name(i)])\n\
         s = socket.create_server(('127.0.0.1', 0)); c = socket.create_connection(s.getsockname()); print('loopback')\n\
         try: socket.create_connection(('192.0.2.1', 80), timeout=5)\n\
         except OSError as e: print(e.strerror)",
    );
    assert_eq!(text, "['lo']\nloopback\nNetwork is unreachable\n");
}

/// The C library has an older way for each call that is newer than the list.
#[test]
fn calls_that_are_too_new_seem_missing() {
    let text = found(
        "import ctypes, errno, socket\nlibc = ctypes.CDLL(None, use_errno=True)\n\
         def call(*args):\n    ctypes.set_errno(0); r = libc.syscall(*args); return errno.errorcode.get(ctypes.get_errno(), r)\n\
         print(call(435, 0, 0), call(452, -1, b'', 0, 0), call(462, 0, 0, 0), len(socket.socketpair()))",
    );
    assert_eq!(text, "ENOSYS ENOENT ENOSYS 2\n");
}

#[test]
fn the_hosts_network_only_by_choice() {
    let sandbox =
        Sandbox::start(SandboxOptions { network: Network::Host, ..SandboxOptions::default() })
            .unwrap();
    assert_eq!(sandbox.isolation().network, "host");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let code = format!(
        "import socket\nprint(socket.create_connection(('127.0.0.1', {port}), timeout=5) and 'reached')"
    );
    for (wanted, expected) in [(true, "reached\n"), (false, "")] {
        let mut job = job(&[("main.py", &code)]);
        job.network = wanted;
        let mut output = Captured::default();
        sandbox.run(job, &mut output, &Stop::new().unwrap()).unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    }
    let mut with_commands = job(&[("main.py", "")]);
    with_commands.pre_commands = vec!["ls /sys".into()];
    assert_ne!(run(with_commands).finished.end, End::Exited(0));
}
