//! System calls, bare: nothing here allocates, takes a lock, or needs a C library.

use core::arch::asm;

/// Numbers that differ between architectures.
#[cfg(target_arch = "x86_64")]
mod number {
    pub const READ: usize = 0;
    pub const OPENAT: usize = 257;
    pub const MADVISE: usize = 28;
    pub const WRITE: usize = 1;
    pub const CLOSE_RANGE: usize = 436;
    pub const SENDTO: usize = 44;
    pub const RECVMSG: usize = 47;
    pub const CLONE: usize = 56;
    pub const EXIT_GROUP: usize = 231;
    pub const WAIT4: usize = 61;
    pub const CHDIR: usize = 80;
    pub const SETSID: usize = 112;
    pub const SETRESUID: usize = 117;
    pub const SETRESGID: usize = 119;
    pub const CAPSET: usize = 126;
    pub const PRCTL: usize = 157;
    pub const GETPID: usize = 39;
    pub const SETNS: usize = 308;
    pub const DUP3: usize = 292;
    pub const PROCESS_VM_READV: usize = 310;
    pub const SECCOMP: usize = 317;
}
#[cfg(target_arch = "aarch64")]
mod number {
    pub const READ: usize = 63;
    pub const OPENAT: usize = 56;
    pub const MADVISE: usize = 233;
    pub const WRITE: usize = 64;
    pub const CLOSE_RANGE: usize = 436;
    pub const SENDTO: usize = 206;
    pub const RECVMSG: usize = 212;
    pub const CLONE: usize = 220;
    pub const EXIT_GROUP: usize = 94;
    pub const WAIT4: usize = 260;
    pub const CHDIR: usize = 49;
    pub const SETSID: usize = 157;
    pub const SETRESUID: usize = 147;
    pub const SETRESGID: usize = 149;
    pub const CAPSET: usize = 91;
    pub const PRCTL: usize = 167;
    pub const GETPID: usize = 172;
    pub const SETNS: usize = 268;
    pub const DUP3: usize = 24;
    pub const PROCESS_VM_READV: usize = 270;
    pub const SECCOMP: usize = 277;
}

/// # Safety
/// As for the call itself: pointers among the arguments must be good for what it does with them.
unsafe fn call(number: usize, [a, b, c, d, e, f]: [usize; 6]) -> isize {
    let result: isize;
    // SAFETY: the kernel's calling convention; the caller vouches for the arguments.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!("syscall", inlateout("rax") number as isize => result, in("rdi") a, in("rsi") b,
            in("rdx") c, in("r10") d, in("r8") e, in("r9") f, out("rcx") _, out("r11") _,
            options(nostack));
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!("svc 0", in("x8") number, inlateout("x0") a as isize => result, in("x1") b,
            in("x2") c, in("x3") d, in("x4") e, in("x5") f, options(nostack));
    }
    result
}

/// A call whose arguments are plain numbers.
fn plain<const N: usize>(number: usize, arguments: [isize; N]) -> isize {
    let mut all = [0; 6];
    for (to, from) in all.iter_mut().zip(arguments) {
        *to = from as usize;
    }
    // SAFETY: no pointers; only called below, for calls that touch no memory of ours.
    unsafe { call(number, all) }
}

pub fn exit(code: i32) -> ! {
    loop {
        plain(number::EXIT_GROUP, [code as isize]);
    }
}

pub fn getpid() -> i32 {
    plain(number::GETPID, []) as i32
}

/// Reads one byte; 0 at the end of the file.
pub fn read_byte(fd: i32) -> isize {
    let mut byte = 0u8;
    // SAFETY: one byte of our stack, which outlives the call.
    unsafe { call(number::READ, [fd as usize, &raw mut byte as usize, 1, 0, 0, 0]) }
}

pub fn write(fd: i32, bytes: &[u8]) -> isize {
    let (at, len) = (bytes.as_ptr() as usize, bytes.len());
    // SAFETY: the kernel reads `len` bytes of a slice that outlives the call.
    unsafe { call(number::WRITE, [fd as usize, at, len, 0, 0, 0]) }
}

/// Opens a file to read it; its name ends with a NUL.
pub fn open(path: &core::ffi::CStr) -> isize {
    const HERE: isize = -100;
    // SAFETY: a NUL-terminated string that outlives the call.
    unsafe { call(number::OPENAT, [HERE as usize, path.as_ptr() as usize, 0, 0, 0, 0]) }
}

/// Reads as much as there is room for, or less; 0 at the end of the file.
pub fn read(fd: i32, into: &mut [u8]) -> isize {
    let (at, len) = (into.as_mut_ptr() as usize, into.len());
    // SAFETY: the kernel writes at most `len` bytes to a slice that outlives the call.
    unsafe { call(number::READ, [fd as usize, at, len, 0, 0, 0]) }
}

/// Has pages of this process written to as if by itself, without any change to what they hold.
pub fn populate(start: usize, length: usize) -> isize {
    const POPULATE_WRITE: isize = 23;
    plain(number::MADVISE, [start as isize, length as isize, POPULATE_WRITE])
}

