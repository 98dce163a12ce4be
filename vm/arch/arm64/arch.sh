# shellcheck shell=sh disable=SC2034 # the variables are for those who source it
# arm64: what is different on it. Sourced by scripts/lib.sh; the kernel's configuration is
# beside it, in `config`.

# What make builds, and where that is below the build's directory.
make_target=Image
image=arch/arm64/boot/Image

# Names that compiler and Debian have for it.
triplet=aarch64-linux-gnu
debian_arch=arm64

# The compiler of the 32-bit programs that run on it, too: none yet.
cc32=

# Debian's packages, beside those that every architecture needs.
packages_arch='qemu-system-arm'

# The machine, and what the guest calls its console and its port for results.
qemu='qemu-system-aarch64'
machine() { echo "-M virt,gic-version=3 -smp $SMP${cpu:- -cpu cortex-a57}"; }
console=ttyAMA0 results=hvc0
# ports CONSOLE RESULTS: where they lead
ports() { echo "-serial $1 $(virtio_console virtio-serial-device "$2")"; }
