# shellcheck shell=sh disable=SC2034 # the variables are for those who source it
# x86_64, as the kernel's `make ARCH=` names it: what is different on it. Sourced by
# scripts/lib/place.sh; vm/arch/README says what each line is for.

make_target=bzImage
image=arch/x86/boot/bzImage

triplet=x86_64-linux-gnu
debian_arch=amd64
packages_native=gcc-multilib
packages_cross='gcc-x86-64-linux-gnu gcc-multilib-x86-64-linux-gnu'
packages_qemu='qemu-system-x86'

cc32() { echo "${CROSS_COMPILE}gcc -m32"; }

qemu='qemu-system-x86_64'
# A processor a socket, as the MP table names them.
machine() { echo "-M q35 -smp $SMP,sockets=$SMP,cores=1,threads=1 ${cpu:-}"; }
kvm_model=qemu64
console=ttyS0 results=ttyS1
ports() { echo "-serial $1 -serial $2"; }
