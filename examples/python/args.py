"""Shows its arguments: `pyexec run examples/python/args.py -- one two`."""

import sys

print(sys.argv[1:])
