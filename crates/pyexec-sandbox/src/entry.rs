//! How any binary that links this crate becomes the launcher: a constructor that runs before
//! `main` and takes over when the process was started as one.
//!
//! Re-execution works inside test binaries and users' applications alike, without a helper
//! program to install. The child is told by its `argv[0]` *and* by a `SOCK_SEQPACKET` socket as
//! its standard input, so that no shell user gets here by accident.
#![allow(unsafe_code)]

use crate::{launcher, sys};
use rustix::{
    fd::BorrowedFd,
    net::{SocketType, sockopt},
};

/// `argv[0]` of a launcher.
pub(crate) const MARKER: &str = "pyexec-launcher";

#[used]
// SAFETY: the section holds pointers to C functions without arguments that the loader calls
// before `main`; this is one.
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = construct;

extern "C" fn construct() {
    if is_launcher() {
        launcher::main(sys::adopt(0));
    }
}

/// `/proc/self/cmdline` rather than `std::env::args`, which isn't filled in yet on every libc.
fn is_launcher() -> bool {
    let Ok(command_line) = std::fs::read("/proc/self/cmdline") else {
        return false;
    };
    if command_line.split(|byte| *byte == 0).next() != Some(MARKER.as_bytes()) {
        return false;
    }
    // SAFETY: borrowed for this call alone; a closed standard input makes it answer EBADF.
    let stdin = unsafe { BorrowedFd::borrow_raw(0) };
    sockopt::socket_type(stdin) == Ok(SocketType::SEQPACKET)
}
