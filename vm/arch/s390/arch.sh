# shellcheck shell=sh disable=SC2034 # the variables are for those who source it
# s390, which is s390x for everybody but the kernel: what is different on it. Sourced by
# scripts/lib/place.sh; vm/arch/README says what each line is for.

make_target=bzImage
image=arch/s390/boot/bzImage

triplet=s390x-linux-gnu
debian_arch=s390x
packages_native=gcc-multilib
packages_cross='gcc-s390x-linux-gnu gcc-multilib-s390x-linux-gnu'
packages_qemu='qemu-system-misc'

# 31-bit ones, as IBM counts.
cc32() { echo "${CROSS_COMPILE}gcc -m31"; }

qemu='qemu-system-s390x'
machine() { echo "-M s390-ccw-virtio -smp $SMP ${cpu:-}"; }
console=ttyS1 results=hvc0
ports() { echo "-serial $1 $(virtio_console virtio-serial-ccw "$2")"; }
