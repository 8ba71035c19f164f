# Python imports this module during start-up, before the script. It waits until it hears what to
# run, becomes the process that was asked for, and leaves no trace: CPython itself then opens the
# script, so that no frame of ours is ever on the stack.


def boot():
    import os
    import sys

    # "script" with descriptors of the go channel, of the order and of the claims channel; or
    # "zygote" with its socket.
    boot = os.environ.pop("PYEXEC_BOOT", None)
    here = "/opt/pyexec/boot"
    sys.path.remove(here)
    sys.path_importer_cache.pop(here, None)
    if boot is None:
        # A further interpreter of the script's own process.
        return find_another()
    role, *numbers = boot.split(",")
    numbers = [int(number) for number in numbers]
    for fd in numbers:
        os.set_inheritable(fd, False)

    _, _, python_path = os.environ.pop("PYTHONPATH").partition(":")
    if python_path:
        os.environ["PYTHONPATH"] = python_path

    def read(fd):
        data = b""
        while True:
            chunk = os.read(fd, 65536)
            if not chunk:
                os.close(fd)
                return data
            data += chunk

    if role == "zygote":
        there = "/opt/pyexec/zygote"
        sys.path.insert(0, there)
        import _pyexec_zygote as zygote

        sys.path.remove(there)
        sys.path_importer_cache.pop(there, None)
        del sys.modules["_pyexec_zygote"]
        modules = os.environ.pop("PYEXEC_PRELOAD", None)
        if modules is not None:
            preload(modules.split(","))
        # From here on this is a copy, inside the sandbox.
        go, claims = zygote.serve(*numbers)
        if "numpy.random" in sys.modules:
            # As `random` does by itself after a fork.
            sys.modules["numpy.random"].seed()
        order = read(go)
        if not order:
            os._exit(125)
        os.environ.clear()
    else:
        go, message, claims = numbers
        if read(go) != b"go":
            os._exit(125)
        order = read(message)
    program, entrypoint, packages, count, *words = map(os.fsdecode, order.split(b"\0"))
    count = int(count)
    sys.argv[:] = [entrypoint, *words[:count]]
    sys.orig_argv[:] = [sys.executable, "-u", *sys.argv]
    for pair in words[count:]:
        key, _, value = pair.partition("=")
        os.environ[key] = value
    if role == "zygote":
        script = "/opt/pyexec/eval/main.py" if program == "eval" else entrypoint
        if script != "/work/main.py" and not zygote.run_instead(script):
            os._exit(125)

    fields = []
    pid = os.getpid()

    def claim(key, value):
        fields.append((key, value))

    def report():
        # A forked child that ends normally comes by here too.
        if os.getpid() != pid:
            return
        error = getattr(sys, "last_value", None)
        if isinstance(error, BaseException):
            describe(error, entrypoint, claim)
        message = b""
        for field in fields:
            for text in field:
                data = text.encode("utf-8", "backslashreplace")
                message += b"%d:" % len(data) + data
        try:
            while message:
                message = message[os.write(claims, message):]
        except OSError:
            pass

    # First in, last out: whatever the script registers runs before.
    import atexit

    atexit.register(report)
    del sys.modules["atexit"]
    if program == "eval":
        sys.pyexec_claim = claim

    if packages and packages not in sys.path:
        # As `site` does it; nothing can have looked there before, so nothing is cached.
        import site

        site.addsitedir(packages)
    return bool(python_path or packages) and find_another()


def preload(modules):
    """Imports modules that every copy is to have, or says why not and ends."""
    import os
    import site
    import sys

    def open_files():
        found = set()
        for fd in range(os.sysconf("SC_OPEN_MAX")):
            try:
                os.fstat(fd)
            except OSError:
                continue
            found.add(fd)
        return found

    def leave(*words):
        os.write(2, "\n".join(("", " ".join(map(str, words)))).encode("utf-8", "replace"))
        os._exit(1)

    before = open_files()
    name = "the .pth files"
    try:
        site.addsitedir("/opt/pyexec/site-packages")
        for name in modules:
            __import__(name)
    except BaseException as error:
        leave(f"importing {name}: {type(error).__name__}:", error)
    # A copy has neither: it would write to whatever has their numbers then, and wait for ever.
    if open_files() != before:
        leave("its imports leave files or sockets open, or close them")
    try:
        os.waitpid(-1, os.WNOHANG)
        leave("its imports leave processes")
    except ChildProcessError:
        pass
    # Else every copy would write to all of it, and so have a memory of its own, when it ends at the
    # latest.
    had_gc = "gc" in sys.modules
    import gc

    gc.collect()
    gc.freeze()
    if not had_gc:
        del sys.modules["gc"]


def find_another():
    """A script's own PYTHONPATH or its packages may bring another module of this name: it gets its
    turn."""
    import sys

    del sys.modules["sitecustomize"]
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        return False
    return True


def describe(error, entrypoint, claim):
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = f"{kind.__module__}.{name}"
    claim("error_type", name)
    frames = []
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        frames.append((code.co_filename, step.tb_lineno, code.co_name))
        step = step.tb_next
    line = next((line for file, line, _ in frames if file == entrypoint), None)
    if isinstance(error, SyntaxError) and error.filename == entrypoint:
        line = error.lineno
    if line is not None:
        claim("error_line", str(line))
    if len(frames) > 100:
        frames = frames[:50] + frames[-50:]
    for file, line, function in frames:
        claim("frame", f"{line or 0}\n{function}\n{file}")


if not boot():
    # `site` takes this for "there is no sitecustomize" and goes on; the import machinery
    # removes this module.
    raise ImportError(name="sitecustomize")
