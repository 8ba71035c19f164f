# Runs pip so that it can't start programs. `--only-binary` doesn't hold for a dependency that
# names an address (`name @ https://.../x.tar.gz`): pip would build that, which runs its code.
import os
import runpy
import sys

# What pip starts for reasons of its own: it asks for credentials, and musl for its version.
HARMLESS = ("keyring", "ld-musl-")
STARTS = ("os.exec", "os.posix_spawn", "subprocess.Popen")
FORKS = ("os.fork", "os.forkpty", "os.spawn", "os.system", "pty.spawn")


def wheels_only(event, args):
    if event in STARTS:
        program = args[0]
        if program is None:
            command = args[1]
            program = command if isinstance(command, (str, bytes)) else command[0]
        if not os.path.basename(os.fsdecode(program)).startswith(HARMLESS):
            raise PermissionError("wheels only: pip may not start programs")
    elif event in FORKS:
        raise PermissionError("wheels only: pip may not start programs")


sys.addaudithook(wheels_only)
sys.argv[0] = "pip"
runpy.run_module("pip", run_name="__main__", alter_sys=True)
