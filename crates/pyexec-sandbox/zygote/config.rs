//! The script that CPython will open once start-up is over.
//!
//! A zygote is started as `python -u /work/main.py`, long before anyone knows what will run.
//! CPython keeps that path in its configuration (`PyConfig.run_filename` and `PyConfig.argv`,
//! <https://docs.python.org/3/c-api/init_config.html>), whose layout differs between versions:
//! so the two places are found by what they hold, and where that isn't certain, such scripts
//! are run by an interpreter of their own.

use crate::{
    SCRIPT, kernel,
    python::{self, Object},
};
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

core::arch::global_asm!(".weak _Py_GetConfig");

unsafe extern "C" {
    /// Not there in every version, and then null.
    fn _Py_GetConfig() -> *const usize;
}

/// How far into the configuration is looked, in words; it has less than 100.
const WORDS: usize = 160;

/// Where `run_filename` and the first of `argv` are; 0 where they weren't found.
static FILE_NAME: AtomicUsize = AtomicUsize::new(0);
static FIRST_ARGUMENT: AtomicUsize = AtomicUsize::new(0);

/// Finds both places. Each must be there exactly once.
pub fn locate() -> bool {
    // By a detour, since the compiler takes it for granted that a function is there.
    let get = core::hint::black_box(_Py_GetConfig as *const ());
    if get.is_null() {
        return false;
    }
    // SAFETY: it is there, and its answer is the interpreter's own configuration.
    let config = unsafe { _Py_GetConfig() } as usize;
    let (mut names, mut arguments) = (0, 0);
    for index in 0..WORDS {
        let place = config + index * size_of::<usize>();
        let Some(word) = word(place) else { break };
        if is_script(word) {
            FILE_NAME.store(place, Relaxed);
            names += 1;
        } else if self::word(word).is_some_and(is_script) {
            FIRST_ARGUMENT.store(word, Relaxed);
            arguments += 1;
        }
    }
    let found = names == 1 && arguments == 1;
    if !found {
        FILE_NAME.store(0, Relaxed);
    }
    found
}

/// Puts another path into both.
pub fn run_instead(path: *mut Object) -> bool {
    let (name, argument) = (FILE_NAME.load(Relaxed), FIRST_ARGUMENT.load(Relaxed));
    if name == 0 {
        return false;
    }
    for place in [name, argument] {
        let Some(text) = python::wide(path) else { return false };
        // SAFETY: `locate` found a pointer to a string there; the new one comes from the same
        // allocator, so that CPython may free it. The old one stays where it is.
        unsafe { (place as *mut *mut u32).write(text) };
    }
    true
}

fn word(at: usize) -> Option<usize> {
    let mut bytes = [0; size_of::<usize>()];
    kernel::peek(at, &mut bytes).then(|| usize::from_ne_bytes(bytes))
}

/// Whether a wide string there is the path that the zygote was started with.
fn is_script(at: usize) -> bool {
    let expected = SCRIPT.to_bytes_with_nul();
    let mut bytes = [0; 64];
    let bytes = &mut bytes[..expected.len() * 4];
    at != 0
        && kernel::peek(at, bytes)
        && bytes.chunks(4).zip(expected).all(|(wide, byte)| wide == u32::from(*byte).to_ne_bytes())
}
