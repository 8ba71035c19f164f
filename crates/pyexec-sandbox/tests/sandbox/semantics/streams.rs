//! Input and output in every way.

use super::{Case, case, compare, input};

#[rustfmt::skip]
const CASES: &[Case] = &[
    case("stderr", &[("main.py", "import sys; print('e', file=sys.stderr)")]),
    case("encodings", &[("main.py", "import sys, locale\nfor s in (sys.stdin, sys.stdout, sys.stderr):\n\
        \x20   print(s.encoding, s.errors, s.newlines, s.line_buffering, s.write_through, s.name, s.mode)\n\
        print(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors(), sys.flags.utf8_mode)")]),
    case("what streams are", &[("main.py", "import os, stat, sys\nfor s in (sys.stdin, sys.stdout, sys.stderr):\n\
        \x20   print(s.fileno(), s.isatty(), s.seekable(), type(s.buffer).__name__, stat.S_ISFIFO(os.fstat(s.fileno()).st_mode), \
        os.get_inheritable(s.fileno()), os.get_blocking(s.fileno()))")]),
    case("surrogates", &[("main.py", "print('\\udc80')")]),
    case("bytes that are no text", &[("main.py", "import sys; sys.stdout.buffer.write(b'a\\nb\\r\\n'); sys.stdout.write('c\\r\\n')")]),
    case("closed output", &[("main.py", "import sys\nprint('x'); sys.stdout.close(); print('y')\n")]),
    case("redirected output", &[("main.py", "import contextlib, io, sys\nb = io.StringIO()\n\
        with contextlib.redirect_stdout(b): print('in')\nprint(repr(b.getvalue()))\nsys.stdout = sys.stderr; print('e')")]),
    case("no input", &[("main.py", "import sys; print(repr(sys.stdin.read()))")]),
    case("end of input", &[("main.py", "input()")]),
    input("input", "line\nrést", &[("main.py", "import sys\nprint(input(), sys.stdin.buffer.read())")]),
    input("input with a prompt", "Ada\n", &[("main.py", "print('hello', input('name? '))")]),
    input("input line by line", "a\nb\r\nc", &[("main.py", "import sys\nfor l in sys.stdin: print(repr(l))\nprint(sys.stdin.readline() == '')")]),
    input("input by descriptor", "abcdef", &[("main.py", "import os; print(os.read(0, 3), os.read(0, 9), os.read(0, 9))")]),
    input("input opened anew", "abc", &[("main.py", "print(open(0).read(), end='')")]),
    input("input opened by name", "abc", &[("main.py", "print(open('/dev/stdin').read())")]),
    input("input by fileinput", "1\n2\n", &[("main.py", "import fileinput\nprint([l for l in fileinput.input()])")]),
    input("input of a child", "abc\ndef\n", &[("main.py", "import subprocess; subprocess.run(['cat'])")]),
    input("input that is left", "unread", &[("main.py", "print('x')")]),
    case("closed input", &[("main.py", "import sys\nsys.stdin.close()\ntry: input()\nexcept Exception as e: print(type(e), e)")]),
];

#[test]
fn streams_are_the_same() {
    compare(CASES);
}
