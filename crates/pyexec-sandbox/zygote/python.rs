//! The few functions of CPython that are used, all in its stable ABI but those in `config`.

use core::{
    ffi::{CStr, c_char, c_int, c_long, c_void},
    ptr,
};

#[repr(C)]
pub struct Object {
    count: isize,
    kind: *mut c_void,
}

type Function = extern "C" fn(*mut Object, *mut Object) -> *mut Object;

/// `PyMethodDef`.
#[repr(C)]
pub struct Method {
    name: *const c_char,
    function: Option<Function>,
    flags: c_int,
    doc: *const c_char,
}

impl Method {
    pub const END: Self = Self { name: ptr::null(), function: None, flags: 0, doc: ptr::null() };

    /// A function of one argument.
    pub const fn new(name: &'static CStr, function: Function) -> Self {
        const ONE_ARGUMENT: c_int = 8;
        Self {
            name: name.as_ptr(),
            function: Some(function),
            flags: ONE_ARGUMENT,
            doc: ptr::null(),
        }
    }
}

/// `PyModuleDef`, which CPython keeps and writes to.
#[repr(C)]
pub struct Module {
    base: Object,
    init: *mut c_void,
    index: isize,
    copy: *mut c_void,
    name: *const c_char,
    doc: *const c_char,
    size: isize,
    methods: *const Method,
    rest: [*mut c_void; 4],
}

impl Module {
    pub fn create(name: &'static CStr, methods: *const Method) -> *mut Object {
        /// `PYTHON_ABI_VERSION` of the stable ABI.
        const STABLE: c_int = 3;
        static mut MODULE: Module = Module {
            base: Object { count: 1, kind: ptr::null_mut() },
            init: ptr::null_mut(),
            index: 0,
            copy: ptr::null_mut(),
            name: ptr::null(),
            doc: ptr::null(),
            size: -1,
            methods: ptr::null(),
            rest: [ptr::null_mut(); 4],
        };
        let module = &raw mut MODULE;
        // SAFETY: CPython calls this once, with its lock held, and the definition is static.
        unsafe {
            (*module).name = name.as_ptr();
            (*module).methods = methods;
            PyModule_Create2(module, STABLE)
        }
    }
}

unsafe extern "C" {
    fn PyModule_Create2(module: *mut Module, version: c_int) -> *mut Object;
    fn PyLong_AsLong(object: *mut Object) -> c_long;
    fn PyLong_FromLong(value: c_long) -> *mut Object;
    fn PyBool_FromLong(value: c_long) -> *mut Object;
    fn PyTuple_New(length: isize) -> *mut Object;
    fn PyTuple_SetItem(tuple: *mut Object, index: isize, item: *mut Object) -> c_int;
    fn PyUnicode_AsWideChar(text: *mut Object, to: *mut u32, length: isize) -> isize;
    fn PyMem_RawMalloc(bytes: usize) -> *mut c_void;
    fn PyOS_BeforeFork();
    fn PyOS_AfterFork_Parent();
    fn PyOS_AfterFork_Child();
    /// The C library's, which sets up the copy's idea of its own thread.
    fn fork() -> c_int;
}

pub fn to_number(object: *mut Object) -> c_long {
    // SAFETY: called by CPython with an argument of its own; it checks the type.
    unsafe { PyLong_AsLong(object) }
}

pub fn boolean(value: bool) -> *mut Object {
    // SAFETY: no preconditions but the interpreter's lock, which a method has.
    unsafe { PyBool_FromLong(c_long::from(value)) }
}

pub fn pair([first, second]: [i32; 2]) -> *mut Object {
    // SAFETY: a method has the interpreter's lock; `SetItem` takes the items over, and every
    // function here takes a null for the failure that it is.
    unsafe {
        let tuple = PyTuple_New(2);
        if !tuple.is_null() {
            PyTuple_SetItem(tuple, 0, PyLong_FromLong(c_long::from(first)));
            PyTuple_SetItem(tuple, 1, PyLong_FromLong(c_long::from(second)));
        }
        tuple
    }
}

/// A copy of a text as CPython's own start-up would have made it, never freed by us.
pub fn wide(text: *mut Object) -> Option<*mut u32> {
    // SAFETY: CPython checks that it is a text; the buffer has the room that is asked for first,
    // the final NUL included.
    unsafe {
        let length = PyUnicode_AsWideChar(text, ptr::null_mut(), 0);
        let bytes = usize::try_from(length).ok()?.checked_mul(4)?;
        let to = PyMem_RawMalloc(bytes).cast::<u32>();
        if to.is_null() || PyUnicode_AsWideChar(text, to, length) < 0 { None } else { Some(to) }
    }
}

pub fn before_fork() {
    // SAFETY: a method has the interpreter's lock.
    unsafe { PyOS_BeforeFork() }
}

pub fn after_fork_in_parent() {
    // SAFETY: after `before_fork`, in the process that goes on.
    unsafe { PyOS_AfterFork_Parent() }
}

pub fn after_fork_in_child() {
    // SAFETY: after `before_fork`, in the only thread of a copy.
    unsafe { PyOS_AfterFork_Child() }
}

/// The C library's fork: -1, 0 in the copy, or the copy's number.
pub fn c_fork() -> i32 {
    // SAFETY: the process has one thread.
    unsafe { fork() }
}
