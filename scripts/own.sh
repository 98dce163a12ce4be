# shellcheck shell=sh
# Sourced after lib.sh by those who could lose what is the user's own.

# reason: the line of what git has said that tells why, with the first file that it names
reason() {
	awk 'found { if (why ~ /:$/) { sub(/^[ \t]*/, " "); why = why $0 }; exit }
		/^(error|fatal): / { found = sub(/^[a-z]*: /, "") }
		{ why = $0 }
		END { print why ? why : "git does not say why; is the disk full?" }'
}

# doing GITDIR: what git is in the middle of there, if anything
doing() {
	for what in rebase-apply:'a git am or rebase' rebase-merge:'a git rebase' MERGE_HEAD:'a git merge' \
		CHERRY_PICK_HEAD:'a git cherry-pick' REVERT_HEAD:'a git revert' sequencer:'a git cherry-pick or revert'; do
		[ ! -e "$1/${what%%:*}" ] || { echo "${what#*:}"; break; }
	done
}

# keep FILE: standard input becomes what FILE holds, or the file that the link FILE leads
# to; all of it, or that is as it was. Its owner and mode stay. Who is interrupted removes
# ${kept:+"$kept.new"}.
kept=''
keep() {
	kept=$(readlink -f "$1")
	error=$(exec 2>&1; rm -f "$kept.new" && { [ ! -e "$kept" ] || cp -p "$kept" "$kept.new"; } &&
		cat >"$kept.new" && mv -f "$kept.new" "$kept") || {
		rm -f "$kept.new"
		die "cannot write $1, which is as it was: ${error##*: }"
	}
}
