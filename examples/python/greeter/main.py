"""Two files: `pyexec run examples/python/greeter`."""

from words import greeting

print(greeting("world"))
