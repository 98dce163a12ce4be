# The lines of figures as the table of targets, and as those of lives and of helpers. Exit
# status: 1 if a target is missed.
function target(what, limit, format, result, note)
{
	if (result == "") {
		printf "%-64s %8s %10s  %s\n", what, limit, "-", "not measured"
		return
	}
	verdict = result + 0 <= limit + 0 ? "met" : "MISSED"
	if (verdict == "MISSED")
		missed = 1
	printf "%-64s %8s %10s  %s\n", what, limit, sprintf(format, result), verdict (note == "" ? "" : ", " note)
}
# What is worth knowing, and no target: it never makes the run fail
function figure(what, format, result, note)
{
	if (result == "")
		printf "%-64s %8s %10s  %s\n", what, "", "-", "not measured"
	else
		printf "%-64s %8s %10s%s\n", what, "", sprintf(format, result), (note == "" ? "" : "  " note)
}
function ratio(a, b) { return a == "" || b == "" ? "" : a / b }
function difference(a, b) { return a == "" || b == "" ? "" : a - b }
# Text that a kernel has more of, in what the series touches, and its part of the whole
# The patch of the flag is compared with what is before it.
function more(kernel) { return objects[kernel] - objects[kernel == "core" && "before" in objects ? "before" : "base"] }
function growth(kernel) { return objects[kernel] == "" ? "" : 100 * more(kernel) / text["base"] }
# The cost of a life: the mean, in the kernel of the series
function cost(way, by, siblings) { return mean["series", way, by, siblings] }
# The least of the lives, so the path through the code alone, against that with waitid()
function bound(way, by) { return ratio(least["series", way, by, 0], least["series", "pidfd+epoll+waitid", by, 0]) }

# Whether sched_yield() lets the child run. Before 6.6 the scheduler gives who yields the
# processor back at once, for most of a slice: so the ways in which nobody is told of the end,
# and the benchmark yields until the child is gone, are not measured there.
function yields_to_others(version,    v) { split(version, v, "."); return v[1] * 1000 + v[2] >= 6006 }

# A way to start a helper, flags as C has them
function label(way)
{
	if (way ~ /^autoreap/)
		gsub(/[+]/, "|", way)
	sub(/^autoreap/, "CLONE_AUTOREAP|CLONE_PIDFD", way)
	sub(/,64_/, ", 64 ", way)
	return way
}
function cell(value) { return value == "" ? "-" : sprintf("%d", value) }
# A helper by the function that is there to be copied, against posix_spawn() and waitpid()
function spawned(kernel, with, mib)
{
	return ratio(helper[kernel, "helper.h" with, mib], helper[kernel, "posix_spawn" with, mib])
}

$1 == "version" { version = $2 }
$1 == "text" { text[$2] = $3 }
$1 == "objects" { objects[$2] = $3 }
$1 == "sizeof" { size[$2, $3] = $4 }
$1 == "start" { start[$2] = $3 }
$1 == "memory" { left[$2, $3] = $6; memory[$2, $3] = $7 }
$1 == "life" {
	least[$2, $3, $4, $5] = $6; mean[$2, $3, $4, $5] = $7; calls[$3] = $8
	if ($2 == "series" && !($3 in seen)) {
		seen[$3] = 1
		ways[++n] = $3
	}
}
$1 == "helper" {
	helper[$2, $3, $4] = $6
	if ($4) {
		mib = $4
		again[$2, $3] = $7
	}
	if ($2 == "series" && !($3 in begun)) {
		begun[$3] = 1
		helpers[++m] = $3
	}
}

