#!/bin/sh
# Usage: [BASE=] [MUTANTS="name ..."] proof/harness.sh
# Breaks the scripts of this project in one place at a time, and runs their own tests: which
# one notices? The mutants are records of proof/mutants/harness, see proof/harness.awk. All
# happens in a copy of what git tracks here, with a repository and headers of its own; for
# these the tree must be there.
# A mutant is tried on the tests that read its file, as the unbroken copy has shown, those
# that name it first. A test that hangs is cut, and has noticed. Prints which test that was, or
# that the mutant has survived. What was found is kept in $work/harness: a run that was cut
# off goes on where it was, as long as nothing but the mutants has changed.
# Exit status: 0 none survived but those listed; 1 one did, or one that is listed did not;
# 2 usage, or a mutant that does not apply; 3 the tests fail on the unbroken copy.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/build.sh"
where

dir=$top/proof/mutants/harness out=$work/harness repo=$work/linux.git
chosen=${MUTANTS:-}
# The tests are to be as they are without it.
unset MUTANTS MAKEFLAGS MAKELEVEL MFLAGS KDIR
awk=$top/proof/harness.awk

mkdir -p "$out"
awk -f "$awk" "$dir"/* >"$out/mutants" || die "proof/mutants/harness is not in order"
for wanted in $chosen; do
	cut -f1 "$out/mutants" | grep -qxF -e "$wanted" || die "MUTANTS: there is no $wanted in $dir"
done

tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-harness.XXXXXX") pid=''
gone() {
	[ -z "$pid" ] || { kill "$pid" && wait "$pid"; } 2>/dev/null || :
	chmod -R u+rwX "$tmp" 2>/dev/null || :
	rm -rf "$tmp" "$out/now"
}
trap gone EXIT
trap 'exit 130' INT TERM HUP

# The copy, in $out/clean: the project, and an output directory with what the tests need of
# a base: its commits, the headers of its kselftests, and those for programs. Each mutant has
# a copy of that, $out/now, as it may break whatever is there.
rm -rf "$out/clean/project" "$out/now"
mkdir -p "$out/clean/project"
cd "$top"
own_git -C "$top" ls-files -z | cpio --quiet -0 -pdm "$out/clean/project"
cd "$out/clean/project"
id=$(find . -type f ! -path './proof/mutants/harness/*' -exec cksum {} + | LC_ALL=C sort | cksum | cut -d' ' -f1)
own_git init -q
own_git add -Af .
series=$(own_git --git-dir="$repo" rev-parse -q --verify series) || die "there is no tree of $BASE; run 'make tree'"
if [ "$series" != "$(cat "$out/clean/series" 2>/dev/null)" ]; then
	step HEADERS "of Linux $(own_git --git-dir="$repo" log -1 --format=%s base), with the series"
	base=$out/clean/o/$BASE
	rm -rf "$out/clean/o" "$out/clean/series"
	mkdir -p "$base/linux"
	own_git clone -q --bare --shared "$repo" "$base/linux.git"
	own_git --git-dir="$repo" archive "$series" Makefile tools/testing/selftests/clone3 'tools/testing/selftests/*.h' |
		tar -x -C "$base/linux"
	obj=$base/obj logs=$out
	build headers -j"$(nproc)" headers
	find "$obj" -mindepth 1 -maxdepth 1 ! -name usr -exec rm -rf {} +
	echo "$series" >"$out/clean/series"
fi
# With these the copy's tree is one that need not be made.
cp "$work/series.id" "$work/series.commit" "$out/clean/o/$BASE/"
project=$out/now/project
fresh() { rm -rf "$out/now"; cp -a "$out/clean" "$out/now"; }

# passes TEST SECONDS: whether all is well with it; if not, $found says what is not
passes() {
	room=$(mktemp -d "$tmp/XXXXXX") rc=0
	: >"$tmp/log"
	# What runs in the background would never hear of a Ctrl-C.
	(cd "$project" && exec env --default-signal=INT,QUIT TMPDIR="$room" O="$out/now/o" \
		timeout -k 5 "$2" "./$1") >"$tmp/log" 2>&1 </dev/null &
	pid=$!
	# What it says after its first failure need not be waited for.
	{ tail -n +1 -s 0.1 --pid="$pid" -f "$tmp/log" | grep -q '^not ok ' && kill "$pid"; } 2>/dev/null &
	{ wait "$pid" || rc=$?; } 2>/dev/null
	pid=''
	# What is still about there goes with $tmp.
	{ chmod -R u+rwX "$room" && rm -rf "$room"; } 2>/dev/null || :
	found=$(grep -m1 '^not ok ' "$tmp/log" | sed 's/^not ok [0-9]* - //') || :
	case $rc in
	124 | 137) found="hangs${found:+, after: $found}" ;;
	0)	[ -n "$found" ] || [ "$(tail -n 1 "$tmp/log")" = "1..$(grep -c '^ok ' "$tmp/log")" ] ||
			found="no complete TAP" ;;
	*)	: "${found:=exit status $rc: $(grep -v '^ok ' "$tmp/log" | tail -n 1)}" ;;
	esac
	[ -z "$found" ]
}

# The unbroken copy: how long each test takes, and what of the project it reads. A read
# changes the time of a file that was not read since it was written.
if [ "$id $series" != "$(head -n 1 "$out/tests" 2>/dev/null)" ]; then
	fresh
	[ "$id $series" = "$(head -n 1 "$out/tests.new" 2>/dev/null)" ] || echo "$id $series" >"$out/tests.new"
	for test in "$project"/*/tests/*_test.sh; do
		test=${test#"$project/"}
		! awk '{ print $2 }' "$out/tests.new" | grep -qxF -e "$test" || continue
		find "$project" -path "$project/.git" -prune -o -type f -exec touch -a -d '2 days ago' {} +
		start=$(date +%s)
		passes "$test" 1200 || { echo "error: $test fails on the unbroken copy: $found" >&2; exit 3; }
		seconds=$(($(date +%s) - start))
		step NONE "$test, $seconds s"
		reads=$(cd "$project" && find . -path ./.git -prune -o -type f -newerat '1 day ago' -print | cut -c3- | tr '\n' ' ')
		# Where the file system keeps no such times it may read all.
		case " $reads" in *" $test "*) ;; *) reads='*' ;; esac
		echo "$seconds $test $reads" >>"$out/tests.new"
	done
	mv "$out/tests.new" "$out/tests"
fi

# tests_of FILE: those that read it, with a limit of seconds; those that name it first, the
# quicker ones before the slower
tests_of() {
	sed 1d "$out/tests" | while read -r seconds test reads; do
		case " $reads " in *" $1 "* | ' * ') ;; *) continue ;; esac
		names=1
		! grep -qF -e "${1##*/}" "$project/$test" || names=0
		echo "$names $seconds $test $((60 + seconds * 5))"
	done | sort -n -k1,1 -k2,2 | cut -d' ' -f3,4
}

