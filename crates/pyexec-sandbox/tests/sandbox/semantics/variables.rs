//! Variables that interpreters listen to.

use super::{Case, case, compare, variables};

#[rustfmt::skip]
const CASES: &[Case] = &[
    variables("variables", &["A=1", "B=x y=z", "HOME=/tmp", "LC_ALL=C", "EMPTY="], &[("main.py",
        "import os; print(sorted((k, v) for k, v in os.environ.items() if k != 'PATH'))")]),
    variables("harmless variables and their order", &["A=1", "USER=me", "B=ü", "C="], &[("main.py",
        "import os; print(sorted((k, v) for k, v in os.environ.items() if k not in ('PATH', 'HOME')), os.getenv('A'))\n\
         import subprocess; print(subprocess.run('echo $A $B $USER $PYEXEC_BOOT', shell=True, capture_output=True))")]),
    case("no variables", &[("main.py", "import os; print(sorted(os.environ))")]),
    variables("time zone", &["TZ=Asia/Tokyo"], &[("main.py", "import time; print(time.tzname, time.localtime(0)[:5])")]),
    variables("python path", &["PYTHONPATH=lib"], &[
        ("main.py", "import os, sys, m; print(m.x, os.environ['PYTHONPATH'], 'opt/pyexec' in str(sys.path))"),
        ("lib/m.py", "x = 1")]),
    variables("own sitecustomize", &["PYTHONPATH=lib"], &[
        ("main.py", "import sys; print(sys.modules['sitecustomize'].x)"),
        ("lib/sitecustomize.py", "x = 1; print('site')")]),
    variables("own usercustomize", &["PYTHONPATH=lib"], &[
        ("main.py", "import sys; print('usercustomize' in sys.modules)"),
        ("lib/usercustomize.py", "print('user')")]),
    variables("hash seed", &["PYTHONHASHSEED=7"], &[("main.py", "print(hash('a'))")]),
    variables("warnings", &["PYTHONWARNINGS=error"], &[("main.py", "import warnings; warnings.warn('w', DeprecationWarning)")]),
    variables("development mode", &["PYTHONDEVMODE=1"], &[("main.py", "import sys\nprint(sys.flags.dev_mode, sys.warnoptions)\nopen(__file__)\n")]),
    variables("optimised", &["PYTHONOPTIMIZE=2"], &[("main.py", "\"\"\"doc\"\"\"\nassert False\nprint(__doc__)")]),
    variables("utf8 mode", &["PYTHONUTF8=1", "LC_ALL=C"], &[("main.py", "import sys; print(sys.flags.utf8_mode, sys.stdout.encoding)")]),
    variables("no coercion", &["LC_ALL=C", "PYTHONCOERCECLOCALE=0", "PYTHONUTF8=0"], &[("main.py", "import sys; print(sys.stdout.encoding, sys.stdout.errors)")]),
    variables("encoding of streams", &["PYTHONIOENCODING=latin-1:replace"], &[("main.py", "import sys; print(sys.stdout.encoding, sys.stdout.errors, 'x€')")]),
    variables("fault handler", &["PYTHONFAULTHANDLER=1"], &[("main.py", "import signal; signal.raise_signal(signal.SIGSEGV)")]),
    variables("traced memory", &["PYTHONTRACEMALLOC=3"], &[("main.py", "import tracemalloc; print(tracemalloc.get_traceback_limit())")]),
    variables("safe path", &["PYTHONSAFEPATH=1"], &[("main.py", "import sys; print(getattr(sys.flags, 'safe_path', None), len([p for p in sys.path if 'packages' not in p]))")]),
    variables("digits", &["PYTHONINTMAXSTRDIGITS=1000"], &[("main.py", "print(len(str(10 ** 2000)))")]),
    variables("no user site", &["PYTHONNOUSERSITE=1"], &[("main.py", "import site; print(site.ENABLE_USER_SITE)")]),
    variables("breakpoints", &["PYTHONBREAKPOINT=builtins.print"], &[("main.py", "breakpoint()")]),
    variables("no bytecode", &["PYTHONDONTWRITEBYTECODE=1"], &[("main.py", "import m, os; print(os.listdir('.').count('__pycache__'))"), ("m.py", "")]),
    variables("start-up file", &["PYTHONSTARTUP=s.py"], &[("main.py", "print('main')"), ("s.py", "print('never')")]),
    variables("allocator", &["PYTHONMALLOC=malloc", "MALLOC_PERTURB_=7"], &[("main.py", "print('ok')")]),
];

#[test]
fn variables_mean_the_same() {
    compare(CASES);
}
