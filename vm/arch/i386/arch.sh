# shellcheck shell=sh disable=SC2034 # the variables are for those who source it
# i386: what is different on it. Sourced by scripts/lib/place.sh; vm/arch/README says what each
# line is for.

make_target=bzImage
image=arch/x86/boot/bzImage

triplet=i686-linux-gnu
debian_arch=i386
packages_native=
packages_cross='gcc-i686-linux-gnu libc6-dev-i386-cross'
packages_qemu='qemu-system-x86'

# Its own programs are 32-bit ones.
cc32() { :; }

qemu='qemu-system-i386'
machine() { echo "-M q35 -smp $SMP,sockets=$SMP,cores=1,threads=1 ${cpu:-}"; }
kvm_model=qemu32
console=ttyS0 results=ttyS1
ports() { echo "-serial $1 -serial $2"; }
