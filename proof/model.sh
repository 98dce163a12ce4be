#!/bin/sh
# Usage: [BASE= | KDIR=] proof/model.sh
# What no test can show, as it would need luck: all orders of the steps, and of the loads
# and stores, that there can be.
# proof/model/*.litmus are run by herd7 with the memory model of the base. Each must be
# "Never", and "Sometimes" without any one of its barriers: a line that ends in
# "// barrier NAME" is taken away, or replaced by what follows "// barrier NAME:".
# proof/model/exit.pml is searched by spin from end to end: once for each cast, where all
# promises must hold, and once for each fault, which must break the promise named.
# Where there is no herd7, see proof/herd.sh, the litmus tests are skipped, and the last
# line says so.
# Exit status: 0 all is as expected; 1 something is not; 2 usage, build or a missing tool.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/place.sh"
where

dir=$top/proof/model out=$work/model log=$logs/model.log herd=$O/herd memory=$tree/tools/memory-model
command -v spin >/dev/null || die "spin is missing: scripts/deps.sh model installs it"
rm -rf "$out"
mkdir -p "$out" "$logs"
: >"$log"
failed=0 tests=0 searches=0 skipped=
fail() { step FAIL "$*"; failed=$((failed + 1)); }
since() { awk -v a="$1" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }'; }

# observe FILE: what herd7 says of it: Never, Sometimes or Always, how many states it
# saw, and "race" if the model flags one
observe() {
	"$loader" --library-path "$(dirname "$loader")" "$herd/usr/bin/herd7" \
		-set-libdir "$herd/usr/share/herdtools7/herd" -I "$memory" -conf linux-kernel.cfg "$1" 2>&1 |
		tee -a "$log" |
		awk '/^Observation/ { said = $3; n = $4 + $5 } /^Flag data-race/ { race = " race" }
		     END { print said ? said " " n race : "nothing" }'
}

# without BARRIER FILE: the test without it
without() {
	awk -v barrier="$1" '
		!match($0, /[ \t]*\/\/ barrier /) { print; next }
		{
			statement = substr($0, 1, RSTART - 1); name = substr($0, RSTART + RLENGTH); weaker = ""
			if (match(name, /: */)) { weaker = "\t" substr(name, RSTART + RLENGTH); name = substr(name, 1, RSTART - 1) }
			print name == barrier ? weaker : statement
		}' "$2"
}

litmus() {
	name=$(basename "$1" .litmus) tests=$((tests + 1))
	barriers=$(sed -n 's,.*// barrier \([a-z_]*\).*,\1,p' "$1" | sort -u)
	without '' "$1" >"$out/$name.litmus"
	said=$(observe "$out/$name.litmus") states=${said#* } wrong=
	case $said in "Never 0"|*race) wrong=" $said;" ;; Never\ *) ;; *) wrong=" $said;" ;; esac
	[ -n "$barriers" ] || wrong="$wrong no barrier to take away;"
	for barrier in $barriers; do
		without "$barrier" "$1" >"$out/$name-$barrier.litmus"
		said=$(observe "$out/$name-$barrier.litmus")
		case $said in Sometimes*) ;; *) wrong="$wrong without $barrier $said;" ;; esac
	done
	if [ -n "$wrong" ]; then
		fail "$name:$wrong (log: $log)"
	else
		# shellcheck disable=SC2086
		step OK "$name: Never ($states states); Sometimes without $(echo $barriers | sed 's/ / or /g')"
	fi
}

# search VERDICT EXPECTED WHAT DEFINITION...: of exit.pml; EXPECTED is "holds", or a part
# of what spin says about the fault
search() {
	verdict=$1 expected=$2 what=$3 searches=$((searches + 1)) begin=$(date +%s.%N)
	shift 3
	flags='-DSAFETY -DCOLLAPSE' options=
	case " $* " in *' -DCYCLES '*) flags=-DNP options=-l ;; esac
	(
		cd "$out"
		rm -f pan* exit.pml.trail
		# Without -O: the compiler would need longer than it saves.
		# shellcheck disable=SC2086
		spin "$@" -a exit.pml && gcc $flags -w -o pan pan.c && ./pan $options -n -m20000 -w24
	) >"$out/search" 2>&1 || :
	cat "$out/search" >>"$log"
	found=$(sed -n 's/^pan:1: //p; s/^\(error: max search depth.*\)/\1/p' "$out/search" | head -n 1)
	[ -n "$found" ] || ! grep -q 'Search not completed' "$out/search" || found='not searched to the end'
	states=$(sed -n 's/ *\([0-9]*\) states, stored.*/\1/p' "$out/search")
	[ -n "$states" ] || die "spin: $(grep -m1 -iE 'error' "$out/search") (log: $log)"
	used=$(sed -n 's/ *\([0-9]*\)[.][0-9]*\ttotal actual memory.*/\1/p' "$out/search")
	result="$what: ${found:-holds} ($states states, $(since "$begin") s, $used MB)"
	case ${found:-holds} in
	*"$expected"*) step "$verdict" "$result" ;;
	*) fail "$result; expected: $expected" ;;
	esac
}

# story DEFINITION...: how the last fault comes about: the last steps that matter, each
# with the function that the nearest comment above it names
story() {
	(cd "$out" && spin "$@" -t -p exit.pml) 2>>"$log" |
	awk -v model="$dir/exit.pml" -f "$dir/story.awk"
}

[ -f "$memory/linux-kernel.cfg" ] || die "$memory is missing: 'make tree' makes the tree"
if "$top/proof/herd.sh" 2>"$out/herd"; then
	loader=$(find "$herd/usr" -name 'ld*.so.[0-9]*' -path '*-linux-gnu*' | head -n 1)
	start=$(date +%s)
	for test in "$dir"/*.litmus; do
		litmus "$test"
	done
	step LITMUS "$tests tests with the memory model of $(basename "$work"), $(($(date +%s) - start)) s"
else
	skipped="; skipped: the litmus tests, as there is no herd7"
	step SKIP "the litmus tests: $(sed -n '$s/^error: //p' "$out/herd")"
fi

cp "$dir/exit.pml" "$out"
# The observer and the real parent of a child that reaps itself change nothing that the
# other can see, so they are on stage one at a time.
start=$(date +%s)
while IFS='|' read -r verdict expected what definitions; do
	case $verdict in ''|'#'*) continue ;; esac
	# shellcheck disable=SC2086
	search "$verdict" "$expected" "$what" $definitions
	# shellcheck disable=SC2086
	case " $definitions " in *' -DMAINLINE '*) story $definitions ;; esac
done <"$dir/searches"
step SPIN "$searches searches, $(($(date +%s) - start)) s"
echo "$tests litmus tests, $searches searches, $failed not as expected$skipped"
[ "$failed" = 0 ]