/// Sends one message; a peer that is gone is an error, not a signal.
pub fn send(fd: i32, bytes: &[u8]) -> isize {
    const NO_SIGNAL: usize = 0x4000;
    let (at, len) = (bytes.as_ptr() as usize, bytes.len());
    // SAFETY: the kernel reads `len` bytes of a slice that outlives the call.
    unsafe { call(number::SENDTO, [fd as usize, at, len, NO_SIGNAL, 0, 0]) }
}

/// A new process: a copy of this one, whose next life begins here too.
pub fn fork(flags: usize) -> isize {
    // SAFETY: without CLONE_VM the child has its own copy of memory and stack.
    unsafe { call(number::CLONE, [flags, 0, 0, 0, 0, 0]) }
}

pub fn wait(pid: i32) -> isize {
    plain(number::WAIT4, [pid as isize, 0, 0, 0])
}

pub fn setns(fd: i32) -> isize {
    plain(number::SETNS, [fd as isize, 0])
}

pub fn become_user(id: isize) -> isize {
    let group = plain(number::SETRESGID, [id, id, id]);
    if group != 0 { group } else { plain(number::SETRESUID, [id, id, id]) }
}

pub fn setsid() -> isize {
    plain(number::SETSID, [])
}

pub fn prctl(option: isize, a: isize, b: isize) -> isize {
    plain(number::PRCTL, [option, a, b, 0, 0])
}

pub fn duplicate(from: i32, to: i32, flags: isize) -> isize {
    plain(number::DUP3, [from as isize, to as isize, flags])
}

pub fn close_range(first: u32, last: u32) -> isize {
    plain(number::CLOSE_RANGE, [first as isize, last as isize, 0])
}

/// Enters a folder whose name ends with a NUL.
pub fn chdir(path: &core::ffi::CStr) -> isize {
    // SAFETY: a NUL-terminated string that outlives the call.
    unsafe { call(number::CHDIR, [path.as_ptr() as usize, 0, 0, 0, 0, 0]) }
}

/// Empties the effective, permitted and inheritable sets.
pub fn drop_capabilities() -> isize {
    const VERSION_3: u32 = 0x2008_0522;
    let header = [VERSION_3, 0];
    let none = [0u32; 6];
    // SAFETY: a header and two `cap_user_data_t`, which the kernel only reads.
    unsafe { call(number::CAPSET, [header.as_ptr() as usize, none.as_ptr() as usize, 0, 0, 0, 0]) }
}

/// Installs a filter of `instructions.len() / 8` instructions for good.
pub fn filter(instructions: &[u8]) -> isize {
    const SET_MODE_FILTER: usize = 1;
    #[repr(C)]
    struct Program {
        length: u16,
        instructions: *const u8,
    }
    let program =
        Program { length: (instructions.len() / 8) as u16, instructions: instructions.as_ptr() };
    // SAFETY: `sock_fprog` over memory that outlives the call.
    unsafe { call(number::SECCOMP, [SET_MODE_FILTER, 0, &raw const program as usize, 0, 0, 0]) }
}

/// Copies memory of this process that may not be there: the kernel says so, rather than a fault.
pub fn peek(at: usize, into: &mut [u8]) -> bool {
    let ours = [into.as_mut_ptr() as usize, into.len()];
    let theirs = [at, into.len()];
    let (ours, theirs) = (ours.as_ptr() as usize, theirs.as_ptr() as usize);
    // SAFETY: two `iovec`; the kernel writes into `into` alone, and checks the other address.
    let read =
        unsafe { call(number::PROCESS_VM_READV, [getpid() as usize, ours, 1, theirs, 1, 0]) };
    read == into.len() as isize
}

/// Receives a message and its descriptors; how many bytes and how many descriptors there were,
/// nothing once the peer is gone.
pub fn receive(fd: i32, bytes: &mut [u8], fds: &mut [i32]) -> Option<(usize, usize)> {
    const CLOSE_ON_EXEC: usize = 0x4000_0000;
    const INTERRUPTED: isize = -4;
    #[repr(C)]
    struct Header {
        name: usize,
        name_length: u32,
        parts: *mut [usize; 2],
        part_count: usize,
        control: *mut u64,
        control_length: usize,
        flags: u32,
    }
    // A `cmsghdr` (length, level, type) and its descriptors.
    let mut control = [0u64; 18];
    let mut part = [bytes.as_mut_ptr() as usize, bytes.len()];
    let mut header = Header {
        name: 0,
        name_length: 0,
        parts: &raw mut part,
        part_count: 1,
        control: control.as_mut_ptr(),
        control_length: size_of_val(&control),
        flags: 0,
    };
    let read = loop {
        // SAFETY: `msghdr` over buffers of the lengths that it names, which outlive the call.
        let read = unsafe {
            call(number::RECVMSG, [fd as usize, &raw mut header as usize, CLOSE_ON_EXEC, 0, 0, 0])
        };
        if read != INTERRUPTED {
            break read;
        }
    };
    if read <= 0 {
        return None;
    }
    let mut count = 0;
    if header.control_length > 16 {
        let there = (control[0] as usize).saturating_sub(16) / 4;
        for word in &control[2..] {
            for half in [*word as u32, (*word >> 32) as u32] {
                if count < there && count < fds.len() {
                    fds[count] = half as i32;
                    count += 1;
                }
            }
        }
    }
    Some((read as usize, count))
}
