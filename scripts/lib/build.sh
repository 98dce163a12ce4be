# shellcheck shell=sh disable=SC2154 # what is not set here is set by where
# Builds a kernel, or parts of it. Who sources this has called where.

# compile COMMAND...: one that compiles; only such find what scripts/cross.sh has unpacked
compile() {
	if [ -n "$cross" ] && [ "$CROSS_COMPILE" = "$cross/usr/bin/$triplet-" ]; then
		set -- env PATH="$cross/usr/bin:$PATH" LD_LIBRARY_PATH="$cross/usr/lib/$(uname -m)-linux-gnu" "$@"
	fi
	"$@"
}

# kmake ARGUMENTS...: make in the kernel $tree, to $obj. Whether there is a pahole, which
# no kernel here needs, must not change a configuration.
kmake() {
	# ccache keeps what it knows in HOME; not every user has one.
	mkdir -p "$(ccache --get-config cache_dir)/tmp" 2>/dev/null || export CCACHE_DIR="$O/ccache"
	compile make -C "$tree" O="$obj" ARCH="$ARCH" CROSS_COMPILE="$CROSS_COMPILE" \
		CC="ccache ${CROSS_COMPILE}gcc" HOSTCC="ccache gcc" PAHOLE=none \
		LOCALVERSION= "$@"
}

# build WHAT MAKE-ARGUMENTS...: kmake, with its output in the log of WHAT and its first error if it fails
build() {
	build_what=$1; shift
	logged "$logs/$build_what.log" kmake "$@" ||
		die "$build_what: $(grep -m1 -E 'error:|\*\*\*|No space' "$logs/$build_what.log" || tail -n 1 "$logs/$build_what.log") (log: $logs/$build_what.log)"
}
