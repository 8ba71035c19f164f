# Compiles a folder's modules: as they will be found, and never looked at again.
import compileall
import py_compile
import sys

tree, shown = sys.argv[1:]
compileall.compile_dir(
    tree,
    quiet=2,
    force=True,
    stripdir=tree,
    prependdir=shown,
    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
)
