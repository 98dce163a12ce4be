# shellcheck shell=sh disable=SC2034 # the variables are for those who source it
# arm64: what is different on it. Sourced by scripts/lib/place.sh; vm/arch/README says what each
# line is for.

make_target=Image
image=arch/arm64/boot/Image

triplet=aarch64-linux-gnu
debian_arch=arm64
packages_native='gcc-arm-linux-gnueabihf libc6-dev-armhf-cross'
packages_cross="gcc-aarch64-linux-gnu libc6-dev-arm64-cross $packages_native"
packages_qemu='qemu-system-arm'

cc32() { echo arm-linux-gnueabihf-gcc; }
headers32=arm
# Else they are laid out for pages of 4K, and die on others.
ldflags32=-Wl,-z,max-page-size=65536

qemu='qemu-system-aarch64'
machine() { echo "-M virt,gic-version=max -smp $SMP ${cpu:--cpu cortex-a57}"; }
console=ttyAMA0 results=hvc0
ports() { echo "-serial $1 $(virtio_console virtio-serial-device "$2")"; }
