#!/bin/sh
# Prepares a container, then runs pyexec as an ordinary user, who needs no capability.
set -eu

user=10001
groups=/sys/fs/cgroup

if [ "$(id -u)" != 0 ]; then
    exec pyexec "$@"
fi

# Where the container may write to its own control groups, executions get one each. The kernel
# limits only groups that hold no process themselves, so what runs here moves into one below.
if [ -z "${PYEXEC_CGROUP:-}" ] && [ -f "$groups/cgroup.procs" ] && [ -w "$groups/cgroup.procs" ]; then
    mkdir -p "$groups/server"
    for process in $(cat "$groups/cgroup.procs"); do
        # Some end meanwhile.
        echo "$process" > "$groups/server/cgroup.procs" 2>/dev/null || true
    done
    # What the kernel's documentation names as a delegation.
    chown "$user:$user" "$groups" "$groups/server"
    for file in cgroup.procs cgroup.subtree_control cgroup.threads; do
        chown "$user:$user" "$groups/$file" "$groups/server/$file"
    done
    export PYEXEC_CGROUP="$groups"
fi

if [ -n "${PYEXEC_STATE_DIR:-}" ]; then
    mkdir -p "$PYEXEC_STATE_DIR"
    chown "$user:$user" "$PYEXEC_STATE_DIR"
fi

exec setpriv --reuid="$user" --regid="$user" --clear-groups --no-new-privs -- pyexec "$@"
