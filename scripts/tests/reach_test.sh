#!/bin/sh
# Usage: scripts/tests/reach_test.sh
# Which series fits which tree, what make reach says of a tree, and how a base comes from
# kernel.org; TAP on stdout. Uses the imported base kernel (make tree).
# Exit status: 0 all passed; 1 otherwise.
. "$(dirname -- "$0")/../lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/version.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/tests/tap.sh"
where
repo=$O/$BASE/linux.git
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-reach_test.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
unset KDIR

export GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@localhost GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@localhost

# Which series: by what these few files of a tree say.
own_git init -q "$tmp/tree"
# tree VERSION PIDFD_H PIDFS_C [FLAG]: commits such a tree
tree() {
	cd "$tmp/tree"
	mkdir -p include/uapi/linux fs
	echo "$1" | awk -F. '{ printf "VERSION = %d\nPATCHLEVEL = %d\nSUBLEVEL = %d\n", $1, $2, $3 }' >Makefile
	echo "$2" >include/uapi/linux/pidfd.h
	echo "$3" >fs/pidfs.c
	echo "${4:-}" >include/uapi/linux/sched.h
	own_git add .
	own_git commit -q --allow-empty -m "$*"
	cd "$top"
}
series() { "$top/scripts/series.sh" "$tmp/tree" HEAD; }
# fits SERIES TREE...
fits() {
	want=$1
	shift
	tree "$@"
	check "series: $(echo "$*" | tr "\n" " ")" "$(series)" "$top/patches/$want"
}
# none PATTERN TREE...
none() {
	pattern=$1
	shift
	tree "$@"
	refuses "series: none for $(echo "$*" | tr "\n" " ")" "$pattern" series
}
for row in 5.10:5.10.265 5.15:5.15.86 6.1:6.1.192 6.1:6.2.0 6.4:6.4.6 6.6:6.5.13 \
		6.6:6.6.0 6.6:6.7.0 6.6:6.8.12 6.12-early:6.11.9; do
	fits "${row%:*}" "${row#*:}" none none
done
# What Red Hat has tells by a file of its own.
echo '#define RH_KABI_USE' >"$tmp/rh_kabi.h"
for row in 5.14-el9:5.14.0 6.12-el10-early:6.12.0; do
	mkdir -p "$tmp/tree/include/linux"
	cp "$tmp/rh_kabi.h" "$tmp/tree/include/linux"
	fits "${row%:*}" "${row#*:}" none none
done
git -C "$tmp/tree" rm -q include/linux/rh_kabi.h
fits 6.12-early 6.12.0 none none
none 'Linux 5\.14\.0 has reached its end of life, .* SERIES=5\.10 ' 5.14.0 none none
fits 6.12-early 6.12.10 none 'thread_group_empty(task)'
fits 6.12 6.12.31 none 'delay_group_leader(task)'
info='struct pidfs_exit_info __pei; '
fits 6.12-exitinfo 6.12.0 PIDFD_INFO_EXIT "$info delay_group_leader(task)"
fits 6.12-el10 6.12.0 PIDFD_INFO_EXIT "$info thread_group_empty(task)"
fits 6.12-sles16 6.12.0 PIDFD_INFO_EXIT "$info delay_group_leader(task)
static long pidfd_info(struct file *file)
	struct task_struct *task;
}"
for v in 6.19 7.0; do
	fits "$v" "$v.0" 'PIDFD_INFO_EXIT PIDFD_INFO_SIZE_VER1' 'pid->attr'
done
for v in 6.17.0 6.18.0; do
	fits 6.18-early "$v" PIDFD_INFO_EXIT 'pid->attr'
done
for v in 6.17.13 6.18.2; do
	fits 6.18 "$v" 'PIDFD_INFO_EXIT PIDFD_INFO_SIZE_VER1' 'pid->attr'
done
fits 7.1 7.1.2 PIDFD_INFO_EXIT 'pid->attr' CLONE_AUTOREAP
fits 7.1 7.2.6 PIDFD_INFO_EXIT 'pid->attr' CLONE_AUTOREAP
fits 7.1 7.3.0 PIDFD_INFO_EXIT 'pid->attr' CLONE_AUTOREAP
for v in 7.3.4 7.4.0; do
	fits 7.3 "$v" PIDFD_INFO_EXIT 'pid->attr; pidfs_task_owns_pid' CLONE_AUTOREAP
