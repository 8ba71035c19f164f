//! What is attached: seen by nobody else, changed by nobody, and nothing of the host around it.

use super::{PACKAGE, folder, with};
use crate::{
    harness::{Ran, SANDBOX, await_zygote_of, job, newest, run},
    launcher::until,
};
use pyexec_sandbox::{Captured, End, Environment, Sandbox, SandboxOptions, Stop};
use std::{fs, os::unix::fs::symlink, time::Duration};

fn tried(ran: &Ran) -> Vec<&str> {
    assert_eq!(ran.finished.end, End::Exited(0), "{ran:?}");
    ran.stdout.lines().collect()
}

/// Whoever the files belong to; to the user inside, where an ordinary one has the server.
#[test]
fn nothing_of_it_can_be_changed() {
    let folder = folder(PACKAGE);
    let environment = Environment::open(folder.path()).unwrap();
    let code = "import ctypes, errno, os
top, file = '/opt/pyexec/site-packages', '/opt/pyexec/site-packages/lib/sub.py'
libc = ctypes.CDLL(None, use_errno=True)
def mount(*words):
    if libc.mount(*words) < 0: raise OSError(ctypes.get_errno(), 'mount')
def umount():
    if libc.umount2(top.encode(), 2) < 0: raise OSError(ctypes.get_errno(), 'umount')
for what, words in [
    (open, (file, 'r+')), (open, (top + '/new.py', 'w')), (os.unlink, (file,)), (os.chmod, (file, 0o777)),
    (os.chmod, (top, 0o777)), (os.mkdir, (top + '/new',)), (os.rename, (file, '/work/sub.py')), (os.utime, (file,)),
    (os.rename, ('/work/main.py', file)), (os.symlink, ('/work', top + '/link')), (os.link, (file, '/work/link')),
    (os.rmdir, (top,)), (os.truncate, (file, 0)), (os.setxattr, (file, 'user.x', b'1')), (os.chown, (file, 1000, 1000)),
    (mount, (None, top.encode(), None, 0x1020, None)), (mount, (b'/work', top.encode(), None, 0x1000, None)), (umount, ()),
]:
    try: what(*words)
    except OSError as error: print(what.__name__, errno.errorcode[error.errno])
    else: print('CHANGED', what, words)
flags = os.statvfs(top).f_flag
print(flags & os.ST_RDONLY, flags & os.ST_NOSUID, flags & 4, os.access(top, os.W_OK))
import lib; print(lib.__cached__ and os.path.exists(lib.__cached__), lib.value)";
    let ran = run(with(&environment, &[("main.py", code)]));
    let lines = tried(&ran);
    assert!(!ran.stdout.contains("CHANGED"), "{ran:?}");
    let errors: Vec<_> =
        lines[..lines.len() - 2].iter().map(|l| l.split(' ').next_back()).collect();
    let known = ["EROFS", "EXDEV", "EPERM", "EACCES"];
    assert!(errors.iter().all(|error| known.contains(&error.unwrap())), "{ran:?}");
    assert_eq!(errors.len(), 18);
    assert_eq!(lines[lines.len() - 2..], ["1 2 4 False", "False 42"], "{ran:?}");
    assert_eq!(fs::read_to_string(folder.path().join("lib/sub.py")).unwrap(), "value = 42\n");
}

#[test]
fn an_execution_without_it_sees_nothing_of_it() {
    let folder = folder(PACKAGE);
    let environment = Environment::open(folder.path()).unwrap();
    let code = "import os, sys
print(os.listdir('/opt/pyexec/site-packages'), [p for p in sys.path if p.startswith('/opt/')])
print([line for line in open('/proc/self/mountinfo') if 'site-packages' in line and '/opt/pyexec/hook' in line])
try: import lib
except ImportError as error: print(error)";
    let before = run(job(&[("main.py", code)]));
    for _ in 0..3 {
        assert_eq!(
            run(with(&environment, &[("main.py", "import lib")])).finished.end,
            End::Exited(0)
        );
        let after = run(job(&[("main.py", code)]));
        assert_eq!(after.stdout, "[] []\n[]\nNo module named 'lib'\n", "{after:?}");
        assert_eq!(after.stdout, before.stdout);
    }
}

