# shellcheck shell=sh disable=SC2034 # the variables are for those who source it
# x86_64, as the kernel's `make ARCH=` names it: what is different on it. Sourced by
# scripts/lib.sh; the kernel's configuration is beside it, in `config`.

# What make builds, and where that is below the build's directory.
make_target=bzImage
image=arch/x86/boot/bzImage

# Names that compiler and Debian have for it.
triplet=x86_64-linux-gnu
debian_arch=amd64

# The compiler of the 32-bit programs that run on it, too.
cc32='gcc -m32'

# Debian's packages, beside those that every architecture needs.
packages_arch='gcc-multilib qemu-system-x86'

# The machine, a processor a socket, as the MP table names them; and what the guest calls
# its console and its port for results.
qemu='qemu-system-x86_64'
machine() { echo "-M q35 -smp $SMP,sockets=$SMP,cores=1,threads=1 ${cpu:-}"; }
console=ttyS0 results=ttyS1
# ports CONSOLE RESULTS: where they lead
ports() { echo "-serial $1 -serial $2"; }
