//! Files of the host, of the template, of other executions.

use crate::{
    case::{Case, script, steps},
    ground::{Ground, ensure},
    hosts,
};
use std::{
    io::Write,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            fs::PermissionsExt,
            net::{SocketAddr, UnixListener},
        },
    },
};

const ROOT: &str = "root of its own";
const READ_ONLY: &str = "read-only root";
const FRESH: &str = "folders of its own";

pub(crate) fn cases() -> Vec<Case> {
    vec![
        script(
            "the_hosts_folders",
            ROOT,
            "no such file",
            r#"
for path in ('/root/.ssh', '/root/.bashrc', '/root/.cargo', '/var', '/sys', '/boot', '/run', '/srv', '/media', '/mnt/etc', '/etc/shadow', '/etc/ssh',
             '/etc/sudoers', '/etc/machine-id', '/var/run/docker.sock', '/run/docker.sock', '/run/containerd',
             '/var/run/secrets', '/dev/mem', '/dev/kmsg', '/dev/sda', '/dev/vda', '/dev/tty', '/dev/ptmx', '/dev/kvm', '/dev/fuse'):
    if os.path.lexists(path): got(path)
# The paths of the interpreters' installations are visible, and nothing beside them.
for folder, folders, files in (entry for top in ('/home', '/root') for entry in os.walk(top)):
    if any('python' in name for name in folders + files): folders.clear()
    elif files or not folders: got(folder, files)
if open('/etc/passwd').read().count('\n') != 2: got(open('/etc/passwd').read())
"#,
        ),
        steps("a_secret_in_a_file_of_the_server", ROOT, "no such file", secret_file),
        steps("a_socket_of_the_host", ROOT, "no such file", socket_file),
        steps(
            "an_abstract_socket_of_the_host",
            "network namespace",
            "`ECONNREFUSED`",
            abstract_socket,
        ),
        script("writing_to_the_template", READ_ONLY, "`EROFS`", TEMPLATE),
        script(
            "writing_to_the_interpreter",
            READ_ONLY,
            "`EROFS`",
            r#"
import json
for folder in (sys.prefix, os.path.dirname(os.__file__), os.path.dirname(json.__file__), '/usr/bin', '/usr/lib'):
    attempt(folder, lambda: open(folder + '/attack.py', 'w'))
for path in (os.__file__, json.__file__, json.__cached__, sys.executable, '/bin/sh'):
    if not os.path.exists(path): continue
    attempt('open ' + path, lambda: open(path, 'r+b'))
    attempt('chmod ' + path, os.chmod, path, 0o777)
    attempt('remove ' + path, os.remove, path)
    attempt('rename ' + path, os.rename, '/work/main.py', path)
    attempt('utime ' + path, os.utime, path)
    attempt('xattr ' + path, os.setxattr, path, 'user.x', b'1')
writable = [folder for folder, folders, _ in os.walk('/') if not folder.startswith('/proc') and os.access(folder, os.W_OK)]
if set(writable) - {'/work', '/tmp', '/dev/shm'}: got(writable)
"#,
        ),
        steps("what_an_earlier_run_left", FRESH, "its own files", residue),
        steps("files_of_a_run_beside_it", FRESH, "its own files", beside),
        steps(
            "patching_the_interpreter_for_the_next_run",
            "a copy runs once",
            "nothing in the next",
            patched,
        ),
        script(
            "the_hosts_packages",
            "masked packages",
            "none",
            r#"
for folder in sys.path:
    if folder.endswith('-packages') and os.path.isdir(folder) and os.listdir(folder): got(folder, os.listdir(folder))
"#,
        ),
        script(
            "names_of_the_host_in_its_mounts",
            ROOT,
            "paths of what it may see",
            r#"
for line in open('/proc/self/mountinfo'):
    if any(word in line for word in ('/var/lib/docker', '/etc/shadow', 'secret', '/.ssh')): got(line)
"#,
        ),
    ]
}

/// Everything of ours that the next execution would run.
const TEMPLATE: &str = r#"
for path in ('/opt/pyexec/boot/sitecustomize.py', '/opt/pyexec/eval/main.py', '/opt/pyexec/eval/pyexec_eval.py',
             '/opt/pyexec/zygote/_pyexec_zygote.abi3.so', '/etc/passwd', '/etc/hosts', '/etc/resolv.conf'):
    attempt('open ' + path, lambda: open(path, 'r+b').close())
