//! The system calls that a script may make: an allow-list after the public Docker default
//! profile, tightened. An allow-list, because a deny-list misses x32 numbers and whatever the
//! next kernel adds.
//!
//! Two filters are stacked. The list answers `EPERM`; the other, installed last so that its word
//! counts, answers `ENOSYS` to calls for which the C library has an older way: to `clone3`, whose
//! flags can't be inspected, and to whatever is newer than the list.

use crate::{
    message::StepError,
    weaken::{Layer, without},
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Op, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};
use std::collections::BTreeMap;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// The compiled filters.
#[derive(Debug)]
pub(crate) struct Filters {
    missing: BpfProgram,
    allowed: BpfProgram,
    /// The list, and what a zygote needs beside it to make copies.
    allowed_with_copying: BpfProgram,
    /// Replaces `allowed` where no control group accounts for memory that no process maps.
    allowed_without_groups: BpfProgram,
}

impl Filters {
    pub(crate) fn compile() -> Result<Self, StepError> {
        let errno = |number: i32| SeccompAction::Errno(number.unsigned_abs());
        let newer = NEWER.filter(|call| !ANY.contains(call));
        let missing = newer.chain([libc::SYS_clone3]).map(|call| (call, Vec::new())).collect();
        let mut rules = allowed()?;
        let allowed = compile(rules.clone(), errno(libc::EPERM), SeccompAction::Allow)?;
        let copying = COPYING.iter().map(|call| (*call, Vec::new()));
        let with_copying = rules.clone().into_iter().chain(copying).collect();
        for call in UNACCOUNTED_MEMORY {
            rules.remove(call);
        }
        Ok(Self {
            missing: compile(missing, SeccompAction::Allow, errno(libc::ENOSYS))?,
            allowed,
            allowed_with_copying: compile(with_copying, errno(libc::EPERM), SeccompAction::Allow)?,
            allowed_without_groups: compile(rules, errno(libc::EPERM), SeccompAction::Allow)?,
        })
    }

    /// Both filters as the kernel's instructions, in the order of their installation, after the
    /// first one's length in bytes.
    pub(crate) fn to_bytes(&self, without_groups: bool) -> Vec<u8> {
        let bytes = |filter: &BpfProgram| -> Vec<u8> {
            let step = |step: &seccompiler::sock_filter| {
                let [c0, c1] = step.code.to_ne_bytes();
                let [k0, k1, k2, k3] = step.k.to_ne_bytes();
                [c0, c1, step.jt, step.jf, k0, k1, k2, k3]
            };
            filter.iter().flat_map(step).collect()
        };
        let first = bytes(self.list(without_groups));
        let length = u32::try_from(first.len()).unwrap_or(u32::MAX).to_ne_bytes();
        [length.to_vec(), first, bytes(&self.missing)].concat()
    }

    fn list(&self, without_groups: bool) -> &BpfProgram {
        if without_groups { &self.allowed_without_groups } else { &self.allowed }
    }

    /// Installs the filters on this thread, for good.
    pub(crate) fn install(&self, without_groups: bool) -> Result<(), StepError> {
        install([self.list(without_groups), &self.missing])
    }

    /// The same for a zygote that runs code of packages. Its copies get the others on top.
    pub(crate) fn install_for_imports(&self) -> Result<(), StepError> {
        install([&self.allowed_with_copying, &self.missing])
    }
}

fn install(filters: [&BpfProgram; 2]) -> Result<(), StepError> {
    filters
        .into_iter()
        .try_for_each(|filter| seccompiler::apply_filter(filter))
        .map_err(|error| failed(&error))
}

fn compile(
    rules: Rules,
    default: SeccompAction,
    hit: SeccompAction,
) -> Result<BpfProgram, StepError> {
    let (rules, default, hit) = if without(Layer::Seccomp) {
        (Rules::new(), SeccompAction::Allow, SeccompAction::Log)
    } else {
        (rules, default, hit)
    };
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|error| failed(&error))?;
    let filter = SeccompFilter::new(rules, default, hit, arch).map_err(|error| failed(&error))?;
    BpfProgram::try_from(filter).map_err(|error| failed(&error))
}

fn failed(error: &dyn std::error::Error) -> StepError {
    StepError {
        step: "installing the system call filter".into(),
        errno: 0,
        detail: error.to_string(),
    }
}

/// Namespace flags of `clone`, which stay out of reach.
const NEW_NAMESPACES: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u64;

/// Calls after the newest that any list here was made for; `fchmodat2` is in it.
const NEWER: std::ops::Range<i64> = 450..512;

/// What the extension calls to find its way into a sandbox, and to have nothing left there.
const COPYING: &[i64] = &[libc::SYS_setns, libc::SYS_capset, libc::SYS_process_vm_readv];

const UNACCOUNTED_MEMORY: &[i64] = &[libc::SYS_memfd_create, libc::SYS_shmget];

