//! What a script sees of itself and of its interpreter.

use super::{Case, case, compare};

#[rustfmt::skip]
const CASES: &[Case] = &[
    case("print", &[("main.py", "print('hi'); print('é', end='')")]),
    case("names of main", &[("main.py", "import sys\nprint(__name__, __file__, __package__, \
        __spec__, __cached__, sys.argv, sys.path[0], sorted(globals()))\n")]),
    case("another name", &[("tool.py", "import sys\nprint(__file__, sys.argv, sys.path[0])\n1/0\n")]),
    case("a name beyond ASCII", &[("größe ✓.py", "import sys\nprint(__file__, sys.argv)\n1/0\n")]),
    case("a long name", &[("a/very/long/name/of/a/folder/that/goes/on/and/on/for/quite/some/while/main.py",
        "import sys\nprint(__file__, sys.path[0])\n1/0\n")]),
    case("loader", &[("main.py", "print(type(__loader__).__name__, __loader__.name, __loader__.path)")]),
    case("path", &[("main.py", "import sys; print([p for p in sys.path if 'packages' not in p], \
        len(sys.path_hooks), any('pyexec' in p for p in sys.path_importer_cache))")]),
    // The host's own packages, which stay outside, may load some.
    case("modules that are loaded", &[("main.py", "import sys\nhosts = ('_distutils_hack', 'sitecustomize', 'encodings.utf_8_sig')\n\
        print(sorted(m for m in sys.modules if m not in hosts))")]),
    case("flags and hooks", &[("main.py", "import sys\nprint(sys.flags, sys.excepthook is \
        sys.__excepthook__, sys.dont_write_bytecode, sys.displayhook is sys.__displayhook__, \
        sys.warnoptions, sys._xoptions, sys.executable, sys.prefix, sys.base_exec_prefix)")]),
    case("collector", &[("main.py", "import gc\nprint(gc.isenabled(), gc.get_threshold(), \
        gc.get_freeze_count(), gc.garbage, gc.callbacks)")]),
    case("site", &[("main.py", "import site\nprint(site.ENABLE_USER_SITE, site.USER_SITE, site.PREFIXES)")]),
    case("stack", &[("main.py", "import inspect, sys, threading\nprint(len(inspect.stack()), \
        sys._getframe().f_back, len(sys._current_frames()), len(threading.enumerate()))")]),
    case("source", &[("main.py", "import inspect, linecache\ndef f(): return 1  # one\n\
        print(inspect.getsource(f), linecache.getline(__file__, 1), inspect.getfile(f))")]),
    case("main as a module", &[("main.py", "import __main__, sys\nx = 5\nprint(__main__.x, sys.modules['__main__'] is __main__)")]),
    case("deep recursion", &[("main.py", "import sys\nprint(sys.getrecursionlimit())\ndef f(): f()\n\
        try: f()\nexcept RecursionError as e: print(e)")]),
    case("deep recursion uncaught", &[("main.py", "def f(): f()\nf()\n")]),
    case("coding cookie", &[("main.py", "# -*- coding: latin-1 -*-\nprint(len('é'))")]),
    case("byte order mark", &[("main.py", "\u{feff}print('marked')")]),
    case("carriage returns", &[("main.py", "print(1)\r\nprint(\"\"\"a\r\nb\"\"\")\r\n1/0\r\n")]),
    case("an empty file", &[("main.py", "")]),
    case("pickle of main's classes", &[("main.py", "import pickle\nclass A: pass\n\
        print(type(pickle.loads(pickle.dumps(A()))), pickle.dumps(A))")]),
    case("warnings", &[("main.py", "import warnings\nwarnings.warn('w')\n\
        def f(): warnings.warn('d', DeprecationWarning)\nf()\n")]),
    case("future and annotations", &[("main.py", "from __future__ import annotations\n\
        def f(x: Unknown): pass\nprint(f.__annotations__)")]),
    case("locale and time", &[("main.py", "import locale, time\nprint(locale.getlocale(), \
        locale.getpreferredencoding(), time.tzname, time.timezone, time.localtime(0)[:6])")]),
    case("frozen and builtin", &[("main.py", "import sys, os\nprint(len(sys.builtin_module_names), \
        os.__spec__.origin, sys.implementation.cache_tag)")]),
    case("working folder", &[("main.py", "import os; print(os.getcwd(), sorted(os.listdir()), os.umask(0))")]),
    case("process", &[("main.py", "import os\nprint(os.nice(0), os.path.basename(os.readlink('/proc/self/exe')))")]),
    case("command line of main", &[("main.py", "print(open('/proc/self/cmdline').read().split('\\0')[1:])")]),
    Case { name: "arguments", files: &[("main.py", "import sys; print(sys.argv, sys.orig_argv[1:])")],
        args: &["--flag", "", "it's", "é", "-h"], env: &[], stdin: "" },
    Case { name: "argparse", files: &[("main.py", "import argparse\np = argparse.ArgumentParser()\n\
        p.add_argument('n', type=int); print(p.parse_args().n)")],
        args: &["x"], env: &[], stdin: "" },
];

#[test]
fn scripts_see_the_same() {
    compare(CASES);
}
