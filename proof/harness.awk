# Usage: awk -f harness.awk SET...
#        awk -v name=NAME -f harness.awk SET FILE
# SET is a file of proof/mutants/harness: records with an empty line between them. A record
# is a line `NAME FILE`, lines that say what the mutant means, lines `- TEXT` that together
# are a text of FILE, lines `+ TEXT` that come in its place, and, if no test can notice,
# `# survives: REASON`. The text need not begin or end where a line does. Before the first
# record, lines of # are comments.
# Prints, of each record, NAME, FILE, what it means, and REASON, with tabs between them; or
# FILE as the mutant NAME. Exit status: 0; 1 with what is wrong on stderr.

function wrong(what) {
	print what >"/dev/stderr"
	failed = 1
	exit 1
}
function end_of_record() {
	if (record == "")
		return
	if (old == "" || old == new || means == "")
		wrong(record ": a record has a name, a file, what it means, - and +")
	if (name == "")
		print record "\t" file "\t" means "\t" reason
	if (record == name) {
		wanted = old
		put = new
		where = file
	}
	record = old = new = means = reason = ""
	olds = news = 0
}

name != "" && FILENAME == ARGV[2] { text = text $0 "\n"; next }
/^# survives: / { reason = substr($0, 13); next }
/^#/ { next }
/^$/ { end_of_record(); next }
record == "" {
	if (NF != 2)
		wrong("no `NAME FILE`: " $0)
	record = $1
	file = $2
	if (had[record]++)
		wrong(record ": there are two of that name")
	next
}
/^-/ {
	if (news)
		wrong(record ": - comes before +")
	old = old (olds++ ? "\n" : "") substr($0, 3)
	next
}
/^[+]/ { new = new (news++ ? "\n" : "") substr($0, 3); next }
{ means = means (means == "" ? "" : " ") $0 }

END {
	if (!failed)
		end_of_record()
	if (failed)
		exit 1
	if (name == "")
		exit
	if (wanted == "")
		wrong("there is no mutant " name)
	at = index(text, wanted)
	if (!at)
		wrong(where " has no such text")
	else if (index(substr(text, at + 1), wanted))
		wrong(where " has that text twice")
	printf "%s", substr(text, 1, at - 1) put substr(text, at + length(wanted))
}