fn allowed() -> Result<Rules, StepError> {
    let rule = |conditions: Vec<(u8, Len, Op, u64)>| {
        let conditions: Result<Vec<_>, _> = conditions
            .into_iter()
            .map(|(index, len, op, value)| SeccompCondition::new(index, len, op, value))
            .collect();
        conditions.and_then(SeccompRule::new).map_err(|error| failed(&error))
    };
    let mut rules: Rules = ANY.iter().chain(LEGACY).map(|call| (*call, Vec::new())).collect();
    rules.insert(
        libc::SYS_clone,
        vec![rule(vec![(0, Len::Qword, Op::MaskedEq(NEW_NAMESPACES), 0)])?],
    );
    // Of one's own process only: PID 1 has the same user, and must keep its limits and its turn.
    rules.insert(libc::SYS_prlimit64, vec![rule(vec![(0, Len::Dword, Op::Eq, 0)])?]);
    rules.insert(libc::SYS_setpriority, vec![rule(vec![(1, Len::Dword, Op::Eq, 0)])?]);
    // Of any process but PID 1.
    rules.insert(libc::SYS_sched_setaffinity, vec![rule(vec![(0, Len::Dword, Op::Ne, 1)])?]);
    // No pushing of characters into a terminal.
    let (push, linux) = (libc::TIOCSTI, libc::TIOCLINUX);
    rules.insert(
        libc::SYS_ioctl,
        vec![rule(vec![(1, Len::Dword, Op::Ne, push), (1, Len::Dword, Op::Ne, linux)])?],
    );
    // No netlink, packet, crypto, virtual machine or other exotic sockets, and of the usual
    // families only the usual protocols.
    let unix = || rule(vec![(0, Len::Dword, Op::Eq, libc::AF_UNIX as u64)]);
    let mut sockets = vec![unix()?];
    for family in [libc::AF_INET, libc::AF_INET6] {
        for protocol in [0, libc::IPPROTO_TCP, libc::IPPROTO_UDP] {
            sockets.push(rule(vec![
                (0, Len::Dword, Op::Eq, family as u64),
                (2, Len::Dword, Op::Eq, protocol as u64),
            ])?);
        }
    }
    rules.insert(libc::SYS_socket, sockets);
    rules.insert(libc::SYS_socketpair, vec![unix()?]);
    // The personalities that reading one and Python's own tools use: none that loosen anything.
    let personalities: Result<Vec<_>, _> = [0, 0xffff_ffff]
        .into_iter()
        .map(|value| rule(vec![(0, Len::Dword, Op::Eq, value)]))
        .collect();
    rules.insert(libc::SYS_personality, personalities?);
    Ok(rules)
}

/// `fchmodat2`, which has the same number everywhere.
const FCHMODAT2: i64 = 452;

