"""The smallest script: `pyexec run examples/python/hello.py`."""

import platform
import sys

print(f"Hello from Python {platform.python_version()} in {sys.argv[0]}")
