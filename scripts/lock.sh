#!/bin/sh
# Usage: scripts/lock.sh COMMAND
# Runs the shell command COMMAND at the top of the project while no other run
# works in the same output directory. The lock goes with the process that holds
# it, so there is no stale one. What a user makes by sudo in a project of their own is
# given to them, as their next run has to write it.
# Exit status: COMMAND's; 2 if another run has the lock, or O is not for these scripts.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/own.sh"
where

# What is made here nobody else may write to.
umask go-w
own_output --make
touch "$O/.lock" 2>/dev/null ||
	die "cannot write to O=$O as $(id -un); say O=another-directory, or make it yours by sudo chown -R"
cd "$top"
status=0
flock --nonblock --close --conflict-exit-code 75 "$O/.lock" sh -ec "$1" || status=$?
[ "$status" != 75 ] || die "another run is at work in $O; wait for it, or say O=another-directory"
case $O in "$top"/*) ours=$(stat -c %u "$top") ;; *) ours= ;; esac
if [ "$(id -u)" = 0 ] && [ -n "${SUDO_UID:-}" ] && [ "$SUDO_UID" = "$ours" ] && [ -d "$O" ]; then
	# Below lava/root is a system of its own.
	find "$O" -path "$O/lava/root" -prune -o -user 0 -exec chown -h "$SUDO_UID" {} +
fi
exit "$status"
