# shellcheck shell=sh disable=SC2034 # the variables are for those who source it
# riscv, 64-bit: what is different on it. Sourced by scripts/lib/place.sh; vm/arch/README says
# what each line is for.

make_target=Image
image=arch/riscv/boot/Image

triplet=riscv64-linux-gnu
debian_arch=riscv64
# Debian has it since that release.
suite=trixie
packages_native=
packages_cross='gcc-riscv64-linux-gnu libc6-dev-riscv64-cross'
packages_qemu='qemu-system-misc'

# There is no libc for 32-bit programs.
cc32() { :; }

qemu='qemu-system-riscv64'
machine() { echo "-M virt -smp $SMP ${cpu:--cpu rv64}"; }
console=ttyS0 results=hvc0
ports() { echo "-serial $1 $(virtio_console virtio-serial-device "$2")"; }
