#!/bin/sh
# Usage: vm/tests/kernel_test.sh
# When vm/kernel.sh builds, and when the kernel that is there is still that of the tree: a
# stale one must never be tested. The kernel is a Makefile that says what it is asked for.
# TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-kernel.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/project.sh"
make_project
cp "$top/vm/kernel.sh" "$project/vm/"
(cd "$top" && cp -R --parents tools/testing/selftests/clone3/config "$project")
tree=$O/6.12/linux
git --git-dir="$O/6.12/linux.git" worktree add -q "$tree" series
cd "$tree"
mkdir -p scripts/kconfig tools/testing/selftests/clone3 samples
# What it makes of the fragments is $MERGED.
export MERGED="$tmp/merged"
: >"$MERGED"
# shellcheck disable=SC2016 # the script expands it
printf '#!/bin/sh\ncp "$MERGED" .config\n' >scripts/kconfig/merge_config.sh
chmod +x scripts/kconfig/merge_config.sh
touch tools/testing/selftests/clone3/test.c
cat >>Makefile <<'END'
kernelversion:; @echo 6.12.1
.DEFAULT:; @echo $@ >>$(O)/made; [ ! -e $(O)/fails ]
tinyconfig:; @touch $(O)/.config
END
# As Debian's: what is not tracked is ignored.
printf '*.o\n#\n/*\n!/debian/\n' >.gitignore
commit() { git add -f . && git -c user.name=t -c user.email=t@localhost commit -q -m "$1"; }
commit tree
image=$("$project/vm/kernel.sh" --path)
obj=$O/6.12/obj
mkdir -p "${image%/*}"
touch "$image"

# built [COMMAND...]: whether the kernel is built, by kernel.sh or COMMAND; or what goes wrong
built() {
	rm -f "$obj/made"
	"${@:-env}" "$project/vm/kernel.sh" >"$tmp/out" 2>&1 || sed -n 's/^error: //p' "$tmp/out"
	if grep -qs headers "$obj/made"; then echo yes; elif [ -f "$obj/made" ]; then echo configured; else echo no; fi
}
check "at first it is built" "$(built)" yes
check "and then not again" "$(built)" no
echo '/* edit */' >>kernel/fork.c
check "an edit" "$(built)" yes
check "an edit, built" "$(built)" no
touch kernel/fork.c
check "a file that was only touched" "$(built)" no
echo '/* test */' >>tools/testing/selftests/clone3/test.c
echo 'new' >samples/new.c
check "an edit of a test, and a new sample" "$(built)" no
commit edits
check "that it is committed does not change it" "$(built; built)" "yes
no"

echo 'int new;' >kernel/new.c
check "a new file" "$(built)" yes
echo 'int newer;' >kernel/new.c
check "a new file that is edited again" "$(built)" yes
check "a new file, built" "$(built)" no
mkdir lib
echo 'int lib;' >'lib/a name.c'
check "a new file in a new folder, which Debian's .gitignore has git ignore" "$(built)" yes
echo 'int lib2;' >'lib/a name.c'
check "and edited again" "$(built)" yes
echo made >kernel/new.o
check "what a build makes is none" "$(built)" no
commit all
check "which are committed then" "$(built; built)" "yes
no"
echo '/* one */' >>kernel/fork.c
commit one
built >/dev/null
git reset -q --hard HEAD~1
check "another commit" "$(built; built)" "yes
no"
rm "$image"
check "an image that is gone" "$(built)" yes
mkdir -p "${image%/*}"
touch "$image"
mkdir tools/testing/selftests/other
echo CONFIG_OTHER=y >tools/testing/selftests/other/config
check "another configuration" "$(built env TARGETS='clone3 other')" yes
check "and the one before" "$(built; built)" "yes
no"
echo '/* it does not build */' >>kernel/fork.c
touch "$obj/fails"
check "a build that fails" "$(built | sed 's/: .*//')" "kernel
configured"
rm "$obj/fails"
git checkout -q kernel/fork.c
check "and then that of before the edit" "$(built; built)" "yes
no"

# What the fragments ask for, and what the kernel makes of it
printf 'config PRINTK\nconfig SLUB\n' >Kconfig
commit Kconfig
# merged LINE...: what becomes of a configuration with these lines
merged() {
	printf '%s\n' "$@" >"$MERGED"
	rm -f "$obj/.config.id"
	built
}
check "it has all of them" "$(merged CONFIG_PRINTK=y CONFIG_SLUB=y)" yes
check "it lacks one" "$(merged CONFIG_SLUB=y)" "the kernel's configuration refuses CONFIG_PRINTK=y of vm/config
configured"
check "it says that one is not set" "$(merged CONFIG_SLUB=y '# CONFIG_PRINTK is not set')" "the kernel's configuration refuses CONFIG_PRINTK=y of vm/config
configured"
check "it lacks one that stands below a comment" "$(merged CONFIG_PRINTK=y)" "the kernel's configuration refuses CONFIG_SLUB=y of vm/config
configured"
# One that no Kconfig has is of another release.
git rm -q Kconfig
commit "no Kconfig"
check "it cannot have it" "$(merged '')" yes

printf '#!/bin/sh\n' >"$tmp/differ"
chmod +x "$tmp/differ"
# edits NAME COMMAND...: two edits, each of which is built when kernel.sh is run by COMMAND
edits() {
	name=$1
	shift
	got=
	for n in 1 2; do
		echo "/* $name $n */" >>kernel/fork.c
		got=$got$(built "$@")
	done
	check "edits: $name" "$got$(built "$@")" yesyesno
}
edits "GIT_EXTERNAL_DIFF" env GIT_EXTERNAL_DIFF="$tmp/differ"
git config --file "$tmp/gitconfig" diff.external "$tmp/differ"
edits "diff.external of the user's" env GIT_CONFIG_GLOBAL="$tmp/gitconfig"
edits "diff.external in the environment" env GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=diff.external GIT_CONFIG_VALUE_0="$tmp/differ"
git config diff.external "$tmp/differ"
edits "diff.external of the tree's"
git config --unset diff.external
edits "a tree of another owner" env GIT_TEST_ASSUME_DIFFERENT_OWNER=1
edits "patterns that are none" env GIT_LITERAL_PATHSPECS=1
git init -q "$tmp/other"
edits "GIT_DIR and GIT_INDEX_FILE of another repository" env GIT_DIR="$tmp/other/.git" GIT_INDEX_FILE="$tmp/other/.git/index"

# A git that fails at one of its commands
mkdir "$tmp/bin"
cat >"$tmp/bin/git" <<END
#!/bin/sh
for word; do
	[ "\$word" != "\$FAILS" ] || { echo "fatal: no \$FAILS today" >&2; exit 128; }
done
exec $(command -v git) "\$@"
END
chmod +x "$tmp/bin/git"
for command in ls-tree diff ls-files; do
	refuses "git $command fails" "cannot tell what .*/linux holds: no $command today" \
		env PATH="$tmp/bin:$PATH" FAILS="$command" "$project/vm/kernel.sh"
done

# A configuration that was not finished is not taken for that of an earlier run.
printf '#!/bin/sh\nexit 1\n' >scripts/kconfig/merge_config.sh
check "a configuration that fails" "$(built env TARGETS='clone3 other' | sed 's/ (log.*//')" "merge_config.sh failed
no"
git checkout -q scripts/kconfig
check "and after it the earlier one is made anew" "$(built)" configured

cd /
echo "1..$number"
[ "$failures" = 0 ]
