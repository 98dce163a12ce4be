#!/bin/sh
# Usage: scripts/clean.sh clean|mrproper
# clean removes what was built, and keeps the base kernels and the trees assembled from
# them; mrproper removes these too. Only below the mark of an output directory, and only
# what the scripts here make there, by its name. Either refuses to delete work of the user's.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/own.sh"
. "$top/scripts/lib/work.sh"
where_output

case ${1:-} in clean | mrproper) ;; *) die "say scripts/clean.sh clean, or mrproper" ;; esac
if [ "${2:-}" != locked ]; then
	# Nothing was made yet; what is not there is not made to be cleaned.
	[ -e "$O" ] || [ "$O" != "$top/build" ] || exit 0
	# shellcheck disable=SC2119 # not to be made
	own_output
	exec "$top/scripts/lock.sh" "scripts/clean.sh $1 locked"
fi

# gone PATH...
gone() {
	rm -rf "$@" 2>/dev/null || die "root made a part of what is in $O; run the same command by sudo"
}

# What follows a name and a -: see where() in place.sh, and the few who say RUN or LOGS themselves
parts=" $kinds debug $(cd "$top/vm" && echo config/debug/*.config arch/* arch/*/pages/*.config |
	sed 's,[^ ]*/,,g; s/[.]config//g') random deb lava userland "

# built: what was made in this directory of a base
built() {
	gone new files why series series.new obj root run log expected initramfs.cpio initramfs.cpio.new \
		model coverage harness deb lab userland
	for name in obj-* root-* run-* log-* expected-* initramfs-*.cpio initramfs-*.cpio.new deb-* lab-*; do
		rest=${name%.new}
		rest=${rest%.cpio}
		for part in $(echo "${rest#*-}" | tr - ' '); do
			case $parts in *" $part "*) ;; *) continue 2 ;; esac
		done
		gone "$name"
	done
	for kind in $kinds; do
		gone "linux-$kind" "linux-$kind"-debug-*
	done
	[ ! -d linux.git ] || forget linux.git
}

cd "$O"
for base in $(in_output); do
	refuse_work "$O/$base" copy
	[ "$1" = clean ] || refuse_work "$O/$base" 'doing|edits|files|commits|elsewhere|second' "; 'rm -rf $O/$base' drops it"
done
for base in $(in_output); do
	cd "$O/$base"
	built
	if [ "$1" = mrproper ]; then
		# The new names let a later run finish what an interrupted one has begun.
		for part in linux linux.git; do
			[ ! -e "$part" ] || mv "$part" "$part.removed"
			gone "$part.removed"
		done
		gone series.commit series.id series.commit.new series.id.new
	fi
	cd "$O"
	[ "$1" = clean ] || rmdir "$base" 2>/dev/null || step LEFT "$O/$base, which has files that are not from here"
done
[ "$1" = mrproper ] || exit 0
for name in $output_names; do
	[ "$name" = "$mark" ] || gone "./$name"
done
gone ./[0-9]*.removed ./kdir-[0-9]*.removed	# of an earlier version
if [ "$(ls -A)" = "$mark" ]; then
	rm "$mark"
	cd /
	# A file system of its own stays, or what lies where this user makes no directories.
	rmdir "$O" 2>/dev/null || :
else
	step LEFT "$O, which has files that are not from here"
fi
