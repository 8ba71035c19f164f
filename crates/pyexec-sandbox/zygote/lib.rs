//! The zygote's part that Python can't do: a CPython extension, one file for every version, that
//! forks this interpreter, fully initialised, into a sandbox's namespaces.
//!
//! Built by `build.rs` without a standard library. A zygote never sees anything of a user: it
//! receives descriptors, forks, and the copy alone hears what to run.
#![no_std]
#![deny(unsafe_op_in_unsafe_fn)]

mod config;
mod fork;
mod kernel;
mod memory;
mod python;

use core::ffi::CStr;
use python::{Method, Module, Object};

/// Nothing here panics on purpose; a process of a sandbox that did would be a lost one.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    kernel::exit(125)
}

/// Tables of the core library name it, for unwinding. Nothing here ever does.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

struct Table([Method; 3]);
// SAFETY: never changed; the pointers in it lead to functions and literals.
unsafe impl Sync for Table {}

static METHODS: Table =
    Table([Method::new(c"serve", serve), Method::new(c"run_instead", run_instead), Method::END]);

#[unsafe(no_mangle)]
extern "C" fn PyInit__pyexec_zygote() -> *mut Object {
    Module::create(c"_pyexec_zygote", METHODS.0.as_ptr())
}

/// `serve(socket) -> (go, claims)`: forks for each message until the launcher is gone. Returns in
/// each copy, with its two channels.
extern "C" fn serve(_: *mut Object, socket: *mut Object) -> *mut Object {
    let socket = python::to_number(socket) as i32;
    let renames = config::locate();
    let Some(channels) = fork::serve(socket, renames) else { kernel::exit(0) };
    python::pair(channels)
}

/// `run_instead(path)`: has CPython open another script than the one that it was started with.
extern "C" fn run_instead(_: *mut Object, path: *mut Object) -> *mut Object {
    python::boolean(config::run_instead(path))
}

const SCRIPT: &CStr = c"/work/main.py";
