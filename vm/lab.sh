#!/bin/sh
# Usage: [BASE= | KDIR=] [ARCH=] [PAGES=] [DEBUG=] [ACCEL=] [SMP=] [TIMEOUT=] [URL=] vm/lab.sh
# Writes a job for LAVA to $work/lab: the built kernel and initramfs in a QEMU of the lab,
# where each test becomes a result of LAVA's. URL is where the lab finds the files of that
# directory; without it they must be there by their own path. ACCEL=tcg is for a lab
# without KVM; a kernel of another architecture than this machine's is emulated.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/version.sh"
. "$top/scripts/lib/place.sh"
. "$top/vm/guest.sh"
where
guest_settings

kernel=$obj/$image
for file in "$kernel" "$initramfs"; do
	[ -f "$file" ] || die "$file is missing: vm/kernel.sh and vm/initramfs.sh make it"
done
dir=$work/lab$where_arch$where_debug
mkdir -p "$dir"
URL=${URL:-file://$dir}
# It stands in the job as it is, so that its letters are a list, too.
[ "$URL" = "file://$dir" ] || expr "$URL" : '[a-z]*://[A-Za-z0-9:/._+@%=~-]*$' >/dev/null ||
	die "URL=$(printf %s "$URL" | tr '[:cntrl:]' '?') is no address that a job can hold; say one like https://host/path"
no_kvm=false cpu=
[ "$ACCEL" != tcg ] && [ "$ARCH" = "$host_arch" ] || no_kvm=true

cp "$kernel" "$dir/kernel.new"
cp "$initramfs" "$dir/initramfs.new"
cat >"$dir/job.yaml.new" <<END
job_name: CLONE_AUTOREAP, Linux $(kernel_version <"$tree/Makefile") with the series, $ARCH${PAGES:+, $PAGES}${DEBUG:+, DEBUG=$DEBUG}
device_type: qemu
priority: medium
visibility: public
context:
  arch: ${qemu#qemu-system-}
  memory: $memory
  no_kvm: $no_kvm
  extra_options: ["$(machine)", -no-reboot]
timeouts:
  job: {seconds: $((TIMEOUT + 600))}
  connection: {seconds: $TIMEOUT}
actions:
- deploy:
    to: tmpfs
    timeout: {minutes: 5}
    images:
      kernel:
        url: $URL/kernel
        image_arg: '-kernel {kernel} -append "console=$console GUEST=lab RESULTS=$console panic=-1 oops=panic $warn quiet loglevel=5"'
      initramfs:
        url: $URL/initramfs
        image_arg: '-initrd {initramfs}'
- boot:
    method: qemu
    timeout: {minutes: 5}
- test:
    timeout: {seconds: $TIMEOUT}
    monitors:
    - name: kselftest-clone3
      start: 'guest: begin'
      end: 'guest: end 0'
      pattern: 'lab: (?P<result>pass|fail|skip) (?P<test_case_id>\S+)[\r\n]'
END
for file in kernel initramfs job.yaml; do
	mv "$dir/$file.new" "$dir/$file"
done
step LAB "$dir/job.yaml"
