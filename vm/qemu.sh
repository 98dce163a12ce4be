#!/bin/sh
# Usage: [BASE= | KDIR=] [ACCEL=auto|tcg|kvm] [SMP=] [TIMEOUT=] [REPEAT=] [ROUNDS=] [SEED=] [MINUTES=] vm/qemu.sh kselftest|demo|shell
#        [BASE= | KDIR=] [KERNEL=bzImage] [MILLIONS=] vm/qemu.sh bench
#        vm/qemu.sh check
# Boots the built kernel, or KERNEL, and initramfs. For a shell the console is this
# terminal; otherwise the console goes to $run/console.log and what the guest reports,
# on a port of its own, to $run/results.log. $run/qemu.sh runs the same
# guest again. `check` only checks the variables, before anything is built for a guest.
# Exit status: QEMU's; 2 if it cannot run; 124 after TIMEOUT seconds.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/place.sh"
. "$top/vm/guest.sh"
. "$top/vm/accel.sh"
where
guest_settings

guest=$1
[ "$guest" != check ] || exit 0
[ "$guest" != shell ] || [ -t 0 ] || die "a shell in the guest needs a terminal, and standard input is none"
command -v "$qemu" >/dev/null || die "$qemu is missing; run 'make deps'"
rm -rf "$run"
mkdir -p "$run"

# virtio_console DEVICE BACKEND: a port of virtio, for machines with one serial port
# shellcheck disable=SC2317 # vm/arch/*/arch.sh call it
virtio_console() {
	echo "-chardev $(echo "$2" | sed 's/^file:/file,path=/'),id=results -device $1 -device virtconsole,chardev=results"
}

# qemu GUEST CONSOLE RESULTS: write the command that boots to GUEST
qemu() {
	cat <<-END
	#!/bin/sh
	# Console: $2. Results: $3.
	exec $qemu $(machine) -accel $ACCEL$clock -m $memory \\
	  -nodefaults -no-user-config -display none -no-reboot \\
	  $(ports "$2" "$3") \\
	  -kernel '${KERNEL:-$obj/$image}' -initrd '$initramfs' \\
	  -append 'console=$console GUEST=$1 RESULTS=$results REPEAT=$REPEAT ${ROUNDS:+KSFT_ROUNDS=$ROUNDS }${SEED:+KSFT_SEED=$SEED }${MINUTES:+KSFT_MINUTES=$MINUTES }${MILLIONS:+MILLIONS=$MILLIONS }${DEBUG:+SLOW=$DEBUG }$warn panic=-1 oops=panic quiet loglevel=5 rcupdate.rcu_cpu_stall_timeout=60'
	END
}

cpu=
clock=
# An instruction is a nanosecond of this guest, whatever the host does meanwhile, and
# all addresses are the same each time: so the same instructions run each time.
if [ "$guest" = bench ]; then
	ACCEL=tcg SMP=1 memory=3072 warn="nokaslr norandmaps $warn"
	clock=',thread=single -icount shift=0,sleep=off -rtc clock=vm,base=2000-01-01'
fi
asked=$ACCEL why=
if [ "$ACCEL" != tcg ]; then
	ACCEL=kvm
	if ! find_kvm; then
		[ "$asked" = auto ] || die "KVM does not run a guest here ($why); say ACCEL=tcg"
		ACCEL=tcg cpu=
	fi
fi
echo "$ACCEL" >"$run/accel"

if [ "$guest" = shell ]; then
	step BOOT "Linux on $ACCEL${why:+ ($why)}, $SMP processors; leave with 'exit', or Ctrl-A X"
	qemu shell mon:stdio null >"$run/qemu.sh"
	exec sh "$run/qemu.sh"
fi

step BOOT "Linux on $ACCEL${why:+ ($why)}, $SMP processors (console: $run/console.log)"
: >"$run/console.log"
: >"$run/results.log"
qemu "$guest" "file:$run/console.log" "file:$run/results.log" >"$run/qemu.sh"
timeout --foreground "$TIMEOUT" sh "$run/qemu.sh" </dev/null >"$run/qemu.err" 2>&1 &
pid=$!
# What it ends with is no reason to end with that.
trap 'kill "$pid" 2>/dev/null || :; wait "$pid" || :; exit 130' INT TERM
# Who asks only whether there is a failure in the results, or a report of the kernel's on
# the console, need not wait for the rest; the lines of a report come within a moment.
if [ -n "${STOP_AT_FAILURE:-}" ]; then
	log=$run/results.log failure='^(# )?not ok'
	[ "$STOP_AT_FAILURE" = results ] || log=$run/console.log failure='(BUG|WARNING):'
	{ tail -n +1 -s 0.1 --pid="$pid" -f "$log" | grep -qEm1 -e "$failure" && sleep 2 && kill "$pid"; } &
fi
# One line a finished program while the tests run; with V=1 every line.
show='^(not )?ok '
[ "${V:-}" != 1 ] || show=
[ "$guest" != kselftest ] ||
	tail -n +1 -s 0.1 --pid="$pid" -f "$run/results.log" | tr -d '\r' |
		grep --line-buffered -E -e "$show" | sed -u 's/^/  /' || :
status=0
wait "$pid" || status=$?
[ ! -s "$run/qemu.err" ] || cat "$run/qemu.err" >&2
exit "$status"
