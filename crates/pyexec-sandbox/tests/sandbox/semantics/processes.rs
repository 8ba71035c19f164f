//! Threads, tasks and other processes.

use super::{Case, case, compare};

#[rustfmt::skip]
const CASES: &[Case] = &[
    case("threads", &[("main.py", "import threading\n\
        ts=[threading.Thread(target=print, args=(i,)) for i in range(3)]\n\
        [(t.start(), t.join()) for t in ts]\n\
        print(threading.main_thread().native_id == __import__('os').getpid())")]),
    case("exception in a thread", &[("main.py", "import threading\n\
        t=threading.Thread(target=lambda: 1/0, name='t')\nt.start(); t.join(); print('on')")]),
    case("daemon thread", &[("main.py", "import threading, time\n\
        threading.Thread(target=time.sleep, args=(99,), daemon=True).start(); print('done')")]),
    case("thread that outlives main", &[("main.py", "import threading, time\n\
        threading.Thread(target=lambda: (time.sleep(.05), print('late'))).start(); print('main')")]),
    case("thread pool", &[("main.py", "from concurrent.futures import ThreadPoolExecutor as P\n\
        with P(4) as p: print(list(p.map(abs, range(-5, 0))))")]),
    case("asyncio", &[("main.py", "import asyncio\n\
        async def f(x):\n    await asyncio.sleep(0)\n    return x\n\
        async def g():\n    print(await asyncio.gather(f(1), f(2)))\nasyncio.run(g())")]),
    case("asyncio's subprocess", &[("main.py", "import asyncio, sys\n\
        async def g():\n    p = await asyncio.create_subprocess_exec(sys.executable, '-c', 'print(3)', stdout=-1)\n\
        \x20   print(await p.communicate())\nasyncio.run(g())")]),
    case("asyncio exception", &[("main.py", "import asyncio\nasync def f(): 1/0\nasyncio.run(f())\n")]),
    case("asyncio server on loopback", &[("main.py", "import asyncio\n\
        async def s(r, w): w.write(await r.readline()); await w.drain(); w.close()\n\
        async def g():\n    x = await asyncio.start_server(s, '127.0.0.1', 0)\n\
        \x20   r, w = await asyncio.open_connection(*x.sockets[0].getsockname())\n\
        \x20   w.write(b'hi\\n'); print(await r.read()); w.close()\nasyncio.run(g())")]),
    case("multiprocessing fork", &[("main.py", "import multiprocessing as m\n\
        if __name__ == '__main__':\n    with m.get_context('fork').Pool(2) as p: print(p.map(abs, [-1, -2]))")]),
    case("multiprocessing spawn", &[("main.py", "import multiprocessing as m\n\
        def f(x): return x * 2\n\
        if __name__ == '__main__':\n    with m.get_context('spawn').Pool(2) as p: print(p.map(f, [1, 2]))")]),
    case("multiprocessing spawn of another script", &[("tool/run.py", "import multiprocessing as m\n\
        class A: x = 4\ndef f(a): return a.x * 2\n\
        if __name__ == '__main__':\n    with m.get_context('spawn').Pool(1) as p: print(p.map(f, [A()]))")]),
    case("multiprocessing forkserver", &[("main.py", "import multiprocessing as m\n\
        def f(q): q.put(m.parent_process() is not None)\n\
        if __name__ == '__main__':\n    c = m.get_context('forkserver'); q = c.Queue(); p = c.Process(target=f, args=(q,))\n\
        \x20   p.start(); print(q.get()); p.join(); print(p.exitcode)")]),
    case("multiprocessing exit codes", &[("main.py", "import multiprocessing as m, os, sys\n\
        if __name__ == '__main__':\n    c = m.get_context('fork')\n\
        \x20   for f, a in ((sys.exit, (3,)), (os.abort, ())):\n        p = c.Process(target=f, args=a); p.start(); p.join(); print(p.exitcode)")]),
    case("shared memory", &[("main.py", "from multiprocessing import shared_memory as s\n\
        a = s.SharedMemory(create=True, size=10); b = s.SharedMemory(a.name); a.buf[0] = 7; print(b.buf[0])\n\
        b.close(); a.close(); a.unlink()")]),
    case("fork", &[("main.py", "import os\np = os.fork()\n\
        if p == 0:\n    raise SystemExit(4)\nprint(os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]))")]),
    case("fork with an exception and atexit", &[("main.py", "import atexit, os\natexit.register(print, 'bye', flush=True)\n\
        p = os.fork()\nif p == 0: 1/0\nos.waitpid(p, 0); print('parent')\n")]),
    case("exec of another interpreter", &[("main.py", "import os, sys\nif len(sys.argv) < 2: \
        os.execv(sys.executable, [sys.executable, '-X', 'utf8', '-u', __file__, 'again'])\n\
        print(sys.argv, sys.flags.utf8_mode, sys._xoptions)")]),
    case("interpreter options", &[("main.py", "import subprocess, sys\n\
        for o in (['-X', 'dev'], ['-O'], ['-I'], ['-W', 'error'], ['-X', 'faulthandler'], ['-E', '-s', '-B']):\n\
        \x20   r = subprocess.run([sys.executable, *o, '-c', 'import sys; print(sys.flags, sys._xoptions, sys.warnoptions)'], capture_output=True, text=True)\n\
        \x20   print(r)")]),
    case("subprocess", &[("main.py", "import subprocess, sys\n\
        r = subprocess.run([sys.executable, '-c', 'print(input())'], input='x\\n', text=True, capture_output=True)\n\
        print(r.stdout, r.returncode)")]),
    case("subprocesses that are killed or fail", &[("main.py", "import subprocess, sys\n\
        p = subprocess.Popen(['sleep', '99']); p.kill(); print(p.wait())\n\
        try: subprocess.run(['sleep', '99'], timeout=.05)\nexcept subprocess.TimeoutExpired as e: print(e.cmd)\n\
        try: subprocess.run(['nonesuch'])\nexcept OSError as e: print(e)\n\
        subprocess.run('exit 3', shell=True, check=True)")]),
    case("shell", &[("main.py", "import subprocess; print(subprocess.getoutput('echo $HOME | wc -l; ls'))")]),
    case("interpreters of one process", &[("main.py", "import os\ntry: import _interpreters as i\nexcept ImportError: import _xxsubinterpreters as i\n\
        n = i.create(); r, w = os.pipe()\n\
        i.run_string(n, f'import os, sys; os.write({w}, repr((sys.argv, any(\"pyexec\" in p for p in sys.path))).encode())')\n\
        print(os.read(r, 999)); i.destroy(n)")]),
    case("descriptors", &[("main.py",
        "import os; print(os.open('/dev/null', os.O_RDONLY), os.dup(0), os.pipe())")]),
];

#[test]
fn processes_behave_the_same() {
    compare(CASES);
}
