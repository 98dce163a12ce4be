#!/bin/sh
# Usage: scripts/tests/uapi_test.sh
# A program that asks for a name by #ifdef uses what came into mainline's headers with it:
# a series that defines the one defines all, with mainline's values. Of a series whose base
# is at hand the header is compiled; of another, what its patches add is read. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
. "$(dirname -- "$0")/../lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/tests/tap.sh"
where_output
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-uapi.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
headers='include/uapi/linux/pidfd.h include/uapi/linux/sched.h'

# What is asked for; what came with it, members of struct pidfd_info too; value or offset.
cat >"$tmp/names" <<'END'
PIDFS_IOCTL_MAGIC PIDFS_IOCTL_MAGIC 0xff
PIDFS_IOCTL_MAGIC PIDFD_GET_CGROUP_NAMESPACE _IO(0xff,1)
PIDFS_IOCTL_MAGIC PIDFD_GET_IPC_NAMESPACE _IO(0xff,2)
PIDFS_IOCTL_MAGIC PIDFD_GET_MNT_NAMESPACE _IO(0xff,3)
PIDFS_IOCTL_MAGIC PIDFD_GET_NET_NAMESPACE _IO(0xff,4)
PIDFS_IOCTL_MAGIC PIDFD_GET_PID_NAMESPACE _IO(0xff,5)
PIDFS_IOCTL_MAGIC PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE _IO(0xff,6)
PIDFS_IOCTL_MAGIC PIDFD_GET_TIME_NAMESPACE _IO(0xff,7)
PIDFS_IOCTL_MAGIC PIDFD_GET_TIME_FOR_CHILDREN_NAMESPACE _IO(0xff,8)
PIDFS_IOCTL_MAGIC PIDFD_GET_USER_NAMESPACE _IO(0xff,9)
PIDFS_IOCTL_MAGIC PIDFD_GET_UTS_NAMESPACE _IO(0xff,10)
PIDFD_GET_INFO PIDFD_GET_INFO _IOWR(0xff,11,struct pidfd_info)
PIDFD_GET_INFO PIDFD_INFO_PID 0x1
PIDFD_GET_INFO PIDFD_INFO_CREDS 0x2
PIDFD_GET_INFO PIDFD_INFO_CGROUPID 0x4
PIDFD_GET_INFO PIDFD_INFO_SIZE_VER0 64
PIDFD_GET_INFO .mask 0
PIDFD_GET_INFO .cgroupid 8
PIDFD_GET_INFO .pid 16
PIDFD_GET_INFO .tgid 20
PIDFD_GET_INFO .ppid 24
PIDFD_GET_INFO .ruid 28
PIDFD_GET_INFO .rgid 32
PIDFD_GET_INFO .euid 36
PIDFD_GET_INFO .egid 40
PIDFD_GET_INFO .suid 44
PIDFD_GET_INFO .sgid 48
PIDFD_GET_INFO .fsuid 52
PIDFD_GET_INFO .fsgid 56
PIDFD_INFO_EXIT PIDFD_INFO_EXIT 0x8
PIDFD_INFO_EXIT .exit_code 60
PIDFD_INFO_COREDUMP PIDFD_INFO_COREDUMP 0x10
PIDFD_INFO_COREDUMP PIDFD_COREDUMPED 0x1
PIDFD_INFO_COREDUMP PIDFD_COREDUMP_SKIP 0x2
PIDFD_INFO_COREDUMP PIDFD_COREDUMP_USER 0x4
PIDFD_INFO_COREDUMP PIDFD_COREDUMP_ROOT 0x8
PIDFD_INFO_COREDUMP PIDFD_INFO_SIZE_VER1 72
PIDFD_INFO_COREDUMP .coredump_mask 64
PIDFD_INFO_SUPPORTED_MASK PIDFD_INFO_SUPPORTED_MASK 0x20
PIDFD_INFO_SUPPORTED_MASK PIDFD_INFO_SIZE_VER2 80
PIDFD_INFO_SUPPORTED_MASK .supported_mask 80
PIDFD_INFO_COREDUMP_SIGNAL PIDFD_INFO_COREDUMP_SIGNAL 0x40
PIDFD_INFO_COREDUMP_SIGNAL .coredump_signal 68
PIDFD_INFO_COREDUMP_CODE PIDFD_INFO_COREDUMP_CODE 0x80
PIDFD_INFO_COREDUMP_CODE PIDFD_INFO_SIZE_VER3 88
PIDFD_INFO_COREDUMP_CODE .coredump_code 72
PIDFD_INFO_COREDUMP_CODE .coredump_pad 76
CLONE_AUTOREAP CLONE_AUTOREAP 0x400000000
CLONE_AUTOREAP CLONE_NNP 0x800000000
CLONE_AUTOREAP CLONE_PIDFD_AUTOKILL 0x1000000000
END

