#!/bin/sh
# Usage: scripts/tests/tags_test.sh
# That make reach tries the tags that it was asked for and no others, and that what does not
# apply has a reason; TAP on stdout. No kernel is needed.
# Exit status: 0 all passed; 1 otherwise.
. "$(dirname -- "$0")/../lib.sh"
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/tiny.sh"
unset TAGS OVER
tiny_tree
tiny_project
export O="$tmp/o"
for tag in v6.12.118 v6.12.119 x1; do git -C "$tiny" tag "$tag" base; done
# A folder that a pattern of the shell's would find where make is run
mkdir "$project/v6.12.118"
reach() { (cd "$project" && KDIR=$tiny scripts/reach.sh 2>&1); }
tried() { reach | sed -n 's/^  REACH *\([^:]*\): .*/\1/p' | tr '\n' ' '; }

check "TAGS not given" "$(tried)" 'v6.12.118 v6.12.119 '
check "TAGS: a pattern that is the name of a folder here, too" "$(TAGS='v*' tried)" 'v6.12.118 v6.12.119 '
check "TAGS: two patterns, one that matches nothing" "$(TAGS='x* y*' tried)" 'x1 '
refuses "TAGS: nothing matches" 'TAGS=v9\*: /.*linux has no such tag' env TAGS='v9*' KDIR="$tiny" "$project/scripts/reach.sh"
refuses "TAGS: of the second tree nothing matches" 'TAGS=x1: /.*other has no such tag' \
	eval "git clone -q --no-tags '$tiny' '$tmp/other' && TAGS=x1 KDIR='$tiny $tmp/other' '$project/scripts/reach.sh'"
rm -rf "$tmp/other/.git"
refuses "TAGS: a tree that is none of git's" 'TAGS=x1: .*other is no git tree' env TAGS=x1 KDIR="$tmp/other" "$project/scripts/reach.sh"
refuses "TAGS: of what" 'TAGS=v6\.12: say whose' env TAGS=v6.12 KDIR= "$project/scripts/reach.sh"
git -C "$tiny" tag -d v6.12.118 v6.12.119 >/dev/null
check "TAGS not given: a tree without such tags" "$(tried)" '6.12.118 '

# Reasons. Git says "error:" or "fatal:", or only a hook says something.
patch=$project/patches/6.12/0003-clone-add-CLONE_NNP.patch
mv "$patch" "$tmp/patch"
head -c 700 "$tmp/patch" >"$patch"
check "reach: a patch that is cut off" "$(reach | sed -n 's/.*, then //p' | head -n 1)" \
	"0003: $(git -C "$tiny" apply --cached "$patch" 2>&1 | sed -n 's/^error: //p')"
mv "$tmp/patch" "$patch"
KDIR=$tiny "$project/scripts/base-get.sh"
repo=$(echo "$O"/kdir-*/linux.git)
assemble() { "$project/scripts/assemble.sh" "$repo" "$project"/patches/6.12/*.patch; }
# says COMMANDS: assemble, with a git am that does that and fails
mkdir "$tmp/bin"
says() {
	printf '#!/bin/sh\ncase " $* " in *" am "*) %s; exit 1 ;; esac\nexec "%s" "$@"\n' "$1" "$(command -v git)" >"$tmp/bin/git"
	chmod +x "$tmp/bin/git"
	PATH=$tmp/bin:$PATH assemble
}
refuses "assemble: git's reason" '0001-clone-one\.patch does not apply to .*linux: no such mail here$' \
	says 'echo "no such mail here" >&2'
refuses "assemble: git gives no reason" '0001-clone-one\.patch does not apply to .*linux: git does not say why' says :
sed -i 's,fork.c 15 ,fork.c fifteen ,' "$patch"
refuses "assemble: the first hunk" '0003-clone-add-CLONE_NNP\.patch does not apply to .*linux: patch failed: kernel/fork\.c:' assemble

echo "1..$number"
[ "$failures" = 0 ]
