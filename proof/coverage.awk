# Usage: awk -v tree=DIR/ -f coverage.awk ADDED UNREACHED FILE.gcov...
# Prints "listing TEXT" for each added line and its branches, then what is not reached
# though it is not listed, what is listed though it is reached, or stands for two lines,
# which files were not counted, and a table.
# ADDED: "file line" of each added line. UNREACHED: "file: function(): text of the line:
# line" or ": branch N", then ": reason"; lines of "#" are comments. What is reached now
# and then has a reason that begins so. Exit status: 0, or 1 if there is a difference.

function trim(text) { gsub(/^[ \t]+|[ \t]+$/, "", text); return text }

# By their places: of an empty file no line is ever read.
FILENAME == ARGV[1] { added[$1, $2] = ++lines; touched[$1]; next }
FILENAME == ARGV[2] {
	if (/^#/ || !NF) next
	i = match($0, /: (line|branch [0-9]+): /)
	key = substr($0, 1, i - 1) ": " substr($0, i + 2, RLENGTH - 4)
	reason[key] = substr($0, i + RLENGTH)
	next
}

# "  count:  line:text", the count "-" where there is no code, "#####" where it did not run
/^ *(-|[0-9]+\*?|#####|=====): *[0-9]+:/ {
	split($0, part3, ":")
	count = trim(part3[1]); number = trim(part3[2]) + 0
	text = substr($0, length(part3[1]) + length(part3[2]) + 3)
	if (number == 0 && text ~ /^Source:/) {
		file = substr(text, 8)
		ours = index(file, tree) == 1
		file = substr(file, length(tree) + 1)
	}
	at = file SUBSEP number
	branch = 0
	here = ours && count != "-" && at in added
	if (here) {
		source[at] = text
		where[at] = fun
		ran[at] += count
	}
	next
}
/^function / { fun = $2 "()" }
# With the copies of an inline function one below the other, they are the same branches.
/^-----/ { here = 0 }
here && /^branch +[0-9]+ / {
	taken[at, branch] += $3 == "taken" ? $4 : 0
	if (branch >= branches[at])
		branches[at] = branch + 1
	branch++
}

function judge(what, times,    key) {
	key = file ": " where[at] ": " trim(source[at]) ": " what
	if (key in reason && key in line && line[key] != number) {
		print "LISTED, but which of lines " line[key] " and " number "? " key
		failed = 1
	}
	line[key] = number
	if (times && key in reason && reason[key] !~ /^now and then/)
		superfluous[key]
	if (!times && !(key in reason)) {
		print "UNREACHED " file ":" number ": " where[at] ": " trim(source[at]) ": " what
		failed = 1
	} else if (!times) {
		excused[file]++
		used[key]
	}
	return times > 0
}

END {
	for (at in source)
		order[added[at]] = at
	for (i = 1; i <= lines; i++) {
		if (!(i in order))
			continue
		at = order[i]
		split(at, place, SUBSEP)
		file = place[1]; number = place[2]
		if (!(file in all))
			files[++nfiles] = file
		all[file]++
		printf "listing %s:%d %9d %s\n", file, number, ran[at], source[at]
		got[file] += judge("line", ran[at])
		for (b = 0; b < branches[at]; b++) {
			printf "listing %s:%d   branch %d: %d\n", file, number, b, taken[at, b]
			ball[file]++
			# A branch of a line that did not run is said by the line.
			bgot[file] += ran[at] ? judge("branch " b, taken[at, b]) : 0
		}
	}
	for (entry in reason)
		if (entry in superfluous && !(entry in used)) {
			print "LISTED, yet reached: " entry
			failed = 1
		}
	for (file in touched)
		if (file ~ /[.]c$/ && !(file in all)) {
			print "NOT COUNTED: " file
			failed = 1
		}
	printf "%-32s %14s %16s %8s\n", "file", "lines reached", "branches taken", "listed"
	for (i = 1; i <= nfiles; i++) {
		file = files[i]
		printf "%-32s %6d of %4d %8d of %4d %8d\n", file, got[file], all[file], bgot[file], ball[file], excused[file]
	}
	exit failed
}
