# The lines of figures as JSON: an array for each kind of them.
function add(kind, object)
{
	list[kind] = list[kind] (list[kind] == "" ? "" : ",") "\n    {" object "}"
}
function str(name, value) { return "\"" name "\": \"" value "\"" }
function num(name, value) { return "\"" name "\": " value }

$1 == "version" { version = $2 }
$1 == "text" { add("text", str("kernel", $2) ", " num("bytes", $3)) }
$1 == "objects" { add("text_of_touched_objects", str("kernel", $2) ", " num("bytes", $3)) }
$1 == "sizeof" { add("sizeof", str("kernel", $2) ", " str("struct", $3) ", " num("bytes", $4)) }
$1 == "start" { add("boot", str("kernel", $2) ", " num("instructions", $3)) }
$1 == "memory" {
	add("memory", str("kernel", $2) ", " str("reaped_by", $3) ", " str("started_by", $4) ", " \
	    num("children", $5) ", " num("tasks_left", $6) ", " num("KiB_left", $7))
}
$1 == "life" {
	add("life", str("kernel", $2) ", " str("reaped_by", $3) ", " str("started_by", $4) ", " \
	    num("siblings", $5) ", " num("least_instructions", $6) ", " \
	    num("mean_instructions", $7) ", " num("system_calls", $8))
}
$1 == "helper" {
	add("helper", str("kernel", $2) ", " str("started_by", $3) ", " num("MiB_of_the_parent", $4) ", " \
	    num("least_instructions", $5) ", " num("mean_instructions", $6) ", " \
	    num("instructions_to_write_to_all_pages_again", $7))
}
END {
	printf "{\n  %s", str("version", version)
	count = split("text text_of_touched_objects sizeof boot memory life helper", kinds, " ")
	for (i = 1; i <= count; i++)
		printf ",\n  \"%s\": [%s\n  ]", kinds[i], list[kinds[i]]
	print "\n}"
}
