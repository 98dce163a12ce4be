#!/bin/sh
# Usage: scripts/tests/lock_test.sh
# How scripts/lock.sh ends, to whom it gives what a user has made by sudo, and what
# scripts/lib/git.sh says that git is in the middle of; root, chown and the owner of a directory
# are what scripts say here. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-lock.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
unset KDIR BASE ARCH DEBUG PAGES KIND SUDO_UID
project=$tmp/project
mkdir -p "$project" "$tmp/bin"
(cd "$top" && cp -R --parents scripts/lib.sh scripts/lib scripts/lock.sh vm/arch "$project")
lock() {
	rc=0
	O=$1 "$project/scripts/lock.sh" "$2" 2>&1 || rc=$?
	echo "$rc"
}
check "what is run ends well" "$(lock "$tmp/o" 'echo done')" "done
0"
check "and fails" "$(lock "$tmp/o" 'exit 3')" 3
check "in the middle" "$(lock "$tmp/o" 'false; echo done')" 1
check "it is run at the top" "$(lock "$tmp/o" 'pwd')" "$(cd -P "$project" && pwd)
0"

# What git may be in the middle of, by what it leaves in its directory
# shellcheck disable=SC2016 # the script expands it
printf '#!/bin/sh\n. "$(dirname -- "$0")/lib.sh"\n. "$top/scripts/lib/git.sh"\ndoing "$1"\n' >"$project/scripts/doing.sh"
for what in '' rebase-apply rebase-merge MERGE_HEAD CHERRY_PICK_HEAD REVERT_HEAD sequencer; do
	mkdir "$tmp/git"
	[ -z "$what" ] || touch "$tmp/git/$what"
	echo "$what: $(O=$tmp/o sh "$project/scripts/doing.sh" "$tmp/git")"
	rm -r "$tmp/git"
done >"$tmp/doing"
check "git is in the middle of" "$(cat "$tmp/doing")" ": 
rebase-apply: a git am or rebase
rebase-merge: a git rebase
MERGE_HEAD: a git merge
CHERRY_PICK_HEAD: a git cherry-pick
REVERT_HEAD: a git revert
sequencer: a git cherry-pick or revert"

# By sudo, of a user 1234: all is theirs, or all is root's
# shellcheck disable=SC2016 # they expand it
{
printf '#!/bin/sh\necho 0\n' >"$tmp/bin/id"
printf '#!/bin/sh\n[ "$1 $2" = "-c %%u" ] && echo "$OWNER" || exec %s "$@"\n' "$(command -v stat)" >"$tmp/bin/stat"
printf '#!/bin/sh\necho "gives $1"\n' >"$tmp/bin/find"
}
chmod +x "$tmp/bin"/*
export PATH="$tmp/bin:$PATH"
sudo() { OWNER=$1 SUDO_UID=1234 lock "$2" : | sed "s,$tmp/,,"; }
check "by sudo, in a project of the user's" "$(sudo 1234 "$project/build")" "gives project/build
0"
check "by sudo, in one of root's" "$(sudo 0 "$project/build")" 0
check "by sudo, outside of the project" "$(sudo 1234 "$tmp/o")" 0
check "by root" "$(OWNER=1234 lock "$project/build" :)" 0

echo "1..$number"
[ "$failures" = 0 ]
