# CLONE_AUTOREAP for the kernels in the field: the front door. See README.md.

# From the environment these count, and no others: programs have variables of such names,
# too. From the command line all do. The last two are what scripts tell each other, and what
# the kernel's own make would take.
environment := O BASE KDIR ARCH CROSS_COMPILE MIRROR ACCEL
variables := TARGETS TESTS ARCHES PAGES SMP TIMEOUT REPEAT ROUNDS SEED MINUTES BASES DEBUG MUTANTS REGRESS CONFIG URL SUITES CLIENTS TAGS OVER ONLY SERIES SIGN V
inner := AWK KIND RUN INITRAMFS EXPECTED KERNEL LINK MILLIONS STOP_AT_FAILURE ELSEWHERE EXAMPLES DEV_KVM OS_RELEASE kvm_model show
kernels := C W M MO LLVM LLVM_IAS KCFLAGS KCPPFLAGS KAFLAGS KBUILD_OUTPUT KBUILD_EXTMOD KBUILD_VERBOSE KCONFIG_CONFIG KCONFIG_ALLCONFIG CFLAGS CPPFLAGS LDFLAGS LDLIBS
$(foreach name,$(variables) $(inner) $(kernels),$(if $(findstring environment,$(origin $(name))),$(eval override undefine $(name))))
BASE ?= 6.12
O ?= build
TARGETS ?= clone3
export $(environment) $(variables)

help:		; @sed 's,@ARCH@,$(notdir $(patsubst %/,%,$(wildcard vm/arch/*/))),' scripts/help

kernel := vm/ready.sh kernel
guest := vm/ready.sh

# One run at a time in one output directory.
locked := @scripts/lock.sh

demo:		; $(locked) '$(guest) && vm/run.sh demo'
check:		; $(locked) scripts/check.sh
kselftest:	; $(locked) '$(guest) && vm/run.sh kselftest'
lint:		; $(locked) 'scripts/deps.sh lint && scripts/cross.sh && scripts/tree.sh && scripts/lint.sh'
mutate:		; $(locked) '$(guest) && proof/mutate.sh'
harness:	; $(locked) 'scripts/deps.sh && scripts/tree.sh && proof/harness.sh'
coverage:	; $(locked) '$(guest) && proof/coverage.sh'
faults:		; $(locked) '$(guest) && proof/faults.sh'
faults: export DEBUG := 1
faults: export TESTS := clone3_autoreap_faults
differ:		; $(locked) proof/differ.sh
differ: export TESTS := clone3_autoreap_random
storm:		; $(locked) proof/storm.sh
storm: export TESTS := clone3_autoreap_storm
bisectcheck:	; $(locked) 'scripts/deps.sh && scripts/cross.sh && scripts/bisect.sh'
bases:		; $(locked) 'scripts/deps.sh && scripts/bases.sh'
arches:		; $(locked) vm/arches.sh
base:		; @scripts/base-name.sh
regress:	; $(locked) 'vm/qemu.sh check && scripts/deps.sh && scripts/tree.sh && proof/regress.sh'
kabi:		; $(locked) 'scripts/deps.sh && scripts/cross.sh && scripts/tree.sh && proof/kabi.sh'
parity:		; $(locked) 'vm/qemu.sh check && scripts/deps.sh && scripts/cross.sh && proof/parity.sh'
theirs:		; $(locked) 'vm/qemu.sh check && scripts/deps.sh && proof/theirs.sh'
model:		; $(locked) 'scripts/deps.sh model && scripts/tree.sh && proof/model.sh'
bench:		; $(locked) 'scripts/deps.sh bench && $(guest) && bench/run.sh'
userland:	; $(locked) proof/userland.sh
programs:	; $(locked) proof/programs.sh
compilers:	; $(locked) proof/compilers.sh
helper:		; $(locked) 'scripts/deps.sh && scripts/tree.sh && proof/helper.sh'
boot:		; $(locked) '$(guest) && vm/qemu.sh shell'
tree:		; $(locked) 'scripts/deps.sh && scripts/tree.sh'
kernel:		; $(locked) '$(kernel)'
deb:		; $(locked) 'scripts/deps.sh deb && scripts/deb.sh'
lab:		; $(locked) '$(guest) && vm/lab.sh'
plots:		; @bench/plots.sh
lava:		; $(locked) proof/lava.sh
image:		; $(locked) '$(kernel) >&2 && vm/kernel.sh --path'
refresh:	; $(locked) 'scripts/deps.sh && scripts/refresh.sh'
series:		; $(locked) 'scripts/deps.sh && scripts/mail.sh'
export:		; $(locked) 'scripts/deps.sh && scripts/refresh.sh --export'
clean mrproper:	; @scripts/clean.sh $@
reach:		; @ELSEWHERE=1 scripts/reach.sh
am:		; @scripts/am.sh
deps:		; @scripts/deps.sh

.PHONY: help demo check kselftest base bases arches reach bisectcheck lint mutate harness coverage faults differ storm regress kabi parity theirs model bench programs compilers helper boot tree kernel image deb lab lava plots userland am refresh series export deps clean mrproper
