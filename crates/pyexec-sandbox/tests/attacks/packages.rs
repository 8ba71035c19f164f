//! Packages are code of strangers, and a folder of the host that a script gets to see.

use crate::{
    case::{Case, steps, whole},
    ground::{Ground, Ran, ensure},
};
use pyexec_sandbox::{Environment, Job, Preload, SandboxOptions, Start};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    time::{Duration, Instant},
};
use tempfile::TempDir;

type Files<'a> = &'a [(&'a str, &'a str)];

pub(crate) fn cases() -> Vec<Case> {
    vec![
        steps("writing_to_packages", "read-only packages", "`EROFS`", |ground| {
            let folder = folder(&[("lib/__init__.py", "x = 1\n")]);
            nothing(&ground.run(with(ground, &folder, WRITE))?)?;
            let text = fs::read_to_string(folder.path().join("lib/__init__.py")).unwrap();
            ensure(text == "x = 1\n", text)
        }),
        steps(
            "a_pth_file_with_a_privilege",
            "no privileges before packages are read",
            "what a script gets",
            |ground| {
                let early = whole(EARLY);
                let folder = folder(&[("a.pth", "import early\n"), ("early.py", &early)]);
                let ran = ground.run(with(ground, &folder, ""))?;
                // Once by itself, and once by the script.
                ensure(ran.got().is_empty() && ran.stdout.matches("tried\n").count() == 2, &ran)
            },
        ),
        steps(
            "climbing_out_of_packages",
            "one folder alone is attached",
            "the folders of the sandbox",
            |ground| {
                let around = folder(&[("secret", "of the host"), ("packages/x.py", "")]);
                let packages = around.path().join("packages");
                symlink("../secret", packages.join("up")).unwrap();
                symlink(around.path(), packages.join("out")).unwrap();
                let code = format!("host = {:?}\n{CLIMB}", around.path().to_str().unwrap());
                let environment = Environment::open(&packages).unwrap();
                let job = ground.script(&code);
                nothing(&ground.run(Job { environment: Some(environment), ..job })?)
            },
        ),
        steps(
            "packages_of_a_run_beside_it",
            "a mount namespace of its own",
            "its own packages",
            |ground| {
                let (one, two) = (folder(&[("a.py", "x = 1")]), folder(&[("b.py", "x = 1")]));
                let waits = "import a, time; print(a.x, flush=True); time.sleep(60)";
                let look = "import b\nif os.listdir('/opt/pyexec/site-packages') != ['b.py']: got(os.listdir('/opt/pyexec/site-packages'))\n\
                            try: import a; got('a')\nexcept ImportError: pass";
                nothing(&ground.run_beside(with(ground, &one, waits), with(ground, &two, look))?)?;
                let none = "if os.listdir('/opt/pyexec/site-packages'): got(os.listdir('/opt/pyexec/site-packages'))";
                nothing(&ground.run_beside(with(ground, &one, waits), ground.script(none))?)
            },
        ),
        steps(
            "packages_out_of_an_archive",
            "an archive is unpacked below `/work` alone",
            "files of its own, there",
            |ground| {
                let folder = folder(&[("theirs.py", "x = 1")]);
                let environment = Some(Environment::open(folder.path()).unwrap());
                let main = whole(
                    "import theirs\nif os.listdir('/opt/pyexec/site-packages') != ['theirs.py']: got('more packages')\n\
                     if os.listdir('/opt/pyexec/hook') != ['pyexec.pth']: got('another hook')",
                );
                let evil = "import os; os.write(1, b'GOT run\\n')\n";
                let job = ground.job(&[
                    ("main.py", &main),
                    ("opt/pyexec/site-packages/evil.pth", evil),
                    ("opt/pyexec/hook/pyexec.pth", evil),
                    ("site-packages/evil.pth", evil),
                    ("evil.pth", evil),
                ]);
                nothing(&ground.run(Job { environment, ..job })?)
            },
        ),
        steps(
            "calls_that_a_zygote_with_packages_may_make",
            "system call list",
            "what a script gets",
            imported,
        ),
        steps(
            "packages_that_change_for_the_next_run",
            "read-only packages",
            "the packages as they were",
            |ground| {
                let folder = folder(&[("lib.py", "def f(): return 1\n")]);
                let patch = "import lib\nlib.f = lambda: 2\nlib.f.__code__ = (lambda: 2).__code__\nsys.modules['lib'] = None";
                let check = "import lib\nif lib.f() != 1: got('patched')";
                for _ in 0..3 {
                    ground.run(with(ground, &folder, patch))?;
                    nothing(&ground.run(with(ground, &folder, check))?)?;
                }
                let left: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
                ensure(left.len() == 1, &left)
            },
        ),
    ]
}

