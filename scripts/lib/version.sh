# shellcheck shell=sh
# What a kernel tree is, and which version.

# kernel_tree DIR: whether it is one
kernel_tree() { [ -f "$1/Kbuild" ] && [ -f "$1/kernel/fork.c" ]; }

# kernel_version: the A.B.C of the kernel whose Makefile is standard input
kernel_version() {
	awk '$2 == "=" && $1 ~ /^(VERSION|PATCHLEVEL|SUBLEVEL)$/ { v[$1] = $3 }
	     END { print v["VERSION"] + 0 "." v["PATCHLEVEL"] + 0 "." v["SUBLEVEL"] + 0 }'
}

# older A.B[.C]: whether the kernel of $version is older than that
older() (
	this=${version:?}.0.0 that=${1:-0}.0.0
	for _ in 1 2; do
		[ "${this%%.*}" -eq "${that%%.*}" ] || break
		this=${this#*.} that=${that#*.}
	done
	[ "${this%%.*}" -lt "${that%%.*}" ]
)
