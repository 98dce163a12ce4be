#!/bin/sh
# Usage: scripts/tests/accel_test.sh
# What ACCEL= makes of a KVM that works, hangs or fails; TAP on stdout. QEMU is a script
# here, and no guest is run.
# Exit status: 0 all passed; 1 otherwise.
. "$(dirname -- "$0")/../lib.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/tests/tap.sh"
where
# shellcheck disable=SC2154 # set by scripts/lib.sh
name_of_qemu=$qemu
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-accel.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/bin"
touch "$tmp/kvm"
# $WORKS and $HANGS are the processors with which it does, $BEGINS those with which the guest
# begins, and does not end.
cat >"$tmp/bin/$name_of_qemu" <<'END'
#!/bin/sh
[ "$1" != --version ] || { echo "QEMU ${RELEASE:-1}"; exit; }
cpu=tcg
for arg; do
	[ "$last" != -cpu ] || cpu=$arg
	last=$arg
	case $arg in *probe.results*) results=${arg#*[:=]}; results=${results%%,*} ;; esac
done
case " $WORKS " in *" $cpu "*) echo 'guest: end 0' >"$results" ;; esac
case " $BEGINS " in *" $cpu "*) echo 'guest: begin 6.12.1' >"$results" ;; esac
case " $HANGS " in *" $cpu "*) exec sleep 60 ;; esac
case "$cpu $WORKS " in tcg* | *" $cpu "*) exit 0 ;; esac
echo 'qemu: warning: it is old' >&2
echo 'qemu-system: failed to set MSR 0x1' >&2
exit 134
END
# The seconds that a guest has to get up pass faster.
cat >"$tmp/bin/timeout" <<END
#!/bin/sh
[ "\$1 \$3" != "-k 4" ] || { shift 3; set -- -k 0.2 0.5 "\$@"; }
exec "$(command -v timeout)" "\$@"
END
chmod +x "$tmp/bin"/*

# boots: how the guest is run, and with which probes before
boots() {
	env O="$tmp/o" PATH="$tmp/bin:$PATH" DEV_KVM="$tmp/kvm" WORKS= HANGS= BEGINS= "$@" "$top/vm/qemu.sh" kselftest 2>&1 |
		sed -n 's/^ *PROBE .* processor /probe /p; s/^ *BOOT *Linux on \(.*\), [0-9]* processors.*/\1/p; s/^error: //p' | tr '\n' ';'
}
none='tcg (no KVM with processor host: failed to set MSR 0x1);'
check "auto: KVM works" "$(boots WORKS='host max')" 'probe host;kvm;'
check "auto: and is not asked again" "$(boots)" 'kvm;'
check "auto: another QEMU is" "$(boots RELEASE=2 WORKS=max)" \
	'probe host;probe max;kvm (no KVM with processor host: failed to set MSR 0x1);'
check "auto: and the verdict will tell that" "$(cat "$tmp"/o/*/run/accel)" kvm
check "auto: KVM does not work" "$(boots RELEASE=3 | sed 's/.*;tcg/tcg/')" "$none"
check "auto: nor is it asked again" "$(boots RELEASE=3 WORKS=host)" "$none"
check "auto: and the verdict will tell what ran" "$(cat "$tmp"/o/*/run/accel)" tcg
check "kvm: but that does" "$(boots ACCEL=kvm RELEASE=3 WORKS=host)" 'probe host;kvm;'
check "auto: KVM hangs" "$(boots RELEASE=4 HANGS=host WORKS=max)" \
	'probe host;probe max;kvm (no KVM with processor host: a guest does not get up in 4 s);'
check "kvm: it fails" "$(boots ACCEL=kvm RELEASE=5 | sed 's/.*;KVM does/KVM does/')" \
	'KVM does not run a guest here (no KVM with processor host: failed to set MSR 0x1); say ACCEL=tcg;'
check "auto: no KVM" "$(boots DEV_KVM="$tmp/none")" "tcg ($tmp/none is missing or not yours to use);"
check "auto: a guest begins, and does not come to its end" "$(boots RELEASE=6 BEGINS='host max' | sed 's/.*;tcg/tcg/')" "$none"
check "tcg" "$(boots ACCEL=tcg WORKS=host)" 'tcg;'

echo "1..$number"
[ "$failures" = 0 ]
