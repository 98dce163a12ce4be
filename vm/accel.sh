# shellcheck shell=sh disable=SC2154 # what is not set here is set by vm/qemu.sh
# Sourced by vm/qemu.sh: whether KVM runs a guest here. /dev/kvm may open, and QEMU then
# refuses its processor, or never comes to an end. So a guest is tried, which does nothing,
# with one model of processor after the other, none for more than a few seconds.

# kvm_runs MODEL: whether that guest came to its end; if not, $why says what happened
kvm_runs() {
	kvm_runs_limit=4
	[ -z "$DEBUG" ] || kvm_runs_limit=30
	cpu="-cpu $1"
	: >"$run/probe.results"
	qemu probe "file:$run/probe.log" "file:$run/probe.results" >"$run/probe.sh"
	kvm_runs_rc=0
	# The shell has a word of its own on a QEMU that aborts.
	{ timeout -k 1 "$kvm_runs_limit" sh "$run/probe.sh" >"$run/probe.err" 2>&1 </dev/null || kvm_runs_rc=$?; } 2>/dev/null
	! grep -q '^guest: end 0' "$run/probe.results" || return 0
	case $kvm_runs_rc in
	124 | 137) why="a guest does not get up in $kvm_runs_limit s" ;;
	*) why=$(grep -v ' warning: ' "$run/probe.err" | head -n 1 | sed 's/^qemu-[^ ]* //; s/^error: //') ;;
	esac
	why="no KVM with processor $1: ${why:-$(tail -n 1 "$run/probe.log" 2>/dev/null | tr -d '\r')}"
	return 1
}

# find_kvm: sets $cpu to the first model with which KVM runs a guest. False if there is
# none, and $why says why. What was found is kept in $O/accel for the next time, unless
# QEMU or the kernel here are others by then; ACCEL=kvm has it tried again.
find_kvm() {
	why=$foreign
	[ -z "$why" ] || return 1
	if [ ! -r "${DEV_KVM:=/dev/kvm}" ] || [ ! -w "$DEV_KVM" ]; then
		why="$DEV_KVM is missing or not yours to use"
		return 1
	fi
	find_kvm_key="$(uname -r), $("$qemu" --version | head -n 1)"
	if [ "$asked" = auto ] && [ "$(sed -n 1p "$O/accel/$ARCH" 2>/dev/null)" = "$find_kvm_key" ]; then
		cpu=$(sed -n 2p "$O/accel/$ARCH") why=$(sed -n 3p "$O/accel/$ARCH")
		[ -n "$cpu" ]
		return
	fi
	find_kvm_first=
	for find_kvm_model in host max ${kvm_model:-}; do
		step PROBE "KVM, processor $find_kvm_model"
		kvm_runs "$find_kvm_model" && break
		cpu='' find_kvm_first=${find_kvm_first:-$why}
	done
	why=$find_kvm_first
	mkdir -p "$O/accel"
	printf '%s\n' "$find_kvm_key" "$cpu" "$why" >"$O/accel/$ARCH"
	[ -n "$cpu" ]
}