/// Neither by its mount, nor by descriptors, nor by links in it.
#[test]
fn nothing_of_the_host_is_seen_through_it() {
    let around = folder(&[("secret.txt", "of the host"), ("packages/mine.py", "")]);
    let packages = around.path().join("packages");
    symlink("../secret.txt", packages.join("up.txt")).unwrap();
    symlink(around.path().join("secret.txt"), packages.join("absolute.txt")).unwrap();
    let environment = Environment::open(&packages).unwrap();
    let code = "import os
top = '/opt/pyexec/site-packages'
fd = os.open(top, os.O_RDONLY)
for up in ('..', '../secret.txt', '../../secret.txt', 'up.txt', 'absolute.txt', '../packages'):
    try: found = os.open(up, os.O_RDONLY, dir_fd=fd)
    except OSError as error: print(up, error.strerror)
    else: print(up, os.readlink(f'/proc/self/fd/{found}'))
print(sorted(os.listdir(top)))
print(sorted(os.readlink('/proc/self/fd/' + n) for n in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + n) and not os.readlink('/proc/self/fd/' + n).startswith('pipe:')))";
    let ran = run(with(&environment, &[("main.py", code)]));
    let missing = "No such file or directory";
    let expected = format!(
        ".. /opt/pyexec\n../secret.txt {missing}\n../../secret.txt {missing}\nup.txt {missing}\n\
         absolute.txt {missing}\n../packages {missing}\n['absolute.txt', 'mine.py', 'up.txt']\n\
         ['/opt/pyexec', '/opt/pyexec/site-packages']\n"
    );
    assert_eq!(ran.stdout, expected, "{ran:?}");
}

/// Found out when it is opened, or when it is attached; the next execution is none the worse.
#[test]
fn a_folder_that_is_not_there_any_more_is_refused() {
    let around = folder(&[("packages/mine.py", "x = 1")]);
    let (packages, elsewhere) = (around.path().join("packages"), around.path().join("elsewhere"));
    let environment = Environment::open(&packages).unwrap();
    let attach = |environment: &Environment| {
        let job = with(environment, &[("main.py", "import mine; print(mine.x)")]);
        let mut output = Captured::default();
        SANDBOX.run(job, &mut output, &Stop::new().unwrap()).map(|_| output.stdout)
    };
    assert_eq!(attach(&environment).unwrap(), b"1\n");
    fs::rename(&packages, &elsewhere).unwrap();
    let error = attach(&environment).unwrap_err().to_string();
    let expected = format!("no packages from {}: No such file", packages.display());
    assert!(error.starts_with(&expected), "{error}");
    // The same name, and even a link to the same folder, is something else.
    fs::create_dir(&packages).unwrap();
    let error = attach(&environment).unwrap_err();
    assert!(error.to_string().contains("another folder is there"), "{error}");
    assert!(error.hint().unwrap().contains("open the folder anew"), "{error:?}");
    fs::remove_dir(&packages).unwrap();
    symlink(&elsewhere, &packages).unwrap();
    assert!(attach(&environment).is_err());
    assert_eq!(attach(&Environment::open(&packages).unwrap()).unwrap(), b"1\n");
}

#[test]
fn executions_leave_no_mount_and_no_descriptor() {
    let sandbox = Sandbox::start(SandboxOptions::default()).unwrap();
    let there = folder(PACKAGE);
    let environment = Environment::open(there.path()).unwrap();
    let gone = folder(&[]);
    let refused = Environment::open(gone.path()).unwrap();
    drop(gone);
    let run = |environment: &Environment| {
        let job = with(environment, &[("main.py", "import lib")]);
        sandbox.run(job, &mut Captured::default(), &Stop::new().unwrap())
    };
    let of = |what: &str| format!("/proc/{}/{what}", sandbox.launcher_id());
    let counts = || {
        let mounts = fs::read_to_string(of("mountinfo")).unwrap_or_default();
        // An ordinary user can't look at the descriptors.
        (mounts.lines().count(), fs::read_dir(of("fd")).map_or(0, Iterator::count))
    };
    // What is made ready for the next comes and goes.
    let settled = || {
        let (mut last, mut same) = (counts(), 0);
        until("a quiet launcher", || {
            std::thread::sleep(Duration::from_millis(20));
            let now = counts();
            same = if now == last { same + 1 } else { 0 };
            last = now;
            same > 10
        });
        last
    };
    await_zygote_of(&sandbox, newest());
    run(&environment).unwrap();
    let before = settled();
    for _ in 0..30 {
        run(&environment).unwrap();
        run(&refused).unwrap_err();
    }
    assert_eq!(settled(), before);
}
