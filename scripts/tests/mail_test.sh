#!/bin/sh
# Usage: scripts/tests/mail_test.sh
# What scripts/mail.sh writes: the series with its letter, and a base-commit only where it is
# known; what is not what was tested is not there. TAP on stdout. No kernel is needed.
# Exit status: 0 all passed; 1 otherwise.
. "$(dirname -- "$0")/../lib.sh"
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/tiny.sh"
tiny_tree
tiny_project
export O="$tmp/o" KDIR="$tiny"
: >"$project/patches/base-commits"
printf '%s\n' 'clone: the series' '' 'What it is for.' >"$project/patches/6.12/cover-letter"
# mail: exit status and what is said
mail() {
	rc=0
	text=$("$project/scripts/mail.sh" 2>&1) || rc=$?
	printf '%s\n%s\n' "$rc" "$text" | sed "s,$tmp/,,g"
}
mails() { cd "$O"/kdir-*/series && cat ./*; }
check "they are written" "$(mail | sed 's/kdir-[0-9]*/kdir/')" "0
  SERIES   v6.12.118: 5 mails in o/kdir/series"
check "the subjects" "$(mails | grep '^Subject:')" "Subject: [PATCH 0/4] clone: the series
Subject: [PATCH 1/4] clone: one
Subject: [PATCH 2/4] clone: two
Subject: [PATCH 3/4] clone: add CLONE_NNP
Subject: [PATCH 4/4] clone: last"
check "a clean tree is the base" "$(mails | grep -E '^(Applies|base-commit)')" "Applies to v6.12.118.
base-commit: $(git -C "$tiny" rev-parse base)"
git config --file "$tmp/gitconfig" format.signOff true
check "settings of the user's change nothing" "$(GIT_CONFIG_GLOBAL=$tmp/gitconfig mail | head -n 1; mails | grep Signed-off-by)" 0
echo '/* mine */' >>"$tiny/kernel/pid.c"
check "one with an edit is none" "$(mail | sed -n 2p; mails | grep -cE '^base-commit')" \
	"  NOTE     no base-commit: the commit of v6.12.118 is not known; name a git tree of it with KDIR
0"
echo 'v6.12.118 0123456789012345678901234567890123456789' >"$project/patches/base-commits"
check "but its version may be known" "$(mail | head -n 1; mails | grep -E '^base-commit')" "0
base-commit: 0123456789012345678901234567890123456789"
git -C "$tiny" checkout -q kernel/pid.c

# A git that writes mails of another series
mkdir "$tmp/bin"
cat >"$tmp/bin/git" <<END
#!/bin/sh
"$(command -v git)" "\$@" || exit
case " \$* " in *' format-patch '*) sed -i "\$ALTERS" "$O"/kdir-*/series.new/*.patch ;; esac
END
chmod +x "$tmp/bin/git"
before=$(mails | cksum)
altered() { PATH=$tmp/bin:$PATH ALTERS=$1 mail | sed 's,kdir-[0-9]*,kdir,g'; mails | cksum; }
check "mails that give another tree" "$(altered 's,^+99$,+98,')" "2
error: the mails give another tree than the series
$before"
check "mails that do not apply" "$(altered 's,^-/\* one \*/,-/* none */,' | sed 's/apply: .*/apply/')" "2
error: the mails do not apply
$before"
check "mails without the letter" "$(altered '/^What it is for/d')" "2
error: git has not put project/patches/6.12/cover-letter into the mails
$before"

# What is gone from the user's tree is gone from the base.
base() { "$project/scripts/base-get.sh"; git --git-dir="$(echo "$O"/kdir-*/linux.git)" ls-tree --name-only base | grep -c '^extra$' || :; }
cd "$tiny"
echo 1 >extra
git add extra
check "base: a new file" "$(base)" 1
rm extra
check "base: one that is gone" "$(base)" 0
git rm -q --cached extra
check "base: and no longer tracked" "$(base)" 0

cd /
echo "1..$number"
[ "$failures" = 0 ]
