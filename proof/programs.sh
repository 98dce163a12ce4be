#!/bin/sh
# Usage: [BASE= | KDIR=] [ACCEL=] [SMP=] [TIMEOUT=] [EXAMPLES=dir] proof/programs.sh
# Runs programs of Debian together with what people copy, helper.h, in the guest, on the
# built kernel with the series: as helpers, as tools that watch the application, as
# applications that wait, and as one that uses helper.h. A line a test, and its figures.
# EXAMPLES holds another helper.h, such as a broken one.
# Exit status: that of vm/run.sh: 0 pass; 1 a test failed or a result is missing; 2 usage or
# build; 3 kernel splat or panic; 124 timeout.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/place.sh"
where

native
"$top/scripts/deps.sh" programs
"$top/vm/ready.sh"
src=$top/proof/programs kernel=$obj/$image headers=$obj/usr/include ordinary=$initramfs
# Its own guest, the same kernel.
unset INITRAMFS EXPECTED
export KIND=programs KERNEL="$kernel"
where
mkdir -p "$logs"
rm -rf "$root"
dir=$root/kselftest/programs
mkdir -p "$dir"

step CC "application glib group library probe readme refuse scm_pidfd spawn-helper"
examples=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-programs.XXXXXX")
trap 'rm -rf "$examples"' EXIT
"$top/scripts/examples.sh" "$examples"
[ -z "${EXAMPLES:-}" ] || cp "$EXAMPLES/helper.h" "$examples"
# cc PROGRAM SOURCE [OPTION]...: dynamic, as most are, and as ltrace needs it
cc() {
	program=$1; shift
	logged "$logs/cc.log" gcc -O1 -g -Wall -Wextra -Werror -I"$examples" -isystem "$headers" \
		-o "$dir/$program" "$@" || die "$program: $(grep -m1 error: "$logs/cc.log") (log: $logs/cc.log)"
}
cc application "$src/application.c"
# With what the page of the other flags says; a helper in a PID namespace, of root and of a user.
cc application.guarded "$src/application.c" -DCLONE_FLAGS=GUARDED
cc application.family "$src/application.c" -DCLONE_FLAGS=FAMILY
cc application.family.root "$src/application.c" '-DCLONE_FLAGS=(FAMILY & ~CLONE_NEWUSER)'
cc spawn-helper "$examples/spawn-helper.c"
cc probe "$examples/probe.c"
cc readme "$examples/readme.c"
cc refuse "$top/scripts/tests/refuse.c"
cc group "$src/group.c"
cc library.so "$src/library.c" -shared -fPIC
cc scm_pidfd "$src/scm_pidfd.c"
"$src/xe.sh" "$examples/helper.h" "$dir"
# QEMU needs that library, so it is there, without the headers.
cc glib "$src/glib.c" -l:libglib-2.0.so.0
cp "$src/guest.sh" "$dir"
echo timeout=240 >"$dir/settings"
echo programs:guest.sh >"$root/kselftest/kselftest-list.txt"
sed -n 's,^once \([^ ]*\).*,programs/guest.sh \1 noskip,p' "$src/guest.sh" >"$expected"

# The programs, and of python, perl and gdb only the modules that are loaded.
emulator=qemu-$(uname -m)
step PACK "bash bwrap gdb ltrace nohup perl python3 $emulator strace valgrind xargs"
{
	printf '/usr/bin/%s\n' bash bwrap env gdb ltrace nohup perl python3 "$emulator" strace valgrind valgrind.bin xargs
	# Its core, for programs of this machine; the tool that checks nothing needs no symbols of libc.
	find /usr/libexec/valgrind /usr/lib/valgrind -name 'none-*-linux' -o -name 'vgpreload_core-*.so' -o -name default.supp || :
	# gdb loads it when it sees a libc.
	ls "$(dirname "$(gcc -print-file-name=libc.so.6)")"/libthread_db.so.1
	modules='import sys
for m in list(sys.modules.values()):
    for f in (getattr(m, "__file__", 0), getattr(m, "__cached__", 0)):
        if f: print(f)'
	/usr/bin/python3 -ISc "import subprocess, site; $modules"
	echo "python
$modules" >"$examples/modules.gdb"
	gdb -nx -batch -x "$examples/modules.gdb"
	/usr/bin/perl -MIO::Handle -e 'print "$_\n" for values %INC, @DynaLoader::dl_shared_objects'
} 2>"$logs/pack.log" | while read -r file; do [ ! -f "$file" ] || echo "$file"; done | sort -u >"$logs/files"
{
	cat "$logs/files"
	{ grep -E '/bin/|\.so' "$logs/files"; find "$dir" -type f; } |
		xargs ldd 2>/dev/null | grep -o '/[^ ]*\.so[^ ]*' | grep -v :
} | sort -u | cpio --quiet -pdmL "$root" 2>>"$logs/pack.log" || die "cannot copy the programs"

# python complains if there is no such directory.
mkdir -p "$root$(/usr/bin/python3 -ISc 'import sys; print("/usr/lib/python%d.%d/lib-dynload" % sys.version_info[:2])')"

# The kernel unpacks one archive after the other: busybox, init and the runner come
# with the ordinary one.
(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) | cat "$ordinary" - >"$initramfs"

rc=0
show='^  # (# |ok |not ok )|^[^ ]'
logged "$logs/run.log" env V=1 "$top/vm/run.sh" kselftest || rc=$?
exit "$rc"
