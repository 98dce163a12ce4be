#!/bin/sh
# Usage: [BASE= | KDIR=] [TARGETS=] [ACCEL=] [SMP=] [TIMEOUT=] [REPEAT=] [ROUNDS=] [SEED=] [MINUTES=] vm/run.sh kselftest|demo
# Boots the guest once and judges what it reports.
# kselftest: the last line is `N passed, N failed, N skipped`. demo: the table.
# Exit status: 0 pass; 1 a test failed or a result is missing; 2 usage or build;
# 3 kernel splat or panic; 4 nothing but skips; 124 timeout.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/place.sh"
. "$top/vm/guest.sh"
where
guest_settings

start=$(date +%s)
status=0
"$top/vm/qemu.sh" "$1" || status=$?
[ "$status" != 2 ] && [ "$status" != 130 ] || exit "$status"

# What a kernel reports, and a debug kernel, and is no fault of this series; each with its reason.
allow=$run/allow
for file in "$top/vm/config/base.allow" "$top/vm/config/debug/$DEBUG.allow"; do
	[ ! -f "$file" ] || cat "$file"
done >"$allow"
judge() {
	"$top/vm/verdict.sh" --status "$status" --allow "$allow" --expected "$expected" \
		"$run/console.log" "$run/results.log"
}

if [ "$1" = demo ]; then
	if tr -d '\r' <"$run/results.log" | grep -q '^guest: end 0$'; then
		echo
		tr -d '\r' <"$run/results.log" | grep -v '^guest:'
		echo
	else
		echo "the guest did not finish the demo:" >&2
		tail -n 5 "$run/console.log" "$run/results.log" >&2
		exit 1
	fi
	exit
fi

verdict=0
judge >"$run/verdict.txt" || verdict=$?
release=$(sed -n 's/^guest: begin //p' "$run/results.log" | tr -d '\r')
slowest=$(tr -d '\r' <"$run/results.log" | awk '
	/^# selftests: / { program = $3 $4; sub(/:/, "/", program) }
	/^# took [0-9]+ s$/ && $3 >= most { most = $3; slowest = program ", " most " s" }
	END { print slowest }')
sed '$d' "$run/verdict.txt"
cat <<END
base      $(git --git-dir="$work/linux.git" log -1 --format=%s base)
kernel    ${release:-did not boot}
guest     $(cat "$run/accel"), $(($(date +%s) - start)) s; slowest: ${slowest:-none}
logs      $run
again     sh $run/qemu.sh
END
tail -n 1 "$run/verdict.txt"
exit "$verdict"
