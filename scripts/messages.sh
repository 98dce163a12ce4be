#!/bin/sh
# Usage: scripts/messages.sh PATCH|COVER-LETTER...
# Reads what checkpatch does not: a message that leaves a repair, or what belongs to it, to a
# later patch; an upstream commit that is not named as 12 digits ("subject"), or, where the patch is a
# backport of it, as `commit` of 40 digits `upstream.`; a comment that
# the patch adds to the kernel and that is wider than 80 columns, unless it stands behind
# code. A file that does not begin as a mail is a cover letter, and all of it a message.
# Prints what it has found, a line each. Exit status: 0 nothing; 1 something.
set -eu
LC_ALL=C awk '
function say(what) { print name ": " what; bad = 1 }

# The message as one line: what it says of other patches and commits may be broken.
function end_of_message(    text, id, rest, before, later) {
	in_message = 0
	text = message
	later = "(next|later|following|subsequent|coming) (patch|commit|change)(es|s)?( (of|in) (this|the) series)?"
	if (tolower(text) ~ later " (will )?(fix|mend|repair|close|correct|complete|add|remove|handle)" ||
	    tolower(text) ~ "(fixed|mended|repaired|closed|corrected|completed|added|removed|handled|done) (by|in|with) (the|a|another) " later)
		say("leaves a repair to a later patch")
	while (match(text, /(^|[^0-9a-zA-Z_.\/-])[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]+/)) {
		before = tolower(substr(text, 1, RSTART - 1))
		id = substr(text, RSTART, RLENGTH)
		sub(/^[^0-9a-f]/, "", id)
		rest = text = substr(text, RSTART + RLENGTH)
		if (rest ~ /^[g-zA-Z_@]/)
			continue
		# A number or a word, unless it is called a commit, or too long for a word.
		if (before !~ /commit$/ && (id !~ /[0-9]/ || id !~ /[a-f]/) && (id ~ /[0-9]/ || length(id) < 10))
			continue
		# What a backport is of, as the stable kernels say it
		if (length(id) == 40 && rest ~ /^ upstream[.] /)
			continue
		if (length(id) != 12 || rest !~ /^ *\("/)
			say("commit " id " is not named as 12 digits (\"subject\")")
	}
}

FNR == 1 {
	if (in_message)
		end_of_message()
	name = FILENAME; message = ""; file = ""
	in_message = is_letter = !/^From /
}
/^Subject: / && !is_letter { in_message = 1 }
in_message && !is_letter && /^---$/ { end_of_message() }
in_message && !/^(Link|Date|From|Message-ID):/ { message = message " " $0 }
is_letter { next }
/^\+\+\+ / { file = $2 }
/^\+/ && !/^\+\+\+ / && file !~ /^b\/(tools|samples|Documentation)\// {
	line = substr($0, 2)
	while (match(line, /\t/))
		line = substr(line, 1, RSTART - 1) substr("        ", (RSTART - 1) % 8 + 1) substr(line, RSTART + 1)
	if (length(line) > 80 && line ~ /^ *(\/\/|\/\*|\*( |$))/)
		say(file ": a comment of " length(line) " columns: " line)
}
END {
	if (in_message)
		end_of_message()
	exit bad
}' "$@"
