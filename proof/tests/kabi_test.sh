#!/bin/sh
# Usage: proof/tests/kabi_test.sh
# What proof/kabi.sh makes of the exported symbols and sizes of two kernels, which a make
# that is a script has built. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-kabi.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/project.sh"
make_project

mkdir "$tmp/bin"
cat >"$tmp/bin/make" <<'MAKE'
#!/bin/sh
# Of the kernel: make -C TREE O=OBJ ... TARGET
for word; do
	case $word in O=*) obj=${word#O=} ;; M=*) sizes=${word#M=} ;; esac
done
which=base
! grep -q autoreap "$2/kernel/fork.c" || which=series
case $word in
modules) cat "${TMP_OF_TEST:?}/$which" >"$obj/Module.symvers" ;;
sizes.o) (cat "${TMP_OF_TEST:?}/$which.c" | gcc -c -x c -o "$sizes/sizes.o" -) ;;
esac
MAKE
chmod +x "$tmp/bin/make"
export TMP_OF_TEST="$tmp"
printf '0x%08x\t%s\tvmlinux\tEXPORT_SYMBOL\n' 1 kill_pid 2 wake_up 3 strlen >"$tmp/base"
echo 'char task_struct[64], signal_struct[32], pid[16];' >"$tmp/base.c"

# kabi [SED [SED]]: what is said when the series has the symbols, and the sizes, as these alter the base's
kabi() {
	sed "${1:-}" "$tmp/base" >"$tmp/series"
	sed "${2:-}" "$tmp/base.c" >"$tmp/series.c"
	PATH=$tmp/bin:$PATH ran "$project/proof/kabi.sh" | grep -vE '^  (RAN|CHECKOUT)'
}
check "all are the same" "$(kabi)" "0
3 exported symbols, 0 of them with another checksum"
# shellcheck disable=SC2016 # sed's
check "in another order" "$(kabi '1h; 1d; $G')" "0
3 exported symbols, 0 of them with another checksum"
check "one has another checksum" "$(kabi s/00002/00007/)" "1
  wake_up
3 exported symbols, 1 of them with another checksum"
check "one is missing" "$(kabi /strlen/d)" "1
  strlen
3 exported symbols, 1 of them with another checksum"
check "a structure has grown" "$(kabi '' 's/struct.32/struct[40/')" "1
  struct signal_struct has another size
3 exported symbols, 0 of them with another checksum"
check "nothing is exported" "$(kabi d)" "2
error: o/6.12/obj-kabi/Module.symvers: nothing is exported"
seq 10 17 | sed 's/.*/0x&\tsymbol&\tvmlinux/' >"$tmp/base"
check "of many, a few are named" "$(kabi s/0x/0y/)" "1
  symbol10
  symbol11
  symbol12
  symbol13
  symbol14
  ...
8 exported symbols, 8 of them with another checksum"

echo "1..$number"
[ "$failures" = 0 ]