done
none 'Linux 5\.4\.9 is older than 5\.10, .* nearest is patches/5\.10, .* SERIES=5\.10 ' 5.4.9 none none
for row in 6.1.1:6.1.2:6.1 5.15.9:5.15.86:5.15 5.10.1:5.10.180:5.10; do
	v=${row%%:*} first=${row#*:}
	none "Linux $v is older than ${first%:*}, the first release that patches/${row##*:} is for; SERIES=${row##*:} " "$v" none none
done
for row in 5.16.0:5.15 6.0.5:6.1 6.3.5:6.1 6.9.0:6.6 6.10.0:6.12-early 6.16.0:6.18-early; do
	none "Linux ${row%:*} has reached its end of life, .* SERIES=${row#*:} " "${row%:*}" none none
done
for row in 6.9.0:6.6 5.15.9:6.1 5.14.0:6.1; do
	tree "${row%:*}" none none
	check "series: ${row#*:}, asked for on ${row%:*}" "$(SERIES=${row#*:} series)" "$top/patches/${row#*:}"
done
for name in 6.5 common .. 6.6/../6.12 releases '6.6 '; do
	refuses "series: asked for $name" "SERIES=.* is no directory of" env SERIES="$name" "$top/scripts/series.sh" "$tmp/tree" HEAD
done
none 'Linux 7\.1\.0 is older than 7\.1\.2, the first release that patches/7\.1 is for' \
	7.1.0 PIDFD_INFO_EXIT 'pid->attr' CLONE_AUTOREAP
none 'PIDFD_GET_INFO without an exit status: .* none would apply' 6.12.40 PIDFD_GET_INFO none
none 'has reached its end of life' 6.15.0 PIDFD_INFO_EXIT "$info delay_group_leader(task)"
none 'has no CLONE_AUTOREAP' 7.1.2 PIDFD_INFO_EXIT 'pid->attr'
none 'has CLONE_AUTOREAP already' 7.0.0 PIDFD_INFO_EXIT 'pid->attr' CLONE_AUTOREAP
own_git init -q "$tmp/empty"
own_git -C "$tmp/empty" commit -q --allow-empty -m nothing
refuses "series: no kernel tree" 'not a kernel tree' "$top/scripts/series.sh" "$tmp/empty" HEAD

# make reach, on what the series of the base touch
mkdir "$tmp/linux"
# shellcheck disable=SC2046
own_git --git-dir="$repo" archive base Makefile Kbuild kernel/fork.c $(
	files_of "$top/patches/$BASE"/*.patch | while read -r f; do
		! own_git --git-dir="$repo" cat-file -e "base:$f" 2>/dev/null || echo "$f"
	done) | tar -x -C "$tmp/linux"
own_git -C "$tmp/linux" init -q
commit() { own_git -C "$tmp/linux" add -f . && own_git -C "$tmp/linux" commit -q -m "$1"; }
# Of what reach prints, the table and the last line, and how it ended.
reach() { "$@" "$top/scripts/reach.sh" 2>&1 | sed '1,/^$/d; s/  */ /g'; }
ends() {
	rc=0
	"$@" "$top/scripts/reach.sh" >/dev/null 2>&1 || rc=$?
	echo "$rc"
}
version=$(kernel_version <"$tmp/linux/Makefile")
all="all $(find "$top/patches/$BASE/" -name '*.patch' | wc -l) patches"
head='from to trees series takes'
commit base
state() { own_git -C "$tmp/linux" count-objects -v; own_git -C "$tmp/linux" status --porcelain; ls -l "$tmp/linux/.git"; }
before=$(state)
check "reach: a tree without tags" "$(reach env KDIR="$tmp/linux")" "$head
$version $version 1 patches/$BASE $all
1 of 1 trees take their series, 0 left out"
check "reach: writes nothing to it" "$(state)" "$before"
check "reach: a tree that is no git tree" "$(rm -rf "$tmp/plain"; cp -r "$tmp/linux" "$tmp/plain"
	rm -rf "$tmp/plain/.git"; reach env KDIR="$tmp/plain" | tail -n 1)" "1 of 1 trees take their series, 0 left out"

own_git -C "$tmp/linux" tag v6.1
sed -i 's/ignoring_children(tracer->sighand)/ignoring(tracer)/' "$tmp/linux/kernel/ptrace.c"
sed -i 's/^SUBLEVEL = .*/SUBLEVEL = 991/' "$tmp/linux/Makefile"
commit context
own_git -C "$tmp/linux" tag v6.2
number_of() { basename "$(grep -l "^+++ b/$1" "$top/patches/$BASE"/*.patch | head -n 1)" | cut -d- -f1; }
line=$(grep -h -A6 '^+++ b/kernel/ptrace.c' "$top/patches/$BASE"/*.patch | sed -n 's/^@@ -\([0-9]*\),.*/\1/p' | head -n 1)
laid=$(($(number_of kernel/ptrace.c | sed 's/^0*//') - 1))
check "reach: the first hunk that fails" "$(reach env KDIR="$tmp/linux")" "$head
$version $version 1 patches/$BASE $all
6.12.991 6.12.991 1 patches/$BASE $laid patches, then $(number_of kernel/ptrace.c): kernel/ptrace.c:$line
1 of 2 trees take their series, 0 left out"
check "reach: which is exit status 1" "$(ends env KDIR="$tmp/linux")" 1
check "reach: the tags that were asked for" "$(ends env KDIR="$tmp/linux" TAGS=v6.1)" 0
own_git -C "$tmp/linux" reset -q --hard HEAD~
sed -i 's/^static bool __ptrace_detach(/static bool __ptrace_undo(/' "$tmp/linux/kernel/ptrace.c"
commit function
own_git -C "$tmp/linux" tag -f v6.2 >/dev/null
check "reach: a hunk in another function" "$(reach env KDIR="$tmp/linux" TAGS=v6.2 |
	sed -n 's/.*, then //p')" "$(number_of kernel/ptrace.c): lands in bool __ptrace_undo(struct task_struct *tracer, struct task_struct *p)"
own_git -C "$tmp/linux" reset -q --hard HEAD~
(cd "$tmp/linux" && sed -i 's/^struct tty_struct;$/&\nstruct vendor;/' kernel/signal.c && echo >>kernel/signal.c &&
	own_git diff >"$tmp/vendor.patch"; own_git checkout -q .)
check "reach: OVER a vendor's patch" "$(ends env KDIR="$tmp/linux" TAGS=v6.1 OVER="$tmp/vendor.patch")" 0
sed -i 's/^ .*/ what is not there/' "$tmp/vendor.patch"
check "reach: OVER a patch that the tree does not take" \
	"$(reach env KDIR="$tmp/linux" TAGS=v6.1 OVER="$tmp/vendor.patch" | tail -n 2)" \
	"0 of 0 trees take their series, 1 left out
error: no tree was tried"
refuses "reach: no such patch" 'OVER: there is no patch' env KDIR="$tmp/linux" OVER="$tmp/none" "$top/scripts/reach.sh"
refuses "reach: no such directory" 'KDIR: there is no directory' env KDIR="$tmp/none" "$top/scripts/reach.sh"
refuses "reach: no kernel" 'neither a git tree nor one of a kernel' env KDIR="$tmp" "$top/scripts/reach.sh"

# A base from kernel.org: a small tree at a mirror that is a directory, or a server that
# sends half of what it is asked for.
mkdir -p "$tmp/linux-9.9.1/kernel" "$tmp/mirror/v9.x" "$tmp/project/patches"
head -c 100000 /dev/urandom >"$tmp/linux-9.9.1/kernel/fork.c"
echo >"$tmp/linux-9.9.1/Kbuild"
tar -C "$tmp" -cJf "$tmp/mirror/v9.x/linux-9.9.1.tar.xz" linux-9.9.1
cp -r "$top/scripts" "$top/Makefile" "$top/vm" "$tmp/project"
# sum FILE: makes it the right one
sum() { echo "9.9 7.3 - 9.9.1 9.9.1 $(sha256sum <"$1" | cut -d' ' -f1)" >"$tmp/project/patches/releases"; }
sum "$tmp/mirror/v9.x/linux-9.9.1.tar.xz"
room 7000 "$tmp/roomy"
base() { PATH=$tmp/roomy:$PATH BASE=9.9 O=$tmp/o MIRROR=${1:-file://$tmp/mirror} "$tmp/project/scripts/base-get.sh"; }
downloads() { (cd "$tmp/o/download" && echo *); }
cat >"$tmp/server" <<'END'
use IO::Socket::INET;
my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die;
open(my $p, '>', $ARGV[1]) or die; print $p $s->sockport; close $p;
local $/; open(my $f, '<:raw', $ARGV[0]) or die; my $all = <$f>;
while (my $c = $s->accept) {
	local $/ = "\r\n\r\n"; my $ask = <$c>;
	my $from = $ask =~ /Range: bytes=(\d+)-/ ? $1 : 0;
	my $rest = length($all) - $from;
	print $c $from ? "HTTP/1.1 206 P\r\nContent-Range: bytes $from-" . (length($all) - 1) . "/" . length($all) . "\r\n" : "HTTP/1.1 200 OK\r\n";
	print $c "Content-Length: $rest\r\nConnection: close\r\n\r\n", substr($all, $from, $from ? $rest : $rest / 2);
	close $c;
}
END
perl "$tmp/server" "$tmp/mirror/v9.x/linux-9.9.1.tar.xz" "$tmp/port" &
server=$!
await "$tmp/port" "$server" || check "kernel.org: a server listens" "nothing in 10 seconds" "its port"
here=http://127.0.0.1:$(cat "$tmp/port" || echo 1)
refuses "kernel.org: no such file" 'cannot get file:.*linux-9\.9\.1\.tar\.xz.*MIRROR=url of another' base "file://$tmp/none"
refuses "kernel.org: cut off in the middle" 'cannot get http:.*' base "$here"
check "kernel.org: and only a part is there" "$(downloads)" linux-9.9.1.tar.xz.part
check "kernel.org: which the next download goes on with" "$(base "$here" >/dev/null 2>&1; downloads)" linux-9.9.1.tar.xz
kill "$server" || :
# Where Debian's is not to be had.
sed 's/^9.9 .* /9.9 9.9.1 /' "$tmp/project/patches/releases" >"$tmp/project/patches/tarballs"
mv "$tmp/project/patches/releases" "$tmp/releases"
echo '9.9 7.3 - 9.9.1 9.9.1 -' >"$tmp/project/patches/releases"
for apt in 'echo E: no network; exit 100' none; do
	printf '#!/bin/sh\n%s\n' "$apt" >"$tmp/roomy/apt-get"
	chmod +x "$tmp/roomy/apt-get"
	rm -rf "$tmp/o"
	said=$(base | sed -n 's/^ *\(NOTE\|EXTRACT\) *//p')
	check "kernel.org: in place of Debian's ($apt)" "$(echo "$said" | grep -c "^[^;]*; Linux 9.9.1 of kernel.org is in its place"):$(echo "$said" | tail -n 1)" "1:Linux 9.9.1"
done
rm "$tmp/roomy/apt-get"
mv "$tmp/releases" "$tmp/project/patches/releases"
rm "$tmp/project/patches/tarballs"
check "kernel.org: what is there is not fetched again" \
	"$(rm -rf "$tmp/o/9.9"; base "file://$tmp/none" | sed -n 's/^ *EXTRACT *//p')" 'Linux 9.9.1'
echo changed >>"$tmp/o/download/linux-9.9.1.tar.xz"
check "kernel.org: what is there, and not what it was, is fetched again" "$(rm -rf "$tmp/o/9.9"
	base | sed -n "s,$tmp/o/download/,,; s/^ *\(DROP\|EXTRACT\) *//p"; sha256sum <"$tmp/o/download/linux-9.9.1.tar.xz")" \
	"linux-9.9.1.tar.xz: its SHA-256 is not that of patches/releases
Linux 9.9.1
$(sha256sum <"$tmp/mirror/v9.x/linux-9.9.1.tar.xz")"
echo changed >>"$tmp/o/download/linux-9.9.1.tar.xz"
rm -rf "$tmp/o/9.9"
refuses "kernel.org: nor is it used if that cannot be" 'cannot get file:' base "file://$tmp/none"
rm -rf "$tmp/o"
head -c 50000 "$tmp/mirror/v9.x/linux-9.9.1.tar.xz" >"$tmp/half"
cp "$tmp/half" "$tmp/mirror/v9.x/linux-9.9.1.tar.xz"
refuses "kernel.org: a wrong sum" 'is not what it should be' base
check "kernel.org: and nothing of it is kept" "$(downloads)" '*'

echo "1..$number"
[ "$failures" = 0 ]
