# Usage: spin -t -p exit.pml | awk -v model=exit.pml -f story.awk
# The last steps that matter of a run that spin has found, each with the function that
# the nearest comment above it in the model names.
BEGIN {
	while ((getline line <model) > 0) {
		n++
		if (line ~ /\/\* / && match(line, /[a-z_]+\(\)/))
			name = substr(line, RSTART, RLENGTH)
		where[n] = line ~ /^inline .*}$/ ? "" : name
	}
}
match($0, /\([a-z]+:[0-9]+\)/) {
	who = substr($0, RSTART + 1, RLENGTH - 2); sub(/:.*/, "", who)
	match($0, /[.]pml:[0-9]+/); at = where[substr($0, RSTART + 5, RLENGTH - 5) + 0]
	match($0, /\[.*\]$/); what = substr($0, RSTART + 1, RLENGTH - 2)
	if (at == "" || who == "init" || what !~ /^(exit_state|(pid|tgid)_task|recorded|told|assert|p =|q = [12]|t =)/)
		next
	steps[++count] = sprintf("            %-10s%-22s%s", who, at, what)
}
END {
	print "            (exit_state 1 is EXIT_ZOMBIE, 2 EXIT_DEAD; a task 2 is none)"
	for (i = count > 16 ? count - 15 : 1; i <= count; i++) print steps[i]
}
