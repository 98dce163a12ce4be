#!/bin/sh
# Usage: scripts/messages.sh PATCH...
# Reads what checkpatch does not: a commit message that leaves a repair to a later patch; an
# upstream commit that is not named as 12 digits ("subject"); a comment that the patch adds to
# the kernel and that is wider than 80 columns, unless it stands behind code.
# Prints what it has found, a line each. Exit status: 0 nothing; 1 something.
set -eu
LC_ALL=C awk '
function say(what) { print FILENAME ": " what; bad = 1 }

# The message as one line: what it says of other patches and commits may be broken.
function end_of_message(    text, id, rest) {
	text = message
	if (tolower(text) ~ /(next|later|following) patch(es)? (of this series )?(fix|mend|repair|close|correct)/)
		say("leaves a repair to a later patch")
	while (match(text, /(^|[^0-9a-zA-Z_.\/-])[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]+/)) {
		id = substr(text, RSTART, RLENGTH)
		sub(/^[^0-9a-f]/, "", id)
		rest = text = substr(text, RSTART + RLENGTH)
		if (rest ~ /^[g-zA-Z_@]/ || id !~ /[0-9]/ || id !~ /[a-f]/)
			continue
		if (length(id) != 12 || rest !~ /^ *\("/)
			say("commit " id " is not named as 12 digits (\"subject\")")
	}
}

FNR == 1 { message = ""; in_message = 0; file = "" }
/^Subject: / { in_message = 1 }
in_message && /^---$/ { in_message = 0; end_of_message() }
in_message && !/^(Link|Date|From|Message-ID):/ { message = message " " $0 }
/^\+\+\+ / { file = $2 }
/^\+/ && !/^\+\+\+ / && file !~ /^b\/(tools|samples|Documentation)\// {
	line = substr($0, 2)
	while (match(line, /\t/))
		line = substr(line, 1, RSTART - 1) sprintf("%*s", 8 - (RSTART - 1) % 8, "") substr(line, RSTART + 1)
	if (length(line) > 80 && line ~ /^ *(\/\*|\*( |$))/)
		say(file ": a comment of " length(line) " columns: " line)
}
END { exit bad }' "$@"
