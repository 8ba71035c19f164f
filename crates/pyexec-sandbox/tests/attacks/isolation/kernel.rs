//! System calls that lead out, each called bare with the number of its architecture.

use crate::case::{Case, script};

const CALLS: &str = "system call list";
const EPERM: &str = "`EPERM` or `ENOSYS`";

const fn calls(name: &'static str, code: &'static str) -> Case {
    script(name, CALLS, EPERM, code)
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        calls("mounting_and_remounting", r#"
kernel('mount', 165, 40, b'none', b'/tmp', b'tmpfs', 0, 0)
kernel('remount', 165, 40, None, b'/', None, 32 | 4096, None)
kernel('umount2', 166, 39, b'/proc', 2)
kernel('pivot_root', 155, 41, b'/tmp', b'/tmp')
for number, name in ((428, 'open_tree'), (429, 'move_mount'), (430, 'fsopen'), (431, 'fsconfig'), (432, 'fsmount'),
                     (433, 'fspick'), (442, 'mount_setattr'), (457, 'statmount'), (458, 'listmount')):
    kernel(name, number, number, 0, 0, 0, 0, 0)
"#),
        calls("new_namespaces", r#"
for name, flag in (('user', 0x10000000), ('mount', 0x20000), ('pid', 0x20000000), ('net', 0x40000000),
                   ('ipc', 0x8000000), ('uts', 0x4000000), ('cgroup', 0x2000000), ('time', 0x80)):
    child = os.fork()
    if child == 0:
        kernel('unshare ' + name, 272, 97, flag)
        os._exit(0)
    os.waitpid(child, 0)
    if flag == 0x80: continue
    answer = syscall(56, 220, flag | 17, 0, 0, 0, 0)
    if answer == 0: os._exit(0)
    if answer != 'EPERM': got('clone ' + name, answer)
kernel('clone3', 435, 435, 0, 0)
kernel('setns', 308, 268, os.open('/proc/self/ns/user', os.O_RDONLY), 0)
"#),
        calls("leaving_by_chroot", "os.mkdir('/tmp/new')\nattempt('chroot', os.chroot, '/tmp/new')"),
        calls("io_uring", r#"
kernel('setup', 425, 425, 1, 0)
kernel('enter', 426, 426, -1, 0, 0, 0, 0, 0)
kernel('register', 427, 427, -1, 0, 0, 0)
"#),
        calls("numbers_of_x32", r#"
if X86:
    for number in (0, 39, 57, 101, 165, 425, 512, 520, 521, 537, 539, 545, 547): kernel(f'x32 {number}', 0x40000000 + number, None, 0, 0, 0)
"#),
        script("calls_of_i386", CALLS, "a deadly signal", r#"
import mmap
if X86 and os.fork() == 0:
    signal.alarm(10)
    # mov eax, 20 (getpid); int 0x80; ret
    code = mmap.mmap(-1, 4096, prot=7)
    code.write(bytes([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3]))
    here = ctypes.addressof(ctypes.c_char.from_buffer(code))
    answer = ctypes.CFUNCTYPE(ctypes.c_int)(here)()
    if answer == os.getpid(): got('i386', answer)
    os._exit(0)
if X86: print(os.wait()[1])
"#),
        calls("keys_of_the_kernel", r#"
kernel('keyctl', 250, 219, 0, -3, 1)
kernel('add_key', 248, 217, b'user', b'x', b'y', 1, -3)
kernel('request_key', 249, 218, b'user', b'x', 0, -3)
"#),
        calls("programs_in_the_kernel", r#"
kernel('bpf', 321, 280, 0, 0, 0)
kernel('perf_event_open', 298, 241, 0, 0, -1, -1, 0)
kernel('init_module', 175, 105, 0, 0, 0)
kernel('finit_module', 313, 273, 0, 0, 0)
kernel('delete_module', 176, 106, b'x', 0)
kernel('kexec_load', 246, 104, 0, 0, 0, 0)
kernel('kexec_file_load', 320, 294, -1, -1, 0, 0, 0)
"#),
        calls("faults_and_memory_by_hand", r#"
kernel('userfaultfd', 323, 282, 0)
kernel('userfaultfd of user mode', 323, 282, 1)
kernel('memfd_secret', 447, 447, 0)
kernel('remap_file_pages', 216, 234, 0, 0, 0, 0, 0)
kernel('mbind', 237, 235, 0, 0, 0, 0, 0, 0)
kernel('pkey_alloc', 330, 289, 0, 0)
kernel('vmsplice', 278, 75, 0, 0, 0, 0)
"#),
        calls("sockets_of_the_kernel", r#"
for name, family, kind, protocol in (
        ('netlink', 16, 3, 0), ('netlink audit', 16, 3, 9), ('packet', 17, 3, 768), ('packet dgram', 17, 2, 768),
        ('alg', 38, 5, 0), ('vsock', 40, 1, 0), ('bluetooth', 31, 3, 1), ('can', 29, 3, 1), ('xdp', 44, 3, 0),
        ('key', 15, 3, 2), ('tipc', 30, 1, 0), ('rds', 21, 5, 0), ('smc', 43, 1, 0), ('kcm', 41, 2, 0), ('nfc', 39, 5, 0)):
    try: socket.socket(family, kind, protocol); got(name)
    except PermissionError: pass
    except OSError as error: got(name, 'reached the kernel', error)
attempt('netlink pair', socket.socketpair, 16, 3)
"#),
        calls("typing_into_a_terminal", r#"
import fcntl, termios
for fd in (0, 1, 2):
    attempt('TIOCSTI', fcntl.ioctl, fd, 0x5412, b'x')
for name, number in (('TIOCSTI', 0x5412), ('TIOCLINUX', 0x541c), ('TIOCSTI with high bits', 0x100005412)):
    kernel(name, 16, 29, 0, number, b'x')
"#),
        calls("files_by_handle", r#"
kernel('name_to_handle_at', 303, 264, -100, b'/', 0, 0, 0)
kernel('open_by_handle_at', 304, 265, -100, 0, 0)
kernel('fanotify_init', 300, 262, 0, 0)
kernel('inotify_init1', 294, 26, 0)
kernel('quotactl', 179, 60, 0, 0, 0, 0)
kernel('lookup_dcookie', 212, 18, 0, 0, 0)
"#),
        calls("the_whole_machine", r#"
kernel('reboot', 169, 142, 0, 0, 0, 0)
kernel('settimeofday', 164, 170, 0, 0)
kernel('clock_settime', 227, 112, 0, 0)
kernel('clock_adjtime', 305, 266, 99, 0)
kernel('swapon', 167, 224, b'/tmp/x', 0)
kernel('swapoff', 168, 225, b'/tmp/x')
kernel('acct', 163, 89, b'/tmp/x')
kernel('syslog', 103, 116, 3, 0, 0)
kernel('iopl', 172, None, 3)
kernel('ioperm', 173, None, 0, 1, 1)
kernel('modify_ldt', 154, None, 1, 0, 0)
kernel('vhangup', 153, 58)
kernel('sethostname', 170, 161, b'x', 1)
kernel('io_setup', 206, 0, 1, 0)
kernel('personality', 135, 92, 0x0040000)
"#),
        calls("calls_that_do_not_exist_yet", "for number in range(453, 512): kernel(number, number, number, 0, 0, 0, 0, 0, 0)"),
        script("devices", "no capabilities", "`EPERM`", r#"
for name, kind, major, minor in (('mem', stat.S_IFCHR, 1, 1), ('disk', stat.S_IFBLK, 8, 0), ('kmsg', stat.S_IFCHR, 1, 11), ('null', stat.S_IFCHR, 1, 3)):
    attempt(name, os.mknod, '/tmp/' + name, kind | 0o666, os.makedev(major, minor))
usual = {'fd', 'full', 'null', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'urandom', 'zero'}
if set(os.listdir('/dev')) - usual: got(os.listdir('/dev'))
"#),
        script("set_uid_programs", "no set-uid on any mount", "programs without their privilege", r#"
for folder in ('/usr/bin', '/usr/lib', '/work', '/tmp', '/dev/shm', '/'):
    if not os.statvfs(folder).f_flag & os.ST_NOSUID: got(folder)
import shutil
shutil.copy(os.path.realpath('/bin/sh'), '/tmp/sh')
os.chmod('/tmp/sh', 0o6755)
for name in os.listdir('/usr/bin'):
    path = '/usr/bin/' + name
    if os.path.isfile(path) and os.stat(path).st_mode & 0o6000 and not os.statvfs(path).f_flag & os.ST_NOSUID: got(path)
"#),
        script("calls_from_before_the_script", CALLS, "the same list in what runs early", "print('main')")
            .files(&[("early/sitecustomize.py", "for line in open('/proc/self/status'):\n    if line.startswith('CapEff') and int(line.split()[1], 16): print('GOT', line)\n    if line.startswith('Seccomp:') and line.split()[1] != '2': print('GOT', line)")])
            .env(&["PYTHONPATH=/work/early"]),
    ]
}
