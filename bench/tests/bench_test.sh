#!/bin/sh
# Usage: bench/tests/bench_test.sh
# What bench/run.sh makes of guests and runs that fail, and what JSON and
# plots say of the figures. Kernel, guest and gnuplot are scripts. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-bench.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/project.sh"
figures=$top/bench/tests/figures

# least and mean of the figures' lives are different.
# shellcheck disable=SC2046 # words
set -- $(grep '^life series waitpid fork 0 ' "$figures")
least=$6 mean=$7
for awk in mawk gawk 'busybox awk'; do
	has_awk "$awk" || continue
	check "$awk: JSON: a life" "$($awk -f "$top/bench/json.awk" "$figures" | grep '"waitpid".*"fork", "siblings": 0,' | grep series | tr -d ' ,')" \
		"{\"kernel\":\"series\"\"reaped_by\":\"waitpid\"\"started_by\":\"fork\"\"siblings\":0\"least_instructions\":$least\"mean_instructions\":$mean\"system_calls\":$8}"
	check "$awk: JSON: it is whole" "$($awk -f "$top/bench/json.awk" "$figures" | grep -c '"kernel"\|"after"')" \
		"$(grep -cE '^(text|objects|sizeof|start|memory|life|helper) ' "$figures")"
	check "$awk: plot: the mean of a life" "$($awk -f "$top/bench/plot.awk" "$figures" | grep '^"waitpid" ' | cut -d' ' -f2)" "$((mean / 1000))"
done

make_project
mkdir "$tmp/bin"
# tool NAME COMMANDS: in PATH
tool() {
	printf '#!/bin/sh\n%s\n' "$2" >"$tmp/bin/$1"
	chmod +x "$tmp/bin/$1"
}
tool ccache 'echo /nowhere'
# shellcheck disable=SC2016 # they expand it
{
tool size 'echo "$# objects"; echo .text 100; echo .data 50; echo .text.unlikely 11'
tool pahole "printf '\t/* size: 64, members: 3 */\n'"
tool gnuplot 'cat >/dev/null; touch life.svg; [ ! -e "$GNUPLOT_FAILS" ]'
}
tool apt-cache :
export PATH="$tmp/bin:$PATH" GNUPLOT_FAILS="$tmp/gnuplot.fails"
cat >"$tmp/stub" <<'END'
mkdir -p "$obj" "$logs"
echo "CONFIG_X=$(cat "$O/config-$KIND" 2>/dev/null || echo y)" >"$obj/.config"
END
stub vm/kernel.sh <"$tmp/stub"
mkdir -p "$O/6.12/obj"
echo CONFIG_X=y >"$O/6.12/obj/.config"
# run SED [END]: exit status, and what there is to see, with a guest that reports the figures
# as SED alters them and ends with END
run() {
	cat >"$GUEST" <<RUN
kernel=\$([ "\$KIND" = base ] && echo base || echo series)
echo "guest: begin 6.12.1" >results.log
sed '$1' '$figures' | sed -n "s/^\(start\|memory\|life\|helper\) \$kernel /\1 /p" >>results.log
echo "guest: ${2:-end 0}" >>results.log
RUN
	ran "$project/bench/run.sh" | grep -E '^([0-9]+$|error|.*MISSED)' | sed 's/  *[^ ]* *[^ ]*  MISSED.*/ MISSED/'
}
check "run: all targets are met" "$(run '')" 0
check "run: figures of both kernels" "$(cut -d' ' -f1,2 "$O/bench/figures" | sort -u | tr '\n' ';')" \
	"helper base;helper series;life base;life series;memory series;objects base;objects before;objects core;objects series;sizeof base;sizeof before;sizeof core;sizeof series;start base;start series;text base;text series;version 6.12.1;"
check "run: the code of all objects" "$(sed -n 's/^objects series //p' "$O/bench/figures")" 111
before=$(cksum "$O/bench/figures")
check "run: a target is missed" "$(run '/^life series waitpid fork 0 /s/ [0-9]* [0-9]* \([0-9]*\)$/ 999999 999999 \1/')" "1
without the flag, series against base: fork, exit, wait; least MISSED"
check "run: and is kept" "$([ "$before" != "$(cksum "$O/bench/figures")" ] && ls "$O/bench")" "figures
figures.json
life.svg
table"
before=$(cksum "$O/bench/figures")
check "run: the benchmark fails" "$(run '' 'end 1' | sed 's/finish: .*/finish/')" "2
error: base: the benchmark did not finish"
check "run: it is cut off" "$(run '' 'en' | sed 's/finish: .*/finish/')" "2
error: base: the benchmark did not finish"
touch "$GNUPLOT_FAILS"
check "run: no plots" "$(run '')" "2
error: gnuplot failed"
rm "$GNUPLOT_FAILS"
echo m >"$O/config-base"
check "run: kernels of two configurations" "$(run '')" "2
error: base and series have not the same configuration: < CONFIG_X=y"
check "run: what failed leaves the figures before it" "$(cksum "$O/bench/figures")" "$before"

cd /
echo "1..$number"
[ "$failures" = 0 ]
