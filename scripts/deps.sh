#!/bin/sh
# Usage: scripts/deps.sh [lint | bench | programs | model]
# Installs the Debian packages that building, booting and checking need, with `lint`
# those for scripts/lint.sh too, with `bench` those for bench/run.sh, with `programs`
# those for proof/programs.sh, with `model` those for proof/model.sh, if any is missing.
# As root it runs apt-get; otherwise it prints the one command.
# Exit status: 0 all there; 2 something is missing and was not installed.
. "$(dirname -- "$0")/lib.sh"

packages="bc bison busybox-static ccache codespell cpio curl flex gcc git kmod libc6-dev libcap-dev
 libelf-dev libssl-dev make mandoc perl rsync shellcheck xz-utils $packages_qemu"
[ "$ARCH" != "$host_arch" ] || packages="$packages $packages_native"
case ${1:-} in
lint) packages="$packages graphviz python3-sphinx python3-yaml sparse" ;;
bench) packages="$packages dwarves gnuplot-nox" ;;
model) packages="$packages spin" ;;
programs) packages="$packages bubblewrap findutils gdb ltrace python3-minimal strace" ;;
esac

missing=
for p in $packages; do
	dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed ||
		missing="$missing $p"
done
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null || die "needs what Debian packages as:$missing"
install="apt-get install -y --no-install-recommends$missing"
[ "$(id -u)" = 0 ] || die "missing packages; run: sudo $install"

step APT "installing$missing"
logged "$O/log/apt.log" apt-get update ||
	die "apt-get update failed: $(tail -n 1 "$O/log/apt.log") (log: $O/log/apt.log)"
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive logged "$O/log/apt.log" $install ||
	die "apt-get install failed: $(grep -m1 ^E: "$O/log/apt.log") (log: $O/log/apt.log)"
