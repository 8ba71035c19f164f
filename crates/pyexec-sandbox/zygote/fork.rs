//! From a message to a copy of the interpreter that waits inside a sandbox.
//!
//! A helper enters the sandbox's namespaces and forks in them once, so that the copy belongs to
//! the sandbox's PID 1 alone; then it is gone.

use crate::{kernel, memory, python};

/// Descriptors of a message, in this order.
const NAMESPACES: usize = 7;
const STDIN: usize = NAMESPACES;
const CLAIMS: usize = NAMESPACES + 3;
const GO: usize = NAMESPACES + 4;
/// Readable once the helper is in its control group.
const START: usize = NAMESPACES + 5;
/// What follows are the entrances of its control group, if it has any.
const COUNT: usize = NAMESPACES + 6;
const MOST_ENTRANCES: usize = 4;

/// The user inside.
const USER: isize = 1000;
/// Out of the script's way: its own descriptors get the numbers that they have everywhere.
const GO_NUMBER: i32 = 2040;
const CLAIMS_NUMBER: i32 = 2041;

const CLONE_PARENT: usize = 0x8000;
const SIGCHLD: usize = 17;
const CLOSE_ON_EXEC: isize = 0o2_000_000;

/// Room for the two filters.
const FILTERS: usize = 32 * 1024;

/// Serves the launcher on `socket` until it is gone. In a copy: its go and claims channels.
///
/// The first message holds the two filters: the length of the first in bytes, then both.
pub fn serve(socket: i32, renames: bool) -> Option<[i32; 2]> {
    let mut filters = [0; FILTERS];
    let (length, _) = kernel::receive(socket, &mut filters, &mut [])?;
    let (first, both) = filters.get(..length)?.split_first_chunk::<4>()?;
    let (allowed, missing) = both.split_at_checked(u32::from_ne_bytes(*first) as usize)?;
    kernel::send(socket, b"R");
    loop {
        let mut fds = [-1; COUNT + MOST_ENTRANCES];
        let (_, count) = kernel::receive(socket, &mut [0; 8], &mut fds)?;
        let fds = fds.get(..count).filter(|fds| fds.len() >= COUNT)?;
        python::before_fork();
        // A child of the launcher, which knows the number and waits for it.
        let helper = kernel::fork(CLONE_PARENT);
        if helper == 0 {
            help(fds, [allowed, missing], renames);
            python::after_fork_in_child();
            return Some([GO_NUMBER, CLAIMS_NUMBER]);
        }
        python::after_fork_in_parent();
        for fd in fds {
            kernel::close_range(*fd as u32, *fd as u32);
        }
        kernel::send(socket, &(helper as i32).to_ne_bytes());
    }
}

/// The rest of the helper's life; returns only in the copy of the copy.
fn help(fds: &[i32], filters: [&[u8]; 2], renames: bool) {
    if kernel::read_byte(fds[START]) != 1 {
        kernel::exit(1);
    }
    // With the rights of whoever opened them.
    for entrance in &fds[COUNT..] {
        must(kernel::write(*entrance, b"0"));
    }
    // The user namespace comes first: it brings the right to enter the others.
    for fd in &fds[..NAMESPACES] {
        must(kernel::setns(*fd));
    }
    must(kernel::become_user(USER));
    drop_privileges();
    let inside = kernel::fork(SIGCHLD);
    if inside != 0 {
        must(inside);
        kernel::wait(inside as i32);
        kernel::exit(0);
    }
    match python::c_fork() {
        0 => enter(fds, filters, renames),
        copy => kernel::exit(i32::from(copy < 0)),
    }
}

/// Drops all capabilities from every set and forbids gaining new ones.
fn drop_privileges() {
    const SET_NO_NEW_PRIVS: isize = 38;
    const AMBIENT: isize = 47;
    const AMBIENT_CLEAR_ALL: isize = 4;
    const DROP_FROM_BOUNDING_SET: isize = 24;
    must(kernel::prctl(SET_NO_NEW_PRIVS, 1, 0));
    must(kernel::prctl(AMBIENT, AMBIENT_CLEAR_ALL, 0));
    // The kernel says EINVAL to the first one that it doesn't know.
    (0..64)
        .take_while(|capability| kernel::prctl(DROP_FROM_BOUNDING_SET, *capability, 0) == 0)
        .for_each(drop);
    must(kernel::drop_capabilities());
}

/// Becomes the process that waits for "go".
fn enter(fds: &[i32], filters: [&[u8]; 2], renames: bool) {
    const SET_DUMPABLE: isize = 4;
    must(kernel::setsid());
    must(kernel::chdir(c"/work"));
    for (number, fd) in fds[STDIN..CLAIMS].iter().enumerate() {
        must(kernel::duplicate(*fd, number as i32, 0));
    }
    must(kernel::duplicate(fds[GO], GO_NUMBER, CLOSE_ON_EXEC));
    must(kernel::duplicate(fds[CLAIMS], CLAIMS_NUMBER, CLOSE_ON_EXEC));
    must(kernel::close_range(3, GO_NUMBER as u32 - 1));
    must(kernel::close_range(CLAIMS_NUMBER as u32 + 1, u32::MAX));
    // As after an exec: a process may look at itself under /proc.
    must(kernel::prctl(SET_DUMPABLE, 1, 0));
    for filter in filters {
        must(kernel::filter(filter));
    }
    let mut ready = [0; 5];
    ready[..4].copy_from_slice(&kernel::getpid().to_ne_bytes());
    ready[4] = u8::from(renames);
    must(kernel::send(GO_NUMBER, &ready));
    // Whoever waits for this copy already needn't wait for this, too.
    memory::make_own();
}

/// A step that fails ends the process: PID 1 sees the end of its channel.
fn must(result: isize) {
    if result < 0 {
        kernel::exit(1);
    }
}
