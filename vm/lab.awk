# lab.awk - the facts of vm/verdict.awk as lines for a lab: `lab: RESULT TEST`, and what a failed test said, after a #.
# A TEST is a word here. What failed without being a test, such as a plan, is one, too.
BEGIN { FS = "\t" }
$1 == "pass" || $1 == "skip" || $1 == "fail" {
	test = $1 == "fail" && $3 != "" ? $3 : $2
	gsub(/[^A-Za-z0-9_\/-]+/, ".", test)
	print "lab: " $1 " " test
	fflush()
}
$1 == "fail" { print "# " $2 }
$1 == "said" { print "#   " $2 }
