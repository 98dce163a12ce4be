#!/bin/sh
# Usage: scripts/lock.sh COMMAND
# Runs the shell command COMMAND at the top of the project while no other run
# works in the same output directory. The lock goes with the process that holds
# it, so there is no stale one.
# Exit status: COMMAND's; 2 if another run has the lock.
. "$(dirname -- "$0")/lib.sh"

mkdir -p "$O" 2>/dev/null || die "cannot write to O=$O"
cd "$top"
status=0
flock --nonblock --close --conflict-exit-code 75 "$O/.lock" sh -ec "$1" || status=$?
[ "$status" != 75 ] || die "another run is at work in $O; wait for it, or say O=another-directory"
exit "$status"