END {
	printf "Linux %s; instructions by QEMU -icount; least and mean of the lives of a child\n\n", version
	printf "%-64s %8s %10s\n", "target", "at most", "result"
	target("without the flag, series against base: fork, exit, wait; least", "1.0010", "%.4f",
	       ratio(least["series", "waitpid", "fork", 0], least["base", "waitpid", "fork", 0]),
	       sprintf("%+d instructions, by vfork %+d", least["series", "waitpid", "fork", 0] - least["base", "waitpid", "fork", 0],
		       least["series", "waitpid", "vfork", 0] - least["base", "waitpid", "vfork", 0]))
	target("text of the kernel, patch of the flag alone; %", "0.02", "%.4f", growth("core"), sprintf("%+d bytes", more("core")))
	figure("text of the kernel, whole series; %", "%.4f", growth("series"),
	       sprintf("%+d bytes; of vmlinux, %+d", more("series"), text["series"] - text["base"]))
	count = split("task_struct signal_struct pid", structs, " ")
	for (i = 1; i <= count; i++)
		target("growth of struct " structs[i] "; bytes", "0", "%d",
		       difference(size["series", structs[i]], size["base", structs[i]]), size["series", structs[i]] " bytes")
	yields = yields_to_others(version)
	told = yields ? "autoreap" : "autoreap+pidfd+epoll"
	for (i = 1; i <= 2; i++) {
		by = i == 1 ? "fork" : "vfork"
		target("CLONE_AUTOREAP against waitpid, by " by "; mean", "0.98", "%.3f",
		       yields ? ratio(cost("autoreap", by, 0), cost("waitpid", by, 0)) : "")
		# The flag saves waitid() and SIGCHLD, some 1,000 instructions, of which
		# the status by PIDFD_GET_INFO takes back half: 0.98 is out of reach.
		figure("with pidfd, epoll, status against waitid, by " by "; mean", "%.3f",
		       ratio(cost("autoreap+epoll+status", by, 0), cost("pidfd+epoll+waitid", by, 0)),
		       sprintf("no target; floor %.3f, without the status %.3f",
			       bound("autoreap+epoll+status", by), bound("autoreap+pidfd+epoll", by)))
		target("CLONE_AUTOREAP, 10,000 siblings against none, by " by "; mean", "1.02", "%.3f",
		       ratio(cost(told, by, 10000), cost(told, by, 0)))
	}
	target("a helper by helper.h against posix_spawn, waitpid; mean", "1.02", "%.3f", spawned("series", "", 0))
	target("the same, 1 GiB written to; mean", "1.02", "%.3f", spawned("series", "", 1024))
	target("the same, 64 threads; mean", "1.02", "%.3f", spawned("series", ",64_threads", 0))
	figure("the same without the flag: exit signal 0, waitid; mean", "%.3f", spawned("base", "", 0),
	       sprintf("of the base; 1 GiB %.3f", spawned("base", "", 1024)))
	target("boot to init, against Debian's cloud kernel", "0.5", "%.3f", ratio(start["series"], start["cloud"]))

	printf "\n%-24s %10s %10s %10s %10s %8s\n", "mean instructions of a life", "fork", "fork", "vfork", "vfork", "system"
	printf "%-27s %7s %10s %10s %10s %8s\n", "live siblings", 0, 10000, 0, 10000, "calls"
	for (i = 1; i <= n; i++) {
		way = ways[i]
		if (!yields && way ~ /^(sigchld_ignored|double_fork|autoreap)$/)
			continue
		printf "%-24s %10d %10d %10d %10d %8d\n", way, cost(way, "fork", 0), cost(way, "fork", 10000),
		       cost(way, "vfork", 0), cost(way, "vfork", 10000), calls[way]
	}
	printf "\n10,000 children that exit while their parent is busy leave\n"
	printf "%-24s %6d tasks %8d KiB\n", "fork, no wait yet", left["series", "waitpid"], memory["series", "waitpid"]
	printf "%-24s %6d tasks %8d KiB\n", "CLONE_AUTOREAP", left["series", "autoreap"], memory["series", "autoreap"]
	printf "\n%-40s %12s %12s %14s\n", "mean instructions of a helper", "", "", "to write to"
	printf "%-40s %12d %12d %14s\n", "MiB that its parent has written to", 0, mib, "all of it again"
	for (i = 1; i <= m; i++)
		printf "%-40s %12s %12s %14s\n", label(helpers[i]), cell(helper["series", helpers[i], 0]),
		       cell(helper["series", helpers[i], mib]), cell(again["series", helpers[i]])
	exit missed
}
