# CLONE_AUTOREAP for the kernels in the field: the front door. See README.md.

# From the environment these count, and no others: programs have variables of such names,
# too. From the command line all do. The last two are what scripts tell each other, and what
# the kernel's own make would take.
environment := O BASE KDIR ARCH CROSS_COMPILE MIRROR ACCEL
variables := TARGETS TESTS ARCHES PAGES SMP TIMEOUT REPEAT ROUNDS SEED MINUTES BASES DEBUG MUTANTS REGRESS CONFIG URL SUITES CLIENTS TAGS OVER ONLY V
inner := AWK KIND RUN INITRAMFS EXPECTED KERNEL LINK MILLIONS STOP_AT_FAILURE ELSEWHERE EXAMPLES DEV_KVM OS_RELEASE kvm_model show
kernels := C W M MO LLVM LLVM_IAS KCFLAGS KCPPFLAGS KAFLAGS KBUILD_OUTPUT KBUILD_EXTMOD KBUILD_VERBOSE KCONFIG_CONFIG KCONFIG_ALLCONFIG CFLAGS CPPFLAGS LDFLAGS LDLIBS
$(foreach name,$(variables) $(inner) $(kernels),$(if $(findstring environment,$(origin $(name))),$(eval override undefine $(name))))
BASE ?= 6.12
O ?= build
TARGETS ?= clone3
export $(environment) $(variables)