/// Calls of every architecture, whatever their arguments. What is missing on purpose beside the
/// obvious: `inotify`, which shows what others do with shared files, and `io_setup`, whose slots
/// are the whole machine's.
#[rustfmt::skip]
const ANY: &[i64] = &[
    // files
    libc::SYS_openat, libc::SYS_openat2, libc::SYS_close, libc::SYS_close_range, libc::SYS_read,
    libc::SYS_readv, libc::SYS_pread64, libc::SYS_preadv, libc::SYS_preadv2, libc::SYS_write,
    libc::SYS_writev, libc::SYS_pwrite64, libc::SYS_pwritev, libc::SYS_pwritev2, libc::SYS_lseek,
    libc::SYS_fstat, libc::SYS_newfstatat, libc::SYS_statx, libc::SYS_statfs, libc::SYS_fstatfs,
    libc::SYS_faccessat, libc::SYS_faccessat2, libc::SYS_getdents64, libc::SYS_getcwd,
    libc::SYS_chdir, libc::SYS_fchdir, libc::SYS_mkdirat, libc::SYS_unlinkat, libc::SYS_renameat2,
    libc::SYS_linkat, libc::SYS_symlinkat, libc::SYS_readlinkat, libc::SYS_fchmod,
    libc::SYS_fchmodat, libc::SYS_fchown, libc::SYS_fchownat, libc::SYS_umask,
    libc::SYS_truncate, libc::SYS_ftruncate, libc::SYS_fallocate, libc::SYS_fadvise64,
    libc::SYS_fsync, libc::SYS_fdatasync, libc::SYS_sync_file_range, libc::SYS_copy_file_range,
    libc::SYS_sendfile, libc::SYS_splice, libc::SYS_tee, libc::SYS_utimensat, libc::SYS_flock,
    libc::SYS_fcntl, libc::SYS_dup, libc::SYS_dup3, libc::SYS_pipe2, libc::SYS_getxattr,
    libc::SYS_lgetxattr, libc::SYS_fgetxattr, libc::SYS_listxattr, libc::SYS_llistxattr,
    libc::SYS_flistxattr, libc::SYS_setxattr, libc::SYS_lsetxattr, libc::SYS_fsetxattr,
    libc::SYS_removexattr, libc::SYS_lremovexattr, libc::SYS_fremovexattr, libc::SYS_memfd_create,
    FCHMODAT2,
    // memory
    libc::SYS_brk, libc::SYS_mmap, libc::SYS_munmap, libc::SYS_mprotect, libc::SYS_mremap,
    libc::SYS_madvise, libc::SYS_mincore, libc::SYS_msync, libc::SYS_mlock, libc::SYS_mlock2,
    libc::SYS_munlock, libc::SYS_membarrier, libc::SYS_shmget, libc::SYS_shmat, libc::SYS_shmdt,
    libc::SYS_shmctl, libc::SYS_semget, libc::SYS_semop, libc::SYS_semtimedop, libc::SYS_semctl,
    // processes and threads
    libc::SYS_execve, libc::SYS_execveat, libc::SYS_exit, libc::SYS_exit_group, libc::SYS_wait4,
    libc::SYS_waitid, libc::SYS_getpid, libc::SYS_getppid, libc::SYS_gettid, libc::SYS_getpgid,
    libc::SYS_setpgid, libc::SYS_getsid, libc::SYS_setsid, libc::SYS_getuid, libc::SYS_geteuid,
    libc::SYS_getgid, libc::SYS_getegid, libc::SYS_getresuid, libc::SYS_getresgid,
    libc::SYS_getgroups, libc::SYS_setuid, libc::SYS_setgid, libc::SYS_setreuid,
    libc::SYS_setregid, libc::SYS_setresuid, libc::SYS_setresgid, libc::SYS_setgroups,
    libc::SYS_prctl, libc::SYS_seccomp, libc::SYS_getrlimit, libc::SYS_setrlimit,
    libc::SYS_getrusage, libc::SYS_getpriority,
    libc::SYS_times, libc::SYS_sched_yield, libc::SYS_sched_getaffinity,
    libc::SYS_sched_getparam, libc::SYS_sched_getscheduler,
    libc::SYS_sched_getattr, libc::SYS_sched_get_priority_max, libc::SYS_sched_get_priority_min,
    libc::SYS_sched_rr_get_interval, libc::SYS_set_tid_address, libc::SYS_set_robust_list,
    libc::SYS_get_robust_list, libc::SYS_rseq, libc::SYS_futex, libc::SYS_futex_waitv,
    libc::SYS_restart_syscall, libc::SYS_pidfd_open, libc::SYS_pidfd_send_signal,
    libc::SYS_getcpu, libc::SYS_uname, libc::SYS_sysinfo, libc::SYS_getrandom,
    // signals and time
    libc::SYS_kill, libc::SYS_tkill, libc::SYS_tgkill, libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask, libc::SYS_rt_sigpending, libc::SYS_rt_sigsuspend,
    libc::SYS_rt_sigtimedwait, libc::SYS_rt_sigqueueinfo, libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_rt_sigreturn, libc::SYS_sigaltstack, libc::SYS_signalfd4, libc::SYS_nanosleep,
    libc::SYS_clock_gettime, libc::SYS_clock_getres, libc::SYS_clock_nanosleep,
    libc::SYS_gettimeofday, libc::SYS_getitimer, libc::SYS_setitimer, libc::SYS_timer_create,
    libc::SYS_timer_delete, libc::SYS_timer_gettime, libc::SYS_timer_settime,
    libc::SYS_timer_getoverrun, libc::SYS_timerfd_create, libc::SYS_timerfd_gettime,
    libc::SYS_timerfd_settime,
    // waiting
    libc::SYS_ppoll, libc::SYS_pselect6, libc::SYS_epoll_create1, libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait, libc::SYS_epoll_pwait2, libc::SYS_eventfd2,
    // sockets (those that `socket` lets one make)
    libc::SYS_bind, libc::SYS_listen, libc::SYS_accept, libc::SYS_accept4,
    libc::SYS_connect, libc::SYS_getsockname, libc::SYS_getpeername, libc::SYS_getsockopt,
    libc::SYS_setsockopt, libc::SYS_sendto, libc::SYS_recvfrom, libc::SYS_sendmsg,
    libc::SYS_recvmsg, libc::SYS_sendmmsg, libc::SYS_recvmmsg, libc::SYS_shutdown,
];

/// Older forms that only some architectures have.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const LEGACY: &[i64] = &[
    libc::SYS_open, libc::SYS_creat, libc::SYS_stat, libc::SYS_lstat, libc::SYS_access,
    libc::SYS_getdents, libc::SYS_mkdir, libc::SYS_rmdir, libc::SYS_unlink, libc::SYS_rename,
    libc::SYS_renameat, libc::SYS_link, libc::SYS_symlink, libc::SYS_readlink, libc::SYS_chmod,
    libc::SYS_chown, libc::SYS_lchown, libc::SYS_utime, libc::SYS_utimes, libc::SYS_dup2,
    libc::SYS_pipe, libc::SYS_fork, libc::SYS_vfork, libc::SYS_getpgrp, libc::SYS_time,
    libc::SYS_alarm, libc::SYS_pause, libc::SYS_poll, libc::SYS_select, libc::SYS_epoll_create,
    libc::SYS_epoll_wait, libc::SYS_eventfd, libc::SYS_signalfd,
    libc::SYS_arch_prctl,
];
#[cfg(not(target_arch = "x86_64"))]
const LEGACY: &[i64] = &[libc::SYS_renameat];