# The program: a name that is not there, or has another value, is an error of its line.
{
	printf '#include <stddef.h>\n#include <linux/ioctl.h>\n#include "%s"\n#include "%s"\n' \
		pidfd.h sched.h
	while read -r first name value; do
		what="($name)"
		[ "$name" = "${name#.}" ] || what="offsetof(struct pidfd_info, ${name#.})"
		printf '#ifdef %s\n#line 1 "%s: %s"\n_Static_assert(%s == (%s), "other value");\n#endif\n' \
			"$first" "$first" "$name" "$what" "$value"
	done <"$tmp/names"
} >"$tmp/program.c"

# applied REPO SERIES: the headers of the series, below $tmp/tree; says why if that fails
applied() {
	rm -rf "$tmp/tree"
	own_git init -q "$tmp/tree" || return 1
	for header in $headers; do
		mkdir -p "$tmp/tree/${header%/*}"
		own_git --git-dir="$1" show "base:$header" >"$tmp/tree/$header" || return 1
	done
	for patch in "$2"/*.patch; do
		own_git -C "$tmp/tree" apply --include='include/uapi/linux/pidfd.h' \
			--include='include/uapi/linux/sched.h' "$patch" || { echo "$patch does not apply"; return 1; }
	done
}
# not_compiled: what the program lacks of the headers below $tmp/tree, and any other error
not_compiled() {
	rc=0
	gcc -fsyntax-only -I "$tmp/tree/include/uapi/linux" "$tmp/program.c" 2>"$tmp/errors" || rc=$?
	[ "$rc" = 0 ] || grep -q ' error: ' "$tmp/errors" || echo "gcc: exit status $rc"
	sed -n '/ error: /{s/^\([^:]*: [^:]*\):1:\([0-9]*:\)\{0,1\} error: .*/\1/; p;}' "$tmp/errors" | sort -u
}
# lacks REPO SERIES: what there is to say against the series
lacks() { if applied "$1" "$2" 2>&1; then not_compiled; fi; }
# not_added SERIES: what came with a name that its patches define, and is not near it
not_added() {
	for header in $headers; do
		sed -n "/^diff --git/h; /^[+ ]/{G; s|\ndiff --git a/$header .*||p;}" "$1"/*.patch
	done >"$tmp/lines"
	while read -r first name _; do
		grep -qE "^\+#define[ 	]+$first\>" "$tmp/lines" || continue
		grep -qE "^.(#define[ 	]+$name\>|[ 	]+__[us](32|64)[ 	]+${name#.};)" "$tmp/lines" ||
			echo "$first: $name"
	done <"$tmp/names" | sort -u
}

# What is missing, or has another value, is found either way.
mkdir -p "$tmp/series" "$tmp/tree/include/uapi/linux"
: >"$tmp/tree/include/uapi/linux/pidfd.h"
printf '#define CLONE_AUTOREAP 0x400000000\n#define CLONE_NNP 1\n' |
	tee "$tmp/tree/include/uapi/linux/sched.h" |
	sed '1i diff --git a/include/uapi/linux/sched.h b/include/uapi/linux/sched.h
		s/^/+/' >"$tmp/series/1.patch"
check "a header that lacks names is found" "$(not_compiled)" "CLONE_AUTOREAP: CLONE_NNP
CLONE_AUTOREAP: CLONE_PIDFD_AUTOKILL"
printf '#include "none.h"\n' >"$tmp/tree/include/uapi/linux/pidfd.h"
check "a header that stops the compiler is found" "$(not_compiled | grep -c 'fatal error: none.h')" 1
check "patches that lack names are found" "$(not_added "$tmp/series")" \
	"CLONE_AUTOREAP: CLONE_PIDFD_AUTOKILL"

own_git init -q -b base "$tmp/base"
for header in $headers; do
	mkdir -p "$tmp/base/${header%/*}"
	echo >"$tmp/base/$header"
done
own_git -C "$tmp/base" add .
own_git -C "$tmp/base" -c user.name=nobody -c user.email=nobody@localhost commit -qm base
cat >"$tmp/series/1.patch" <<'END'
diff --git a/include/uapi/linux/sched.h b/include/uapi/linux/sched.h
--- a/include/uapi/linux/sched.h
+++ b/include/uapi/linux/sched.h
@@ -1 +1 @@
-something else
+#define CLONE_AUTOREAP 0x400000000
END
check "a patch that does not apply is told" "$(lacks "$tmp/base/.git" "$tmp/series" | tail -n 1)" \
	"$tmp/series/1.patch does not apply"

compiled=
for repo in "$O"/*/linux.git; do
	series=$("$top/scripts/series.sh" "$repo" base 2>/dev/null) || continue
	case " $compiled " in *" $series "*) continue ;; esac
	compiled="$compiled $series"
	check "${series#"$top"/}: each name comes with those of mainline" "$(lacks "$repo" "$series")" ""
done
for series in "$top"/patches/[0-9]*/; do
	series=${series%/}
	case " $compiled " in *" $series "*) continue ;; esac
	check "${series#"$top"/}: each name that it adds comes with those of mainline" \
		"$(not_added "$series")" ""
done
echo "1..$number"
[ "$failures" = 0 ]
