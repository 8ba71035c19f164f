# Functions of the attacks. Each success of the attacker is a line that begins with GOT.
import ctypes, errno, os, signal, socket, stat, struct, sys, time

libc = ctypes.CDLL(None, use_errno=True)
X86 = os.uname().machine == "x86_64"


def got(*what):
    print("GOT", *what, flush=True)


def attempt(name, function, *arguments):
    "Got, unless the system says no; a mistake in the attack itself ends it."
    try:
        value = function(*arguments)
    except (OSError, ValueError, MemoryError, OverflowError) as error:
        print("no", name, type(error).__name__, error)
    else:
        got(name, repr(value)[:200])


def syscall(x86, arm, *arguments):
    "What the kernel answers: a result, or the name of an error."
    number = x86 if X86 else arm
    if number is None:
        return "ENOSYS"
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *words)
    return result if result >= 0 else errno.errorcode.get(ctypes.get_errno(), "?")


def kernel(name, x86, arm, *arguments):
    "Got, unless the list of system calls refuses it, before its arguments mean anything."
    answer = syscall(x86, arm, *arguments)
    if answer in ("EPERM", "ENOSYS"):
        print("no", name, answer)
    else:
        got(name, answer)


def reach(name, host, port, kind=socket.SOCK_STREAM):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, kind) as s:
            s.settimeout(1)
            s.connect((host, port))
            if kind == socket.SOCK_DGRAM:
                s.send(b"hello")
                s.recv(10)
    except OSError as error:
        print("no", name, host, error)
    else:
        got(name, host, port)
