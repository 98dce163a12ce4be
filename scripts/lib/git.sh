# shellcheck shell=sh disable=SC2154 # $top is that of lib.sh
# Git on trees of ours and of the user's.

# own_git ARGUMENTS...: git that does not depend on the user's settings, for the scripts' own
# trees. Git refuses to stand in a repository of another user, as its settings name programs.
# Below O all is ours, whoever of root and the user has made it: see own_output. Who commits is
# nobody, or $own_git_name with $own_git_mail.
own_git() {
	case ${1:-}:${2:-} in
	-C:"${O:-/}"/*) own_git_lifted='*' ;;
	-C:*) own_git_lifted= ;;
	*) case $PWD in "${O:-/}"/*) own_git_lifted='*' ;; *) own_git_lifted= ;; esac ;;
	esac
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_COUNT=0 GIT_CONFIG_PARAMETERS='' \
	GIT_COMMITTER_NAME=${own_git_name:-clone-autoreap} GIT_COMMITTER_EMAIL=${own_git_mail:-clone-autoreap@localhost} \
	git -c core.fsync=none -c core.looseCompression=0 -c gc.auto=0 -c maintenance.auto=false \
		-c core.attributesFile="$top/scripts/attributes" -c advice.detachedHead=false \
		-c log.showSignature=false -c safe.directory="$own_git_lifted" "$@"
}

# git_top DIR: whether DIR is the top of a git tree, bare or not
git_top() { [ "$(git -C "$1" rev-parse --show-prefix 2>/dev/null || echo none)" = "" ]; }

# reason: the line of what git has said that tells why, with the first file that it names
reason() {
	awk 'found { if (why ~ /:$/) { sub(/^[ \t]*/, " "); why = why $0 }; exit }
		/^(error|fatal): / { found = sub(/^[a-z]*: /, "") }
		{ why = $0 }
		END { print why ? why : "git does not say why; is the disk full?" }'
}

# signer DIR: who signs for SIGN=1, as `Name <address>`: who the user's git says that they are in
# DIR; ends if it knows none that a mail could be from, or SIGN is another word
signer() {
	[ "$SIGN" = 1 ] || die "SIGN=$SIGN: say SIGN=1, or nothing for patches that nobody has signed"
	signer=$(git -C "$1" -c user.useConfigOnly=true var GIT_COMMITTER_IDENT 2>/dev/null) || signer=
	[ -n "$(printenv GIT_COMMITTER_NAME || git -C "$1" config committer.name || git -C "$1" config user.name)" ] || signer=
	signer=${signer%>*}
	[ -n "$signer" ] ||
		die "SIGN=1: git does not know who signs; say git config --global user.name 'Your Name' and git config --global user.email you@your.org"
	case ${signer##*<} in
	*[!A-Za-z0-9]localhost | *.localdomain | *.local | *' '* | *@*@* | @* | *@ | *@*..* | *@.* | *.) ;;
	*@*.*) echo "$signer>"; return ;;
	esac
	die "SIGN=1: no mail can be from ${signer##*<}, the user.email of git; say git config --global user.email you@your.org"
}

# doing GITDIR: what git is in the middle of there, if anything
doing() (
	for what in rebase-apply:'a git am or rebase' rebase-merge:'a git rebase' MERGE_HEAD:'a git merge' \
		CHERRY_PICK_HEAD:'a git cherry-pick' REVERT_HEAD:'a git revert' sequencer:'a git cherry-pick or revert'; do
		[ ! -e "$1/${what%%:*}" ] || { echo "${what#*:}"; break; }
	done
)

# context PATCH: how many lines of context somebody has chosen for its hunks
context() {
	awk '/^@@ / { n = 0; edge = 1 } !/^@@ / && edge { if (/^ /) n++; else edge = 0; if (n > max) max = n }
	     END { print max ? max : 3 }' "$1"
}

# files_of PATCH...: what they touch, by absolute paths of the patches. Elsewhere than in
# /, git would skip what is not of the repository that it stands in.
files_of() {
	own_git -C / apply --numstat -z "$@" | tr '\0' '\n' | cut -f3 | sort -u
}

# touched REPO REV PATTERN: the files of the kernel that the commits from base to REV change
touched() {
	own_git --git-dir="$1" diff --name-only "base..$2" -- "$3" ':!tools' ':!samples'
}

# thin_tree REPO: a git tree $thin/linux of its own, whose first commit, $few, has of REPO's
# branch base only the files whose names are standard input: with an index of a whole kernel
# each step of git's takes half a second. REPO's objects are there; $thin is gone when the
# script ends.
thin_tree() {
	thin=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-thin.XXXXXX")
	trap 'cd /; rm -rf "$thin"' EXIT
	trap 'exit 130' INT TERM
	own_git init -q --template= -b series "$thin/linux"
	echo "$1/objects" >"$thin/linux/.git/objects/info/alternates"
	# shellcheck disable=SC2046 # words
	own_git --git-dir="$1" ls-tree -rz base -- $(cat) | own_git -C "$thin/linux" update-index -z --index-info
	few=$(own_git -C "$thin/linux" -c user.name=base -c user.email=base commit-tree -m base \
		"$(own_git -C "$thin/linux" write-tree)")
	own_git -C "$thin/linux" reset -q --hard "$few"
}
