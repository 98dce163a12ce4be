#!/bin/sh
# Usage: [BASE= | KDIR=] [ARCH=] [SMP=] [TIMEOUT=] proof/lava.sh
# Does with the job of `make lab ACCEL=tcg` what a lab would: LAVA's own check of its form,
# and one run of lava-run, on the QEMU device of LAVA's templates. Debian's packages of LAVA
# are unpacked in $O/lava, not installed; that needs root. The log goes to $work/log-lava.
# Exit status: 0 LAVA is content and no test failed; 1 not so; 2 with the reason.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/place.sh"
. "$top/vm/guest.sh"
. "$top/proof/root.sh"
where
guest_settings

job=$work/lab$where_arch/job.yaml root=$O/lava/root logs=$work/log-lava$where_arch
[ -f "$job" ] || die "there is no $job; run 'make lab ACCEL=tcg' first"
{ grep -q 'url: file:' "$job" && grep -q 'no_kvm: true' "$job"; } ||
	die "$job is for a lab elsewhere; run 'make lab ACCEL=tcg' without URL"
as_root
"$top/scripts/deps.sh" userland
mkdir -p "$logs"

if [ ! -f "$O/lava/made" ]; then
	step ROOT "Debian 12 with LAVA's dispatcher"
	rm -rf "$O/lava"
	mkdir -p "$O/lava"
	debian_root "$root" "bookworm bookworm-security" --variant=apt --aptopt='APT::Install-Recommends "false"' \
		--include=lava-dispatcher,qemu-system-x86,qemu-system-arm
	# The templates of the devices are the server's, which need not run.
	(cd "$O/lava" && "$top/scripts/debian.sh" get lava-server && dpkg-deb -x lava-server_*.deb server)
	cp -r "$O/lava/server/usr/share/lava-server/device-types" "$root/"
	touch "$O/lava/made"
fi

# The job names its files by their path here.
rm -rf "$root/lab" "$root${job%/*}"
mkdir -p "$root/lab" "$root${job%/*}"
cp "${job%/*}"/* "$root${job%/*}/"
cat >"$root/lab/device.py" <<'END'
"""Prints the QEMU device that a job asks for, after a check of the job's form."""
import sys
import jinja2
import yaml
from lava_common.schemas import validate

with open(sys.argv[1]) as file:
    job = yaml.safe_load(file)
validate(job, strict=True)
templates = jinja2.Environment(loader=jinja2.FileSystemLoader("/device-types"), trim_blocks=True)
device = templates.from_string("{% extends 'qemu.jinja2' %}{% set mac_addr = '52:54:00:12:34:59' %}")
print(device.render(**job["context"]))
END

# inside COMMAND: in that root, with what QEMU and terminals need, gone with the command
# shellcheck disable=SC2016 # the inner shell expands it
inside() {
	unshare --mount --fork sh -ec 'mount -t proc proc "$1/proc"; mount -t tmpfs tmp "$1/tmp"
		mkdir -p "$1/dev/pts"; mount -t devpts -o newinstance,ptmxmode=666 pts "$1/dev/pts"
		rm -f "$1/dev/ptmx"; ln -s pts/ptmx "$1/dev/ptmx"; exec chroot "$1" sh -c "$2"' - "$root" "$1"
}
step SCHEMA "$job"
inside "python3 /lab/device.py '$job' >/lab/device.yaml" 2>"$logs/schema.log" || {
	echo "LAVA refuses the job: $(tail -n 1 "$logs/schema.log")" >&2
	exit 1
}
step RUN "lava-run (log: $logs/run.log)"
inside "lava-run --device /lab/device.yaml --output-dir /lab/out --job-id 1 '$job'" >"$logs/run.log" 2>&1 || :
# results RESULT: how many tests have it
results() { grep '"definition": "kselftest-clone3"' "$logs/run.log" | grep -c "\"result\": \"$1\"" || :; }
echo "$(results pass) passed, $(results fail) failed, $(results skip) skipped"
grep -q '"case": "job", "definition": "lava", "result": "pass"' "$logs/run.log" || {
	echo "LAVA: $(grep -o '"error_msg": "[^"]*"' "$logs/run.log" | tail -n 1)" >&2
	exit 1
}
[ "$(results fail)" = 0 ] && [ "$(results pass)" != 0 ]
