#!/bin/sh
# Usage: [BASE=] [SUITES="bookworm trixie"] [CLIENTS=2000] [ACCEL=] [TIMEOUT=] proof/userland.sh
# Boots Debian's own userland, with systemd, the system bus and a user who logs in, on the
# kernel that `make deb` has built and on Debian's own kernel of the same version, and
# compares: the units that failed and those that run, the session of the user, services
# that end in different ways, what CLIENTS clients of the bus have it get from the calls
# about pidfds, and the errors in the journal. Prints what differs. Needs to be root, for
# the images; the root file systems come from this machine's own mirrors.
# Exit status: 0 nothing differs; 1 something does; 2 the reason.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/place.sh"
. "$top/vm/guest.sh"
. "$top/proof/root.sh"
where
guest_settings

[ "$ARCH:$host_arch" = x86_64:x86_64 ] || die "this is for x86_64 on x86_64"
: "${SUITES:=bookworm trixie}" "${CLIENTS:=2000}"
[ "$TIMEOUT" -ge 1800 ] || TIMEOUT=1800
[ "$ACCEL" = kvm ] || ACCEL=tcg
dir=$work/userland src=$top/proof/userland logs=$work/log-userland

ours=$(echo "$work"/deb/linux-image-*-autoreap_*.deb)
[ -f "$ours" ] || die "there is no package of the kernel in $work/deb; run 'make deb CONFIG=cloud-amd64' first"
release=$(dpkg-deb -f "$ours" Package)
as_root
"$top/scripts/deps.sh" userland
mkdir -p "$dir" "$logs"
version=${release#linux-image-} version=${version%-autoreap}
if ! [ -f "$dir/control-$version.deb" ]; then
	control=$(apt-cache pkgnames "linux-image-$version" | grep -m1 -e "-cloud-$debian_arch\$") ||
		die "Debian has no cloud kernel of $version here to compare with"
	step GET "$control"
	rm -rf "$dir/get"
	mkdir "$dir/get"
	(cd "$dir/get" && "$top/scripts/debian.sh" get "$control")
	mv "$dir"/get/*.deb "$dir/control-$version.deb"
fi

step CC "clients spawn-helper"
gcc -O1 -Wall -Wextra -Werror -static -o "$dir/clients" "$src/clients.c"
gcc -O1 -Wall -Wextra -Werror -static -isystem "$work/deb/obj/usr/include" -o "$dir/spawn-helper" "$top/samples/pidfd/spawn-helper.c"
sed "s/CLIENTS/$CLIENTS/" "$src/trial.service" >"$dir/trial.service"

# image SUITE: $dir/SUITE.img, and the kernels and their initramfs beside it
image() {
	step ROOT "$1: systemd, dbus, both kernels"
	rm -rf "$dir/$1.img" "$dir/$1.id"
	# shellcheck disable=SC2016 # the hooks' $1 is mmdebstrap's
	debian_root "$dir/$1" "$1" --variant=important \
		--include=dbus,systemd-sysv,libpam-systemd,initramfs-tools,linux-base,kmod,procps \
		--customize-hook="copy-in $src/trial.sh $dir/clients $dir/spawn-helper /opt" \
		--customize-hook="copy-in $dir/trial.service /etc/systemd/system" \
		--customize-hook="upload $ours /tmp/series.deb" \
		--customize-hook="upload $dir/control-$version.deb /tmp/control.deb" \
		--customize-hook='chroot "$1" dpkg -i /tmp/series.deb /tmp/control.deb' \
		--customize-hook='chroot "$1" useradd -m reader' \
		--customize-hook='chroot "$1" systemctl enable trial.service' \
		--customize-hook='echo "/dev/vda / ext4 rw 0 1" >"$1/etc/fstab"'
	logged "$logs/$1.mkfs.log" mkfs.ext4 -q -d "$dir/$1" "$dir/$1.img" 3G ||
		die "mkfs.ext4: $(tail -n 1 "$logs/$1.mkfs.log")"
	mkdir -p "$dir/boot"
	rm -rf "${dir:?}/boot/$1"
	cp -r "$dir/$1/boot" "$dir/boot/$1"
	rm -rf "${dir:?}/$1"
}

# boot SUITE KERNEL: the guest to its end; what it says goes to $dir/SUITE.KERNEL
boot() {
	case $2 in
	series) vmlinuz=$(cd "$dir/boot/$1" && echo vmlinuz-*-autoreap) ;;
	control) vmlinuz=$(cd "$dir/boot/$1" && echo vmlinuz-*-cloud-*) ;;
	esac
	step BOOT "$1 on ${vmlinuz#vmlinuz-}"
	# shellcheck disable=SC2046 # words of its own
	timeout --foreground "$TIMEOUT" "$qemu" $(machine) -accel "$ACCEL" -m 1G -nodefaults -display none -no-reboot \
		-kernel "$dir/boot/$1/$vmlinuz" -initrd "$dir/boot/$1/initrd.img-${vmlinuz#vmlinuz-}" \
		-append "root=/dev/vda rw console=ttyS0 quiet" \
		-drive "file=$dir/$1.img,format=raw,if=virtio,snapshot=on" \
		-serial "file:$logs/$1.$2.console" -serial "file:$dir/$1.$2.tty" >"$logs/$1.$2.qemu" 2>&1 ||
		die "$1 on ${vmlinuz#vmlinuz-}: QEMU ended with $? (console: $logs/$1.$2.console)"
	tr -d '\r' <"$dir/$1.$2.tty" | sed -n '/^release/,$p' >"$dir/$1.$2"
	grep -q '^end	0' "$dir/$1.$2" || die "$1 on ${vmlinuz#vmlinuz-}: the trial did not come to its end (console: $logs/$1.$2.console)"
}

# compared FILE: what must be the same. `make deb` leaves BTF out, so systemd cannot load that
# program for RestrictFileSystems=, and says so. How often the bus gets an answer depends on who is
# faster, so there only which answers there are counts.
compared() {
	awk -F'\t' '/bpf-restrict-fs: Failed to load BPF object: No such process/ { next }
		$1 == "bus" { print $1 "\t" $2; next }
		$1 !~ /^(release|boot|clients)$/' "$1" | sort
}

differs=0
for suite in $SUITES; do
	id=$(cksum "$ours" "$dir/control-$version.deb" "$src"/* "$dir/clients" "$dir/spawn-helper" "$dir/trial.service")
	if [ "$id" != "$(cat "$dir/$suite.id" 2>/dev/null)" ]; then
		image "$suite"
		echo "$id" >"$dir/$suite.id"
	fi
	for kernel in control series; do
		boot "$suite" "$kernel"
		compared "$dir/$suite.$kernel" >"$dir/$suite.$kernel.compared"
		step RAN "$(sed -n 's/^boot	//p' "$dir/$suite.$kernel") to multi-user; units: $(grep -c ^running "$dir/$suite.$kernel") run, $(grep -c ^failed "$dir/$suite.$kernel") failed; bus: $(sed -n 's/^bus	\(.*\)	\(.*\)/\2 \1/p' "$dir/$suite.$kernel" | paste -sd, | sed 's/,/, /g')"
	done
	if ! diff -U0 --label "$suite control" --label "$suite series" "$dir/$suite.control.compared" "$dir/$suite.series.compared"; then
		differs=1
	elif ! grep -q "^clients	[1-9].* by CLONE_AUTOREAP" "$dir/$suite.series"; then
		echo "$suite: no client had CLONE_AUTOREAP on the series"
		differs=1
	fi
done
[ "$differs" = 0 ] && echo "no difference: $SUITES"