for folder in ('/', '/opt', '/opt/pyexec/boot', '/opt/pyexec/empty', '/etc', '/mnt', '/dev'):
    attempt('create in ' + folder, lambda: open(folder + '/attack', 'w').close())
"#;

pub(crate) fn secret_file(ground: &Ground) -> Result<(), String> {
    // As a home has it.
    let home = tempfile::tempdir_in("/var/tmp").unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let key = home.path().join("id_ed25519");
    let mut file = std::fs::File::create(&key).unwrap();
    writeln!(file, "{}", hosts::secret()).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let secret: String = hosts::secret().chars().rev().collect();
    let code = format!(
        "path, secret = {:?}, '{secret}'[::-1]\nattempt('key', lambda: open(path).read())\n\
         for link in ('/proc/1/root', '/proc/self/root', '/proc/1/cwd', '/proc/thread-self/root'):\n    attempt(link, lambda: open(link + path).read())\n\
         for folder, folders, files in os.walk('/'):\n    \
         folders[:] = [f for f in folders if os.path.join(folder, f) not in ('/proc', '/usr', '/lib', '/lib64', '/lib32', '/bin')]\n    \
         for name in files:\n        p = os.path.join(folder, name)\n        if p == '/work/main.py': continue\n        \
         try: text = open(p).read(1 << 16) if os.path.isfile(p) else ''\n        except (OSError, ValueError): continue\n        \
         if secret in text: got(p)\n",
        key.to_str().unwrap()
    );
    let ran = ground.run(ground.script(&code))?;
    ensure(ran.got().is_empty() && ran.stdout.ends_with("tried\n"), ran)
}

fn connect_to(ground: &Ground, address: &str) -> Result<(), String> {
    let code = format!("attempt('connect', socket.socket(socket.AF_UNIX).connect, {address})");
    let ran = ground.run(ground.script(&code))?;
    ensure(ran.got().is_empty() && ran.stdout.ends_with("tried\n"), ran)
}

/// As the one of Docker is.
pub(crate) fn socket_file(ground: &Ground) -> Result<(), String> {
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = folder.path().join("docker.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).unwrap();
    connect_to(ground, &format!("{:?}", path.to_str().unwrap()))
}

pub(crate) fn abstract_socket(ground: &Ground) -> Result<(), String> {
    let name = hosts::mark();
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _listener = UnixListener::bind_addr(&address).unwrap();
    connect_to(ground, &format!("b'\\0{name}'"))
}

const LEAVE: &str = "for d in ('/work', '/tmp', '/dev/shm'):\n    open(d + '/left', 'w').write('left')\n    os.mkdir(d + '/folder')\n\
                     libc.shmget(77, 4096, 0o1666)\nprint('left', flush=True)\n";
const LOOK: &str = "for d, usual in (('/work', ['main.py']), ('/tmp', []), ('/dev/shm', [])):\n    \
                    if os.listdir(d) != usual: got(d, os.listdir(d))\n\
                    if libc.shmget(77, 4096, 0) >= 0: got('a segment')\n";

fn residue(ground: &Ground) -> Result<(), String> {
    for _ in 0..3 {
        ground.run(ground.script(LEAVE))?;
        let ran = ground.run(ground.script(LOOK))?;
        ensure(ran.stdout == "tried\n", ran)?;
    }
    Ok(())
}

fn beside(ground: &Ground) -> Result<(), String> {
    let first = ground.script(&format!("{LEAVE}time.sleep(60)"));
    let ran = ground.run_beside(first, ground.script(LOOK))?;
    ensure(ran.stdout == "tried\n", ran)
}

/// What copies share is copied when it is written.
fn patched(ground: &Ground) -> Result<(), String> {
    let patch = "import builtins, json\nbuiltins.print = lambda *a, **k: os.write(1, b'GOT patched\\n')\n\
                 json.dumps = None\nsys.modules['json'] = None\n\
                 ctypes.memset(id(1000) + 24, 7, 1)\n\
                 for n in range(257): ctypes.memset(id(n) + 8, 255, 0)\nos._exit(0)";
    let check = "import json\nif json.dumps([1]) != '[1]' or 7 * 6 != 42: got('patched')";
    for _ in 0..3 {
        ground.run(ground.script(patch))?;
        let ran = ground.run(ground.script(check))?;
        ensure(ran.stdout == "tried\n", ran)?;
    }
    Ok(())
}
