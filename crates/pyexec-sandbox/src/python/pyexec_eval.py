# Runs the user's file as `__main__` and evaluates its last expression. Started by `main.py`
# beside it; the user sees neither.

# The flags of `from __future__ import …` in a code object.
FUTURE = 0x1FE0000
ONLY_AST = 0x400
# Longer results keep their first and their last half.
LONGEST_RESULT = 16 * 1024 * 1024


def shorten(text):
    left_out = len(text) - LONGEST_RESULT
    if left_out <= 0:
        return text
    half = LONGEST_RESULT // 2
    return f"{text[:half]}\n[{left_out} characters left out]\n{text[-half:]}"


def run():
    import _ast
    import sys

    names = sys.modules["__main__"].__dict__
    claim = sys.__dict__.pop("pyexec_claim")
    path = sys.argv[0]
    del names["run"], sys.modules[__name__]
    sys.path_importer_cache.pop(sys.path[0], None)
    sys.path[0] = path.rpartition("/")[0]
    names["__file__"] = path
    names["__loader__"] = type(names["__loader__"])("__main__", path)

    try:
        with open(path, "rb") as file:
            tree = compile(file.read(), path, "exec", ONLY_AST, dont_inherit=True)
        last = None
        if tree.body and isinstance(tree.body[-1], _ast.Expr):
            last = _ast.Expression(tree.body.pop().value)
        code = compile(tree, path, "exec", dont_inherit=True)
        exec(code, names)
        if last is not None:
            flags = code.co_flags & FUTURE
            value = eval(compile(last, path, "eval", flags, dont_inherit=True), names)
            if value is not None:
                claim("result", shorten(repr(value)))
    except BaseException as error:
        # Everything below our own frame is the user's.
        traceback = error.__traceback__.tb_next
        hook = sys.excepthook

        def show(kind, value, _):
            sys.excepthook = hook
            value.__traceback__ = traceback
            hook(kind, value, traceback)

        sys.excepthook = show
        raise
