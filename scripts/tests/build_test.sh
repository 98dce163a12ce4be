#!/bin/sh
# Usage: scripts/tests/build_test.sh
# What scripts/bisect.sh, bases.sh, arches.sh, lint.sh, checkout.sh and vm/ready.sh make of a
# kernel that builds, that does not, and that has something to say. It is a Makefile that says
# what its sources have it say. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-build.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/project.sh"
make_project
mkdir "$tmp/bin"
printf '#!/bin/sh\necho "%s/ccache"\n' "$tmp" >"$tmp/bin/ccache"
chmod +x "$tmp/bin/ccache"
export PATH="$tmp/bin:$PATH"

# kernel SERIES...: $repo with a base, and a patch that makes kernel/fork.c say each of these
kernel() {
	cd "$tmp/linux"
	git checkout -q -B base base
	[ -f scripts/kernel-doc ] || {
		mkdir scripts Documentation
		# shellcheck disable=SC2016 # the script expands it
		printf '#!/bin/sh\nsed -n "s,^// doc ,,p" "$2"\n' >scripts/kernel-doc
		chmod +x scripts/kernel-doc
		cat >>Makefile <<'MAKE'
kernel/fork.o:
	@echo objects >>$(O)/built
	@sed -n 's,^// say$(if $(C),[a-z]*,) ,,p' kernel/fork.c
	@! grep 'error: ' kernel/fork.c
htmldocs:
	@cat Documentation/page
.PHONY: kernel/fork.o htmldocs
MAKE
		echo '// say kernel/fork.c:7:1: warning: of the base' >>kernel/fork.c
		: >Documentation/page
		committed "make"
	}
	git checkout -q -B series base
	for text; do
		case $text in page*) echo "${text#page }" >>Documentation/page ;; *) echo "$text" >>kernel/fork.c ;; esac
		committed "clone: patch $text"
	done
	cd "$tmp"
	rm -rf "$repo" "$O/6.12"
	git clone -q --bare "$tmp/linux" "$repo"
	"$project/scripts/base-get.sh"
}

# bisect: exit status, what it builds and what is wrong
bisect() { ran "$project/scripts/bisect.sh" | sed '/CHECKOUT/d; s/ (log:.*//'; }
kernel 'int a;' 'int b;'
check "bisect: all build" "$(bisect)" "0
  BUILD    clone: patch int a;
  BUILD    clone: patch int b;"
kernel '#error: a' 'int b;'
sed -i '/error: /d' "$tmp/linux/kernel/fork.c"
committed "clone: mends it"
git -C "$repo" fetch -q "$tmp/linux" +series:series
rm -rf "$O/6.12"
"$project/scripts/base-get.sh"
check "bisect: a patch that needs a later one" "$(bisect)" "1
  BUILD    clone: patch #error: a
error: #error: a"

# What was edited in a tree to compare with is gone with the next checkout.
kernel 'int b;' 'int a;'
export KIND=mutant
"$project/scripts/checkout.sh" series >/dev/null
echo 'int edited;' >>"$O/6.12/linux-mutant/kernel/fork.c"
check "checkout: no edit is left, of the same commit" "$("$project/scripts/checkout.sh" series; tail -n 1 "$O/6.12/linux-mutant/kernel/fork.c")" 'int a;'
echo 'int edited;' >>"$O/6.12/linux-mutant/kernel/fork.c"
check "checkout: nor of another" "$("$project/scripts/checkout.sh" base 2>&1; tail -n 1 "$O/6.12/linux-mutant/kernel/fork.c")" \
	'// say kernel/fork.c:7:1: warning: of the base'
unset KIND

