#!/bin/sh
# Usage: scripts/tests/lock_test.sh
# How scripts/lock.sh ends, and to whom it gives what a user has made by sudo; root, chown and
# the owner of a directory are what scripts say here. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-lock.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
unset KDIR BASE ARCH DEBUG PAGES KIND SUDO_UID
project=$tmp/project
mkdir -p "$project" "$tmp/bin"
(cd "$top" && cp -R --parents scripts/lib.sh scripts/lock.sh scripts/own.sh vm/arch "$project")
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

# By sudo, of a user 1234: all is theirs, or all is root's
# shellcheck disable=SC2016 # they expand it
{
printf '#!/bin/sh\necho 0\n' >"$tmp/bin/id"
printf '#!/bin/sh\n[ "$1 $2" = "-c %%u" ] && echo "$OWNER"\n' >"$tmp/bin/stat"
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