touch "$out/found"
killed=0 survived=0 listed=0 broken=0
while IFS='	' read -r name file means reason <&3; do
	case " ${chosen:-$name} " in *" $name "*) ;; *) continue ;; esac
	set=$(grep -lxF -e "$name $file" "$dir"/*)
	if ! awk -v name="$name" -f "$awk" "$set" "$out/clean/project/$file" >"$tmp/mutant" 2>"$tmp/why"; then
		step BROKEN "$name: $(head -n 1 "$tmp/why")"
		broken=$((broken + 1))
		continue
	fi
	key="$id $series $name $(cksum <"$tmp/mutant" | cut -d' ' -f1)"
	text=$(sed -n "s/^$key //p" "$out/found" | tail -n 1)
	if [ -z "$text" ] || [ -n "$chosen" ]; then
		fresh
		cat "$tmp/mutant" >"$project/$file"
		tests_of "$file" >"$tmp/order"
		text=SURVIVED
		while read -r test limit <&4; do
			passes "$test" "$limit" || { text="$test: $found"; break; }
		done 4<"$tmp/order"
		echo "$key $text" >>"$out/found"
	fi
	case $text:$reason in
	SURVIVED:)	step SURVIVED "$name: $means"; survived=$((survived + 1)) ;;
	SURVIVED:*)	step LISTED "$name: $reason"; listed=$((listed + 1)) ;;
	*:)	step KILLED "$name: $text"; killed=$((killed + 1)) ;;
	*)	step KILLED "$name, though it is listed as one that survives: $text"; survived=$((survived + 1)) ;;
	esac
done 3<"$out/mutants"
echo "$killed killed, $survived survived, $listed listed, $broken not applied"
[ "$((killed + survived + listed + broken))" != 0 ] || die "there is no mutant to try in $dir"
[ "$broken" = 0 ] || exit 2
[ "$survived" = 0 ]