# lint: exit status, and what of each kind is new
lint() { ran "$project/scripts/lint.sh" | sed '/CHECKOUT/d; s/ (log:.*//'; }
check "lint: no message beyond the base's" "$(lint)" "0
  OK       W=1 on the touched objects (1 messages of the base's own)
  OK       sparse on the touched objects (1 messages of the base's own)
  OK       kernel-doc of the touched files (0 messages of the base's own)
  OK       htmldocs of userspace-api (0 messages of the base's own)"
kernel '// say kernel/fork.c:9:1: warning: of the compiler' '// saysparse kernel/fork.c:9:1: warning: of sparse' \
	'// doc kernel/fork.c:9: warning: no description' 'page page.rst:3: WARNING: no such label'
check "lint: one more of each" "$(lint)" "1
  FAIL     W=1 on the touched objects
>       1 kernel/fork.c: warning: of the compiler
  FAIL     sparse on the touched objects
>       1 kernel/fork.c: warning: of sparse
>       1 kernel/fork.c: warning: of the compiler
  FAIL     kernel-doc of the touched files
>       1 kernel/fork.c: warning: no description
  FAIL     htmldocs of userspace-api
>       1 page.rst: WARNING: no such label"
kernel '#error: a'
check "lint: what does not build" "$(lint)" "2
error: W=1 on the touched objects: #error: a"

# bases: those that were named, and that of BASE
printf '6.18 /linux-6.18\n' >"$project/bases.local"
echo clone >"$project/patches/0001-a.patch"
stub scripts/bisect.sh <<'END'
mkdir -p "$work"
cp -R "$O/6.12/linux.git" "$work/" 2>/dev/null || :
[ "$BASE" != "$(cat "$O/fails" 2>/dev/null)" ] || die "it does not build"
END
bases() { ran "$project/scripts/bases.sh" | sed '/^  BASE/d; s/  */ /g'; }
check "bases: all are fine" "$(bases)" "0

base version series patches verdict
6.12 6.12.1 patches 1 each patch applies with no fuzz, and builds
6.18 6.12.1 patches 1 each patch applies with no fuzz, and builds"
echo 6.12 >"$O/fails"
check "bases: the first is not" "$(bases)" "1
error: it does not build

base version series patches verdict
6.12 6.12.1 patches 1 error: it does not build
6.18 6.12.1 patches 1 each patch applies with no fuzz, and builds"
rm -rf "$O/6.18" "$project/bases.local"

# arches: the guests are those of two architectures, one of them with two sizes of pages
stub vm/run.sh <<'END'
[ "$ARCH$PAGES" != "$(cat "$O/fails" 2>/dev/null)" ] || die "QEMU is gone"
mkdir -p "$run" "$logs"
echo "2 passed, 0 failed, 1 skipped" | tee "$run/verdict.txt"
printf 'kernel    6.12.1 on 2 processors\nguest     tcg, 1 s; slowest: clone3/a, 3 s\n'
[ "$ARCH$PAGES" != "$(cat "$O/failed" 2>/dev/null)" ] || exit 1
END
arches() { ran env ARCHES='i386 arm64' "$project/vm/arches.sh" | sed '1p; 1,/^$/d; s/  */ /g; s/ [0-9]* 2 0 1 / 2 0 1 /'; }
rm "$O/fails"
for name in i386 arm64 arm64-64K; do
	mkdir -p "$O/6.12/log-$name"
	echo 'clone3_32/a b noskip' >"$O/6.12/expected-$name"
done
all='architecture kernel build, s passed failed skipped 32-bit slowest program
i386 6.12.1 2 0 1 1 clone3/a, 3 s
arm64 6.12.1 2 0 1 1 clone3/a, 3 s'
check "arches: all pass" "$(arches)" "0
$all
arm64 64K 6.12.1 2 0 1 1 clone3/a, 3 s"
echo i386 >"$O/failed"
check "arches: a test fails on the first" "$(arches)" "1
$all
arm64 64K 6.12.1 2 0 1 1 clone3/a, 3 s"
rm "$O/failed"
echo arm6464K >"$O/fails"
check "arches: one is not run, and has not the figures of the run before" "$(arches)" "1
$all
arm64 64K: not built, or not run"
refuses "arches: none of that name" 'ARCHES: pdp11 is none of: .*x86_64' env ARCHES='i386 pdp11' "$project/vm/arches.sh"

# ready: in this order, each time
cp "$top/vm/ready.sh" "$project/vm/"
for script in vm/qemu scripts/deps scripts/cross scripts/tree vm/kernel vm/initramfs; do
	# shellcheck disable=SC2016
	printf 'echo %s\n[ "$(cat "$O/fails")" != %s ] || die "it cannot be done"\n' "$script" "$script" >"$tmp/stub"
	stub "$script.sh" <"$tmp/stub"
done
ready() { ran "$project/vm/ready.sh" "$@" | tr '\n' ' '; }
check "ready: for a guest" "$(ready)" "0 vm/qemu scripts/deps scripts/cross scripts/tree vm/kernel vm/initramfs "
check "ready: up to the kernel" "$(ready kernel)" "0 vm/qemu scripts/deps scripts/cross scripts/tree vm/kernel "
mkdir -p "$O/6.12/linux"
touch "$O/6.12/linux/Makefile"
check "ready: with a tree that is there" "$(ready)" "0 vm/qemu scripts/deps scripts/cross scripts/tree vm/kernel vm/initramfs "
echo vm/kernel >"$O/fails"
check "ready: what is not built is not packed" "$(ready)" "2 vm/qemu scripts/deps scripts/cross scripts/tree vm/kernel error: it cannot be done "
refuses "ready: a word that it does not know" 'vm/ready.sh all: say kernel, or nothing' "$project/vm/ready.sh" all
check "ready: a program that is none of the tests" "$(TESTS=none ready)" \
	"2 vm/qemu scripts/deps scripts/cross scripts/tree error: TESTS: there is no program none in clone3 "
mkdir -p "$O/6.12/linux/tools/testing/selftests/clone3"
touch "$O/6.12/linux/tools/testing/selftests/clone3/clone3_autoreap_wait.c"
echo none >"$O/fails"
check "ready: one that is" "$(TESTS=clone3_autoreap_wait ready kernel)" "0 vm/qemu scripts/deps scripts/cross scripts/tree vm/kernel "

echo "1..$number"
[ "$failures" = 0 ]
