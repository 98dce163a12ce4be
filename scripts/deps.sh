#!/bin/sh
# Usage: scripts/deps.sh [lint | bench | programs | compilers | model | deb | userland | guests ARCH...]
# Installs the packages that building, booting and checking need, with `lint`
# those for scripts/lint.sh too, with `bench` those for bench/run.sh, with `programs`
# those for proof/programs.sh, with `compilers` those for proof/compilers.sh, with `model`
# those for proof/model.sh, with `deb` those for scripts/deb.sh, with `userland` those for
# proof/userland.sh and proof/lava.sh, with `guests` those for guests of these
# architectures, if any is missing.
# As root it runs apt-get; otherwise, or on other distributions than Debian and its like,
# it prints the one command.
# Exit status: 0 all there; 2 something is missing and was not installed.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/own.sh"
where

packages="bc bison busybox-static ccache codespell cpio curl flex gcc git kmod libc6-dev libcap-dev \
libelf-dev libssl-dev make mandoc perl rsync shellcheck xz-utils $packages_qemu"
[ "$ARCH" != "$host_arch" ] || packages="$packages $packages_native"
case ${1:-} in
lint) packages="$packages graphviz python3-sphinx python3-yaml sparse" ;;
bench) packages="$packages dwarves gnuplot-nox" ;;
model) packages="$packages spin" ;;
deb) packages="$packages build-essential debhelper dpkg-dev" ;;
guests)
	shift
	for name; do
		# shellcheck source=vm/arch/x86_64/arch.sh
		packages="$packages $(. "$top/vm/arch/$name/arch.sh"; echo "$packages_qemu")"
	done ;;
userland) packages="$packages e2fsprogs mmdebstrap" ;;
programs) packages="$packages bubblewrap findutils gdb ltrace patch python3-minimal qemu-user strace valgrind" ;;
compilers) packages="$packages clang g++ mmdebstrap musl-tools qemu-user" ;;
esac

# Debian's names are the needs; scripts/packages says what others call them. There the
# command is only printed.
: "${OS_RELEASE:=/etc/os-release}"
# shellcheck disable=SC1090
like=$(. "$OS_RELEASE" 2>/dev/null && echo "${ID:-} ${ID_LIKE:-}") || like=
column=1 have="dpkg-query -W -f \${db:Status-Status}\n" install='apt-get install -y --no-install-recommends'
case " $like " in
*' debian '* | *' ubuntu '*) ;;
*' fedora '* | *' rhel '*) column=2 have='rpm -q' install='dnf install -y' ;;
*' arch '*) column=3 have='pacman -Q' install='pacman -S --needed' ;;
*suse*) column=4 have='rpm -q' install='zypper install' ;;
*' alpine '*) column=5 have='apk info -e' install='apk add' ;;
*)	command -v apt-get >/dev/null || die "needs what Debian packages as: $packages" ;;
esac

missing=
# shellcheck disable=SC2086 # a word a package
for need in $(printf '%s\n' $packages | sort -u); do
	package=$need
	[ "$column" = 1 ] ||
		package=$(awk -v need="$need" -v column="$column" '$1 == need { print $column }' "$top/scripts/packages")
	case $package in
	'' | -) continue ;;
	esac
	# Debian knows packages that were removed, too.
	$have "$package" 2>/dev/null | grep -qvx -e not-installed -e config-files || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

install=$install$missing
[ "$column" != 1 ] || update='sudo apt-get update && '
[ "$(id -u):$column" = 0:1 ] || die "missing packages; run: ${update:-}sudo $install"

own_output --make
step APT "installing$missing"
logged "$O/log/apt.log" apt-get update ||
	die "apt-get update failed: $(tail -n 1 "$O/log/apt.log") (log: $O/log/apt.log)"
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive logged "$O/log/apt.log" $install ||
	die "apt-get install failed: $(grep -m1 ^E: "$O/log/apt.log" || tail -n 1 "$O/log/apt.log") (log: $O/log/apt.log)"