/// A zygote that imports has a list with the calls that copying takes: not so its copies.
fn imported(ground: &Ground) -> Result<(), String> {
    if ground.start == Start::Strict {
        return Ok(());
    }
    let folder = folder(&[("lib.py", "x = 1\n")]);
    let environment = Environment::open(folder.path()).unwrap();
    let version = ground.sandbox.interpreters()[0].version();
    let preloads = vec![Preload::new(version, environment, ["lib"])];
    let ground = Ground::with(SandboxOptions { preloads, ..SandboxOptions::default() });
    let code = format!("loaded = 'lib' in sys.modules\n{EARLY}\nprint('loaded', loaded)");
    let before = Instant::now();
    loop {
        let ran = ground.run(with(&ground, &folder, &code))?;
        nothing(&ran)?;
        if ran.stdout.contains("loaded True") {
            return Ok(());
        }
        ensure(before.elapsed() < Duration::from_secs(30), &ran)?;
    }
}

/// Belongs to whoever runs this: inside, to the very user of the script where that isn't root.
fn folder(files: Files<'_>) -> TempDir {
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn with(ground: &Ground, folder: &TempDir, code: &str) -> Job {
    let environment = Some(Environment::open(folder.path()).unwrap());
    Job { environment, ..ground.script(code) }
}

fn nothing(ran: &Ran) -> Result<(), String> {
    ensure(ran.got().is_empty() && ran.stdout.ends_with("tried\n"), ran)
}

const WRITE: &str = r#"
top, file = '/opt/pyexec/site-packages', '/opt/pyexec/site-packages/lib/__init__.py'
attempt('create', lambda: open(top + '/attack.py', 'w'))
attempt('compiled', lambda: os.mkdir(top + '/lib/__pycache__'))
attempt('link', os.symlink, '/work/main.py', top + '/attack')
attempt('open', lambda: open(file, 'r+b'))
attempt('chmod', os.chmod, file, 0o777)
attempt('chmod', os.chmod, top, 0o777)
attempt('utime', os.utime, file)
attempt('xattr', os.setxattr, file, 'user.x', b'1')
attempt('rename', os.rename, '/work/main.py', file)
attempt('remove', os.remove, file)
attempt('by a descriptor', lambda: os.open(f'/proc/self/fd/{os.open(file, os.O_RDONLY)}', os.O_RDWR))
fd = os.open(file, os.O_RDONLY)
import mmap
attempt('mapped', lambda: mmap.mmap(fd, 0, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE))
kernel('mount', 165, 40, 0, ctypes.create_string_buffer(top.encode()), 0, 0x1020, 0)
kernel('mount', 165, 40, ctypes.create_string_buffer(b'/work'), ctypes.create_string_buffer(top.encode()), 0, 0x1000, 0)
kernel('umount', 166, 39, ctypes.create_string_buffer(top.encode()), 2)
kernel('mount_setattr', 442, 442, -100, ctypes.create_string_buffer(top.encode()), 0, ctypes.create_string_buffer(bytes(8) + b'\1' + bytes(23)), 32)
kernel('open_tree', 428, 428, -100, ctypes.create_string_buffer(top.encode()), 1)
"#;

/// What runs before the script, while everything else in the sandbox is in place already.
const EARLY: &str = r#"
status = dict(line.split(':\t') for line in open('/proc/self/status').read().splitlines() if ':\t' in line)
for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'):
    if int(status[name], 16): got(name, status[name])
if status['NoNewPrivs'] != '1': got('new privileges')
if status['Seccomp'] != '2': got('no filter')
attempt('setuid', os.setuid, 0)
attempt('/proc/1', os.listdir, '/proc/1/fd')
attempt('memory of PID 1', lambda: open('/proc/1/mem', 'rb'))
attempt('template', lambda: open('/opt/pyexec/boot/attack', 'w'))
kernel('mount', 165, 40, 0, 0, 0, 0, 0)
kernel('unshare', 272, 97, 0x10000000)
kernel('setns', 308, 268, -1, 0)
kernel('ptrace', 101, 117, 16, 1, 0, 0)
kernel('process_vm_readv', 310, 270, os.getpid(), 0, 0, 0, 0, 0)
kernel('capset', 126, 91, 0, 0)
kernel('move_mount', 429, 429, -1, 0, -1, 0, 4)
kernel('io_uring_setup', 425, 425, 1, 0)
for number in map(int, os.listdir('/proc/self/fd')):
    try: link = os.readlink(f'/proc/self/fd/{number}')
    except OSError: continue
    if not link.startswith(('pipe:', '/proc/', '/opt/pyexec/site-packages')): got(number, link)
if set(os.environ) != {'HOME', 'LANG', 'PATH', 'USER'}: got(dict(os.environ))
"#;

const CLIMB: &str = r#"
top = '/opt/pyexec/site-packages'
fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
for path in ('../secret', '../../secret', 'up', 'out/secret', '../packages', 'out/packages/x.py'):
    attempt(path, lambda: os.open(path, os.O_RDONLY, dir_fd=fd))
    attempt(path, lambda: open(f'{top}/{path}'))
attempt('host', lambda: os.listdir(host))
os.fchdir(fd)
for _ in range(20): os.chdir('..')
if os.getcwd() != '/' or os.path.exists('secret') or os.path.exists(host): got(os.getcwd(), os.listdir('.'))
os.chdir(f'/proc/self/fd/{fd}/..')
if os.getcwd() != '/opt/pyexec': got(os.getcwd())
"#;
