# shellcheck shell=sh disable=SC2034 # the variables are for those who source it
# x86_64, as the kernel's `make ARCH=` names it: what is different on it. Sourced by
# scripts/lib.sh; the kernel's configuration is beside it, in `config`.

# What make builds, and where that is below the build's directory.
make_target=bzImage
image=arch/x86/boot/bzImage

# The compiler of the 32-bit programs that run on it, too.
cc32='gcc -m32'

# Debian's packages, beside those that every architecture needs.
packages_arch='gcc-multilib qemu-system-x86'

# The machine: a processor a socket, as the MP table names them, and two serial ports,
# whose names in the guest are in vm/init and in the command line that vm/qemu.sh writes.
qemu='qemu-system-x86_64'
machine() { echo "-M q35 -smp $SMP,sockets=$SMP,cores=1,threads=1"; }
