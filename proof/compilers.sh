#!/bin/sh
# Usage: [ARCHES="name ..."] proof/compilers.sh
# Compiles samples/pidfd/helper.h, in a program that uses it, with the compilers and the options
# that those who copy it may have, in C11 and in C++11, without a warning, and runs each: here
# gcc, clang and musl-gcc; Debian's cross compilers for the other architectures of vm/arch (or
# ARCHES), whose programs qemu-user runs, which has no CLONE_PIDFD; as root, the compilers and
# the headers of Debian 11. A line each; at its end a table: passed, failed, not here.
# Exit status: 0 all that are here pass; 1 one does not; 2 usage or build.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/build.sh"
. "$top/proof/root.sh"
where

: "${ARCHES:=$(architectures)}"
for arch in $ARCHES; do
	[ -f "$top/vm/arch/$arch/arch.sh" ] || die "ARCHES: $arch is none of $(architectures)"
done
"$top/scripts/deps.sh" compilers
dir=$O/compilers logs=$O/log/compilers
rm -rf "$dir/row" "$dir/table"
mkdir -p "$dir/row" "$logs"
program=$top/proof/compilers/program.c strict='-Wall -Wextra -Werror -pedantic -pthread'
: >"$dir/table"
printf '#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n' >"$dir/row/empty.c"
cp "$top/samples/pidfd/helper.h" "$program" "$dir/row"
# What an architecture without assembler compiles: no condition holds.
mkdir "$dir/row/plain"
sed 's/^#\(if\|elif\) defined(__\([a-z0-9_]*__\|riscv\))/#\1 0/' \
	"$top/samples/pidfd/helper.h" >"$dir/row/plain/helper.h"

# row GROUP WAY COMPILER [OPTION]...: a line; GROUP is its line of the table, and $runner what
# runs a program
runner='' headers=$dir/row
row() {
	group=$1 way=$2 compiler=$3; shift 3
	log=$dir/row.log
	case $compiler in *++*) language='-x c++ -std=c++11' ;; *) language='-x c -std=c11' ;; esac
	what="${compiler##*/} $* $runner"
	# shellcheck disable=SC2086 # words
	if ! command -v "$compiler" >"$log" || ! logged "$log" compile "$compiler" "$@" $language "$dir/row/empty.c" -o "$dir/row/empty" -pthread; then
		result=absent why="not here: $(grep -m1 -E 'error|cannot|not found' "$log" || echo "no $compiler")"
	elif ! logged "$log" compile "$compiler" "$@" $language $strict -I"$headers" "$program" -o "$dir/row/program"; then
		result=failed why=$(grep -m1 -E 'error|warning' "$log" || tail -n 1 "$log")
	elif ! logged "$log" timeout -s KILL 120 $runner "$dir/row/program" ${way:+"$way"}; then
		result=failed why=$(tail -n 1 "$log")
	else
		result=passed why=$(tail -n 1 "$log")
	fi
	case $result in
	passed) step OK "$what: by $why" ;;
	failed) step FAIL "$what: $why" ;;
	absent) step SKIP "$what: $why" ;;
	esac
	echo "$result $group" >>"$dir/table"
}

for cc in gcc clang g++ clang++ musl-gcc; do
	for level in -O0 -O1 -O2 -O3; do
		row "$cc" '' "$cc" "$level"
	done
	for options in '-O2 -fstack-protector-all' '-O2 -D_FORTIFY_SOURCE=2' '-Os -fomit-frame-pointer' \
		'-O2 -fno-omit-frame-pointer' '-O2 -flto' '-O2 -static' '-O2 -fPIE -pie' '-O2 -fno-pie -no-pie' '-O2 -g3'; do
		# shellcheck disable=SC2086
		row "$cc" '' "$cc" $options
	done
