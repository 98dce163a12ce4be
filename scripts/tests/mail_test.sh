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
check "the subjects" "$(mails | grep '^Subject:')" "Subject: [PATCH 6.12.y 0/4] clone: the series
Subject: [PATCH 6.12.y 1/4] clone: one
Subject: [PATCH 6.12.y 2/4] clone: two
Subject: [PATCH 6.12.y 3/4] clone: add CLONE_NNP
Subject: [PATCH 6.12.y 4/4] clone: last"
check "a clean tree is the base" "$(mails | grep -E '^(Applies|base-commit)')" "Applies to v6.12.118.
base-commit: $(git -C "$tiny" rev-parse base)"
git config --file "$tmp/gitconfig" format.signOff true
check "settings of the user's change nothing" "$(GIT_CONFIG_GLOBAL=$tmp/gitconfig mail | head -n 1; mails | grep Signed-off-by)" 0
# who NAME ADDRESS [SIGN]: what is said with SIGN=1 of that user, and who is named in the mails
who() {
	printf '[user]\n\tname = "%s"\n\temail = "%s"\n' "$1" "$2" >"$tmp/who"
	rm -rf "$O"/kdir-*/series
	(unset GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
	export GIT_CONFIG_GLOBAL="$tmp/who" SIGN="${3-1}"
	mail | sed 's/kdir-[0-9]*/kdir/')
	mails 2>/dev/null | grep -E '^(From: |Signed-off-by: |Subject: .*4/4)' | uniq -c
}
sed -i 's/^From: author <.*/From: clone-autoreap <clone-autoreap@localhost>/' "$project"/patches/6.12/000[1-3]-*
mine='      1 From: "A. Maintainer" <a@kernel.example>'
signed='      1 Signed-off-by: A. Maintainer <a@kernel.example>'
check "SIGN=1: from the user, and signed; another's patch is that" "$(who 'A. Maintainer' 'a@kernel.example')" "0
  SERIES   v6.12.118: 5 mails in o/kdir/series
$(echo "$mine" | sed 's/1/2/')
$signed
$mine
$signed
$mine
$signed
$mine
      1 Subject: [PATCH 6.12.y 4/4] clone: last
      1 From: author <author@localhost>
$signed"
check "SIGN=1: a name that a mail must encode" "$(who 'Jürgen, \"Ö.\" & Söhne' 'j@kernel.example' | sed -n '/=.UTF/p' | sort -u | sed 's/^ *[0-9]* //')" \
	"From: =?UTF-8?q?J=C3=BCrgen=2C=20=22=C3=96=2E=22=20=26=20S=C3=B6hne?="
check "SIGN=1: that name is as it is in the text" "$(mails | grep Signed | sort -u)" 'Signed-off-by: Jürgen, "Ö." & Söhne <j@kernel.example>'
for address in '' root@localhost root@box user@box.localdomain nobody 'a b@c.d' @c.d a@.d a@c.; do
	check "SIGN=1: no mail can be from '$address'" "$(who A "$address" | head -n 2 | cut -c1-34 | sed 's/ *$//')" "2
error: SIGN=1: no mail can be from"
done
check "SIGN=1: no name" "$(who '' a@kernel.example | head -n 2)" "2
error: SIGN=1: git does not know who signs; say git config --global user.name 'Your Name' and git config --global user.email you@your.org"
check "SIGN=yes" "$(who A a@kernel.example yes)" "2
error: SIGN=yes: say SIGN=1, or nothing for patches that nobody has signed"
check "without SIGN nobody has signed" "$(who A a@kernel.example '' | grep -c -e Signed -e kernel.example)" 0
sed -i 's/^From: clone-autoreap <.*/From: author <author@localhost>/' "$project"/patches/6.12/000[1-3]-*
echo '/* mine */' >>"$tiny/kernel/pid.c"
check "one with an edit is none" "$(mail | sed -n 2p; mails | grep -cE '^base-commit')" \
	"  NOTE     no base-commit: the commit of v6.12.118 is not known; name a git tree of it with KDIR
0"
echo 'v6.12.118 0123456789012345678901234567890123456789' >"$project/patches/base-commits"
check "but its version may be known" "$(mail | head -n 1; mails | grep -E '^base-commit')" "0
base-commit: 0123456789012345678901234567890123456789"
git -C "$tiny" checkout -q kernel/pid.c

# Two series for mainline: the letter of each, who gets them, and what stays here
cp -r "$project/patches" "$tmp/patches"
cd "$tiny"
mkdir -p scripts
cat >scripts/get_maintainer.pl <<'END_OF_PERL'
print "A Maintainer <a\@kernel.example>\n" if grep { $_ eq "--nol" } @ARGV;
print "a-list\@kernel.example\n" if grep { $_ eq "--nom" } @ARGV;
END_OF_PERL
git add -f scripts
git commit -q -m 'scripts: get_maintainer.pl'
cd - >/dev/null
mv "$project"/patches/6.12/0002-clone-two.patch "$project"/patches/6.12/0002-samples-two.patch
sed -i 's/^Subject: .*two/Subject: [PATCH] samples: two/' "$project"/patches/6.12/0002-*
printf '%s\n' 'clone: fixes' '' 'What they mend.' '' 'Cc: B Reviewer <b@kernel.example>' >"$project/patches/6.12/cover-letter"
printf '%s\n' 'clone: tests' '' 'What they test.' >"$project/patches/6.12/cover-letter-tests"
echo clone-last.patch >"$project/patches/not-posted"
check "for mainline they are two" "$(mail | sed 's/kdir-[0-9]*/kdir/'; cd "$O"/kdir-*/series && ls ./*)" "0
  SERIES   v6.12.118: 5 mails in o/kdir/series
./fixes:
0000-cover-letter.patch
0001-clone-one.patch

./tests:
0000-cover-letter.patch
0001-samples-two.patch
0002-clone-add-CLONE_NNP.patch"
check "who gets the fixes" "$(sed -n '/^[TC][oc]: /,/^$/p' "$O"/kdir-*/series/fixes/0000*)" "To: A Maintainer <a@kernel.example>
Cc: a-list@kernel.example,
    B Reviewer <b@kernel.example>"
check "who gets the tests" "$(sed -n '/^[TC][oc]: /,/^$/p' "$O"/kdir-*/series/tests/0001*)" "To: A Maintainer <a@kernel.example>
Cc: a-list@kernel.example"
check "the tests need the fixes" "$(cd "$O"/kdir-*/series && grep prerequisite tests/0000*)" \
	"prerequisite-patch-id: $(cat "$O"/kdir-*/series/fixes/0001* | git patch-id --stable | sed 's/ .*//')"
rm -rf "$project/patches" "$O"/kdir-*/series
mv "$tmp/patches" "$project/patches"
git -C "$tiny" reset -q --hard HEAD~
mail >/dev/null

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
