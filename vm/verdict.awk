# verdict.awk - turn the results of one kselftest run into facts, one a line, for verdict.sh to judge.
#
# The results are KTAP of two levels: "top" is the runner's, one result a program; "sub" is a program's own, which the
# runner prefixes with "# ". What a program prints deeper than that explains its next result.
# Facts are words separated by tabs: begin, start PROGRAM, pass TEST, skip TEST REASON, fail TEXT TEST, said TEXT (about
# the fail before it), whole PROGRAM (skipped, and no word on its tests), idle PROGRAM (it ran, all its tests skipped),
# ran PROGRAM, end STATUS. A TEST is a PROGRAM, or a PROGRAM, a space and a name.
# Written for mawk 1.3.4, busybox and gawk: no regex intervals, no gensub().

function fact(word, text, more) { print word "\t" text "\t" more }
function fail(text, test) { fact("fail", text, test); fails++ }
function braces(text) { return text == "" ? "" : " (" text ")" }

# A document is a plan and its results. A program need not print a plan, the runner must.
function open_doc(level) { plan[level] = ""; count[level] = 0; due[level] = 1 }
function close_doc(level, who, why) {
	if (plan[level] != "" && plan[level] != count[level])
		fail("PLAN " who ": planned " plan[level] ", got " count[level] braces(why))
	else if (plan[level] == "" && level == "top" && count[level])
		fail("PLAN " who ": planned none, got " count[level])
	open_doc(level)
}
function set_plan(level, line, who) {
	if (plan[level] != "") # a second plan starts a second document, header or not
		close_doc(level, who)
	plan[level] = substr(line, 4) + 0
}
function take_number(level, who) {
	if (num != due[level])
		fail("ORDER " who ": result " num " where " due[level] " was due")
	due[level] = num + 1
	count[level]++
}

# "not ok 3 name # SKIP reason" -> bad, num, name, directive, why
function parse(line) {
	bad = sub(/^not /, "", line)
	num = substr(line, 4) + 0
	sub(/^ok [0-9]+ *(- )?/, "", line)
	sub(/ +$/, "", line)
	name = line
	directive = why = ""
	if (match(line, /(^| +)#( +|$)/)) {
		name = substr(line, 1, RSTART - 1)
		directive = why = substr(line, RSTART + RLENGTH)
		if (sub(/^(SKIP|XFAIL|XPASS|TIMEOUT|error)( +|$)/, "", why))
			sub(/ .*/, "", directive)
	}
	if (name == "" && directive == "SKIP" && running != "") # harness of 6.6 and before
		name = running
	else if (name == "") { # ksft_test_result_skip() and its like print the directive first
		name = why
		why = ""
	} else if (substr(running, length(running) - length(name)) == "." name) # RHEL 9 leaves out the fixture
		name = running
}

# What the program said since its last result, less the harness's frame and vm/timeout; the last ten lines are shown.
function keep(line) {
	if (line !~ /^# ( +(RUN|OK|FAIL|SKIP|XFAIL) |Starting |PASSED: |FAILED: |Totals: |Planned tests |[0-9]+ skipped )|^took [0-9]+ s$|^$/)
		said[++saids] = line
}
function show_said(    i) { for (i = saids > 10 ? saids - 9 : 1; i <= saids; i++) fact("said", said[i]) }

function subtest(line) {
	parse(line)
	subs++
	take_number("sub", prog)
	if (bad) {
		subfails++
		fail("FAIL " prog " " name, prog " " name)
		show_said()
	} else if (directive == "SKIP") {
		subskips++
		fact("skip", prog " " name, why)
	} else {
		fact("pass", prog " " name) # XFAIL and XPASS too: both are "ok"
	}
	saids = 0
}

function program_begins(who) {
	prog = who
	before = fails
	subs = subfails = subskips = saids = 0
	reason = running = ""
	open_doc("sub")
}
function program_says(line) {
	if (line ~ /^K?TAP version /)
		close_doc("sub", prog)
	else if (line ~ /^(not )?ok [0-9]+( |$)/)
		subtest(line)
	else if (line ~ /^not ok( |$)/)
		fail("FAIL " prog ": " line)
	else if (line !~ /^1\.\.[0-9]+( |$)/) {
		if (line ~ /^# +RUN +[^ ]+ \.\.\.$/)
			running = $4
		keep(line)
	}
	else {
		set_plan("sub", line, prog)
		if (sub(/^.*# *SKIP */, "", line))
			reason = line
	}
}
function program_ends(line,    who) {
	parse(line)
	who = name
	sub(/^selftests: /, "", who)
	sub(/: /, "/", who)
	if (bad && directive == "TIMEOUT")
		fail("TIMEOUT " who " after " why) # which explains an unmet plan
	else
		close_doc("sub", who, bad ? why : "")
	if (bad && fails == before)
		fail("FAIL " who braces(why))
	if (bad && !subfails)
		show_said()
	if (!bad && directive == "SKIP" && !subs) {
		fact("whole", who)
		fact("skip", who, reason)
	} else if (!bad && (directive == "SKIP" || subs && subs == subskips))
		fact("idle", who)
	else if (!bad && !subs && fails == before)
		fact("pass", who)
	take_number("top", "top level")
	if (who != prog)
		fail("ORDER top level: result of " who " while " (prog == "" ? "nothing" : prog) " ran")
	fact("ran", who)
	program_begins("")
}

BEGIN { open_doc("top") }
/^guest: begin( |$)/ { if (begun++) fail("REBOOT the guest began twice"); else fact("begin") }
!begun { next }
/^guest: end [0-9]+$/ { close_doc("top", "top level"); fact("end", $3) }
/^K?TAP version / { close_doc("top", "top level") }
/^1\.\.[0-9]+( |$)/ { set_plan("top", $0, "top level") }
# Not always at the start of a line: a program may die without having ended its last one.
match($0, /(not )?ok [0-9]+ selftests: [^ ]+: [^ ]+/) {
	keep(substr($0, 3, RSTART > 3 ? RSTART - 3 : 0))
	program_ends(substr($0, RSTART))
	next
}
/^(not )?ok( |$)/ { fail("FAIL top level: " $0) }
/^# selftests: [^ ]+: [^ ]+$/ {
	prog = substr($3, 1, length($3) - 1) "/" $4
	fact("start", prog)
	program_begins(prog)
	next
}
/^#/ && prog != "" { program_says(substr($0, 3)) }
