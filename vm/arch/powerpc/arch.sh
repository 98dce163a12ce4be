# shellcheck shell=sh disable=SC2034 # the variables are for those who source it
# powerpc, 64-bit little-endian, which is ppc64el for Debian: what is different on it.
# Sourced by scripts/lib/place.sh; vm/arch/README says what each line is for.

# The ELF file itself, which QEMU loads; a zImage would want a compiler for 32-bit, too.
make_target=vmlinux
image=vmlinux

triplet=powerpc64le-linux-gnu
debian_arch=ppc64el
packages_native=
packages_cross='gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross'
packages_qemu='qemu-system-ppc'

# Little-endian programs are 64-bit ones.
cc32() { :; }

qemu='qemu-system-ppc64'
# The mitigations that TCG has not, which it says otherwise.
caps=cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off
machine() { echo "-M pseries,$caps -smp $SMP ${cpu:-}"; }
# Each -serial is a terminal of the hypervisor.
console=hvc0 results=hvc1
ports() { echo "-serial $1 -serial $2"; }