done
case $host_arch in x86_64 | i386) cet=-fcf-protection=full ;; arm64) cet=-mbranch-protection=standard ;; *) cet= ;; esac
for cc in gcc clang g++ clang++; do
	for options in $cet '-O3 -fstack-clash-protection' '-O2 -D_FORTIFY_SOURCE=3' '-O1 -fsanitize=address,undefined' \
		'-O1 -fsanitize=thread' '-O2 -fsanitize=thread' '-O0 -m32' '-O2 -m32' '-O2 -m32 -fPIE -pie' '-O2 -m32 -static'; do
		# shellcheck disable=SC2086
		row "$cc" '' "$cc" $options
	done
done
headers=$dir/row/plain
for cc in gcc clang g++ clang++ musl-gcc; do
	row 'no assembler' '' "$cc" -O2
done
row 'no assembler' '' gcc -O2 -fsanitize=thread
headers=$dir/row

# QEMU's names for the architectures of Debian's compilers.
emulator() {
	case $1 in
	powerpc64le-*) echo qemu-ppc64le ;;
	i?86-*) echo qemu-i386 ;;
	*) echo "qemu-${1%%-*}" ;;
	esac
}
# cross TRIPLET ROW-OPTIONS...: a static program, which needs no libraries there
cross() {
	target=$1; shift
	runner=$(emulator "$target")
	for options in '-O0' '-O2' '-O2 -fPIE' '-O3 -fstack-protector-all'; do
		# shellcheck disable=SC2086
		row "$target" fork "$cross/usr/bin/$target-gcc" $options -static "$@"
	done
	runner=''
}
for arch in $ARCHES; do
	[ "$arch" != "$host_arch" ] || continue
	if ! ARCH=$arch CROSS_COMPILE='' "$top/scripts/cross.sh"; then
		echo "absent $arch" >>"$dir/table"
		continue
	fi
	# What it sets is for this architecture alone.
	(
		ARCH=$arch CROSS_COMPILE=''
		where
		cross "$triplet"
		# shellcheck disable=SC2154 # set by vm/arch
		case $(cc32) in
		arm-linux-gnueabihf-gcc)
			cross arm-linux-gnueabihf -marm
			cross arm-linux-gnueabihf -mthumb ;;
		esac
	)
done

# Older headers, an older libc.
if [ "$(id -u)" != 0 ] || ! command -v mmdebstrap >"$dir/row.log"; then
	step SKIP "Debian 11: not root, or no mmdebstrap"
	echo 'absent Debian 11' >>"$dir/table"
else
	old=$dir/bullseye
	if [ ! -e "$old/usr/bin/g++" ]; then
		step ROOT "bullseye: gcc, g++"
		debian_root "$old" bullseye --variant=apt --include=gcc,g++,libc6-dev
	fi
	cp "$dir/row/helper.h" "$program" "$old/tmp"
	for cc in gcc g++; do
		for options in -O0 -O2 '-O2 -static' '-O2 -D_FORTIFY_SOURCE=2 -fstack-protector-all'; do
			case $cc in g++) language='c++ -std=c++11' ;; *) language='c -std=c11' ;; esac
			if logged "$dir/row.log" chroot "$old" sh -c \
				"cd /tmp && $cc $options -x $language $strict program.c -o program && timeout -s KILL 120 ./program"; then
				step OK "Debian 11: $cc $options: by $(tail -n 1 "$dir/row.log")"
				echo 'passed Debian 11' >>"$dir/table"
			else
				step FAIL "Debian 11: $cc $options: $(grep -m1 error "$dir/row.log" || tail -n 1 "$dir/row.log")"
				echo 'failed Debian 11' >>"$dir/table"
			fi
		done
	done
fi

echo
awk '{ result = $1; sub(/^[a-z]* /, ""); if (!($0 in seen)) { seen[$0]; name[++n] = $0 }
	count[$0, result]++; all[result]++ }
	function line(what, a, b, c) { printf "%-26s %6s %6s %8s\n", what, a, b, c }
	END {
		line("", "passed", "failed", "not here")
		for (i = 1; i <= n; i++)
			line(name[i], count[name[i], "passed"] + 0, count[name[i], "failed"] + 0, count[name[i], "absent"] + 0)
		line("all", all["passed"] + 0, all["failed"] + 0, all["absent"] + 0)
	}' "$dir/table"
! grep -q '^failed' "$dir/table"