help:
	@echo 'make demo              everything, from nothing to a table that shows the feature'
	@echo 'make check             all tests of this project; ends in N passed, N failed, N skipped'
	@echo 'make kselftest         the kselftests of TARGETS in the guest, to a verdict'
	@echo 'make lint              W=1, sparse, kernel-doc and htmldocs: no message beyond those of the base'
	@echo 'make mutate            breaks the kernel in one place at a time: which test notices?'
	@echo 'make harness           breaks these scripts in one place at a time: which of their tests notices?'
	@echo 'make coverage          which lines and branches of the kernel patches the tests reach'
	@echo 'make faults            makes the calls fail at each failure point, one after the other'
	@echo 'make differ            random programs on the kernels of BASES, against the contract'
	@echo 'make storm             many processes do everything at once, on the debug kernels'
	@echo 'make regress           the base'"'"'s own tests on base and series: does one differ?'
	@echo 'make parity KDIR=path  these tests on mainline 7.1 or later: shows its known bugs'
	@echo 'make model             every possible order: herd7 on the barriers, spin on the exit steps'
	@echo 'make bench             what the flag costs and saves, in instructions: a table and plots'
	@echo 'make plots             the plot in bench/README.md, from the figures that are kept there'
	@echo 'make programs          gdb, bwrap, python3 and others with what the page tells people to copy'
	@echo 'make compilers         samples/pidfd/helper.h by the compilers and options that people have, run on 8 architectures'
	@echo 'make helper            breaks samples/pidfd/helper.h in one place at a time: which of its tests notices?'
	@echo 'make userland          Debian'"'"'s systemd, system bus and login on the kernel of make deb: all as without the series?'
	@echo 'make boot              a shell in the guest'
	@echo 'make tree              the base kernel with the series on it, as a git tree'
	@echo 'make kernel            that kernel, built; make image prints the path of its image'
	@echo 'make deb               Debian packages of the kernel, for real machines: an hour or more'
	@echo 'make lab               a job for LAVA: the tests on the kernel, in a lab'
	@echo 'make lava              what a lab would do with it: LAVA checks the job, and runs it'
	@echo 'make base BASE=6.18 KDIR=path  names a tree of 6.18 once; after that BASE=6.18 is enough'
	@echo 'make bases             the series on every base at hand: no fuzz, each patch builds'
	@echo 'make bisectcheck       the same for BASE alone'
	@echo 'make arches            the kselftests on every architecture of vm/arch: a table'
	@echo 'make reach             the releases, of KDIR or of Debian, to which their series applies'
	@echo 'make am KDIR=path      git am of the right series to your own git tree'
	@echo 'make refresh           write files that were edited here into the patches that add them'
	@echo 'make series            the series with its cover letter as mails, in build/BASE/series'
	@echo 'make export            write the commits of the assembled tree back to the patches'
	@echo 'make deps              install what is missing (as root; otherwise says how)'
	@echo 'make clean             remove what was built; mrproper: the base kernels too'
	@echo
	@echo 'Variables; of these O, BASE, KDIR, ARCH, CROSS_COMPILE, MIRROR and ACCEL may be in the environment, too:'
	@echo '  BASE=6.12            the base: Debian'"'"'s linux-source-BASE'
	@echo '  KDIR=path            any kernel tree as the base instead; it is copied, and only make am writes to it'
	@echo '  TARGETS="clone3"     kselftest targets'
	@echo '  TESTS="program ..."  only these programs of TARGETS'
	@echo '  ARCH=                architecture of the guest, as the kernel names it, this machine'"'"'s own or another:'
	@echo '                       $(notdir $(patsubst %/,%,$(wildcard vm/arch/*/)))'
	@echo '  PAGES=64K            with ARCH=arm64: another page size'
	@echo '  ARCHES="name ..."    arches, compilers: only these architectures'
	@echo '  CROSS_COMPILE=       prefix of your cross compiler; Debian'"'"'s is unpacked in O if there is none'
	@echo '  ACCEL=auto           how QEMU runs the guest: kvm, tcg, or the first if it works'
	@echo '  SMP=2                processors of the guest; 4 for mutate'
	@echo '  TIMEOUT=600          seconds that a guest may run; a shell has no limit'
	@echo '  REPEAT=1             how often the guest runs the kselftests'
	@echo '  ROUNDS=              rounds of each race in the tests; the long form is 100000'
	@echo '  SEED=1               differ: the first random program'
	@echo '  BASES="6.12 7.3"     differ: these bases; if not set, BASE'
	@echo '  MINUTES=20           storm: minutes on each debug kernel, by the clock of the guest'
	@echo '  DEBUG=1              a kernel with KASAN, lockdep, kmemleak...; DEBUG=kcsan: data races'
	@echo '  ONLY=autoreap        am: CLONE_AUTOREAP alone, without the flags that came with it in 7.1'
	@echo '  CONFIG=file          deb: the configuration; if not set, that of the running kernel, or Debian'"'"'s'
	@echo '  URL=                 lab: where the lab finds the files of build/BASE/lab'
	@echo '  SUITES= CLIENTS=     userland: only these releases of Debian; how many clients the bus has'
	@echo '  TAGS= OVER=          reach: only these tags; patches to apply to each tree first'
	@echo '  MIRROR=url           a copy of kernel.org'"'"'s pub/linux/kernel'
	@echo '  MUTANTS= REGRESS=    only these mutants, of mutate, harness or helper; only these kselftest targets'
	@echo '  O=build              directory for everything that is made'
	@echo '  V=1                  show the commands'"'"' output'
	@echo
	@echo 'Exit status of check and kselftest: 0 pass, 1 a test failed, 2 usage or build,'
	@echo '3 kernel splat or panic, 4 nothing but skips, 124 timeout (make itself reports 2).'

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
arches:		; $(locked) scripts/arches.sh
base:		; @scripts/name.sh
regress:	; $(locked) 'vm/qemu.sh check && scripts/deps.sh && scripts/tree.sh && proof/regress.sh'
parity:		; $(locked) 'vm/qemu.sh check && scripts/deps.sh && scripts/cross.sh && proof/parity.sh'
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

.PHONY: help demo check kselftest base bases arches reach bisectcheck lint mutate harness coverage faults differ storm regress parity model bench programs compilers helper boot tree kernel image deb lab lava plots userland am refresh series export deps clean mrproper
