//! How scripts end: codes, exceptions, signals.

use super::{Case, case, compare};

#[rustfmt::skip]
const CASES: &[Case] = &[
    case("exit code", &[("main.py", "import sys; sys.exit(3)")]),
    case("exit with a message", &[("main.py", "import sys; sys.exit('bye')")]),
    case("exit with nothing", &[("main.py", "import sys; print('x'); sys.exit()")]),
    case("exit with true", &[("main.py", "raise SystemExit(True)")]),
    case("exit with a large code", &[("main.py", "raise SystemExit(257)")]),
    case("exit with a negative code", &[("main.py", "raise SystemExit(-1)")]),
    case("exit with an object", &[("main.py", "raise SystemExit(['a', 1])")]),
    case("exit in a thread", &[("main.py", "import sys, threading\n\
        t = threading.Thread(target=sys.exit, args=(5,)); t.start(); t.join(); print('on')")]),
    case("exit in a finally", &[("main.py", "try:\n    1/0\nfinally:\n    raise SystemExit(4)\n")]),
    case("builtin exit", &[("main.py", "exit(7)")]),
    case("os._exit", &[("main.py", "import os; print('x'); os._exit(9)")]),
    case("traceback", &[("main.py", "def f():\n    raise ValueError('bad <&>')\nf()\n")]),
    case("traceback through the library", &[("main.py", "import json\njson.loads('{')\n")]),
    case("chained exceptions", &[("main.py",
        "try:\n    1/0\nexcept ZeroDivisionError as e:\n    raise KeyError('k') from e\n")]),
    case("exception without a line", &[("main.py", "exec('1/0')")]),
    case("exception with a broken str", &[("main.py",
        "class E(Exception):\n    def __str__(self): raise ValueError\nraise E()\n")]),
    case("own excepthook", &[("main.py",
        "import sys\nsys.excepthook = lambda t, v, b: print('hook', t.__name__, b.tb_lineno)\n1/0\n")]),
    case("syntax error", &[("main.py", "if True\n")]),
    case("syntax error with a caret", &[("main.py", "print('é' + )\n")]),
    case("indentation error", &[("main.py", "if 1:\nprint()\n")]),
    case("null bytes", &[("main.py", "x = 1\0\n")]),
    case("syntax error in a module", &[("main.py", "import other\n"), ("other.py", "x = = 1\n")]),
    case("keyboard interrupt", &[("main.py", "raise KeyboardInterrupt\n")]),
    case("interrupted by itself", &[("main.py",
        "import os, signal, time\ntry:\n    os.kill(os.getpid(), signal.SIGINT); time.sleep(9)\n\
         except KeyboardInterrupt: print('caught')\n")]),
    case("killed by itself", &[("main.py",
        "import os, signal; print('a'); os.kill(os.getpid(), signal.SIGTERM)")]),
    case("kill", &[("main.py", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")]),
    case("abort", &[("main.py", "import os; os.abort()")]),
    case("raised signal", &[("main.py", "import signal; signal.raise_signal(signal.SIGUSR1)")]),
    case("alarm", &[("main.py", "import signal, time\n\
        signal.signal(signal.SIGALRM, lambda n, f: print('ring', n, f.f_lineno))\n\
        signal.setitimer(signal.ITIMER_REAL, 0.01)\ntime.sleep(0.1)\nsignal.alarm(0)\n\
        signal.signal(signal.SIGALRM, signal.SIG_DFL); signal.setitimer(signal.ITIMER_REAL, 0.01); time.sleep(9)")]),
    case("handlers and mask", &[("main.py", "import signal\n\
        print([signal.getsignal(s) for s in sorted(signal.valid_signals()) if s < 32], \
        signal.pthread_sigmask(signal.SIG_BLOCK, []))")]),
    case("a blocked signal that is waited for", &[("main.py", "import os, signal\n\
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]); os.kill(os.getpid(), signal.SIGUSR1)\n\
        print(signal.sigwait([signal.SIGUSR1]))")]),
    case("segmentation fault", &[("main.py",
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")]),
    case("faulthandler", &[("main.py", "import faulthandler, os, signal\n\
        faulthandler.enable()\ndef f(): signal.raise_signal(signal.SIGSEGV)\nf()\n")]),
    case("faulthandler's dump", &[("main.py", "import faulthandler, sys\n\
        faulthandler.dump_traceback(file=sys.stdout)\n")]),
    case("atexit order", &[("main.py",
        "import atexit\natexit.register(print, 'first')\natexit.register(print, 'last')")]),
    case("atexit that fails", &[("main.py", "import atexit\natexit.register(lambda: 1/0)\nprint('x')\n")]),
    case("atexit and an exception", &[("main.py", "import atexit\natexit.register(print, 'late')\n1/0\n")]),
    case("objects that end late", &[("main.py",
        "class A:\n    def __del__(self): print('gone', flush=True)\nx = A()\n")]),
];

#[test]
fn ends_are_the_same() {
    compare(CASES);
}
