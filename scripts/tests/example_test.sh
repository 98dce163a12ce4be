#!/bin/sh
# Usage: scripts/tests/example_test.sh
# Tests what people copy: helper.h with the samples, and the examples of the pages and of the man
# page compile without a warning against the headers of the built kernel, and those that
# run a program tell how it ended, in other languages, too. On a kernel without the flag this is
# their fallback; a seccomp filter makes them take it on any kernel. Prints TAP.
# Exit status: 0 all pass; 1 one fails.
. "$(dirname -- "$0")/../lib.sh"
. "$top/scripts/lib/version.sh"
. "$top/scripts/lib/place.sh"
where

dir=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-example.XXXXXX")
trap 'rm -rf "$dir"' EXIT
number=0 failed=0

# test_that NAME COMMAND...
test_that() {
	name=$1; shift
	number=$((number + 1))
	if "$@" >"$dir/log" 2>&1; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		sed 's/^/# /' "$dir/log"
		failed=1
	fi
}
# skip NAME WHY
skip() {
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}
compiles() { gcc -O2 -Wall -Wextra -Werror -isystem "$obj/usr/include" -o "$dir/$1" "$dir/$1.c"; }
# ends STATUS COMMAND...: whatever is agreed about SIGCHLD where this runs
ends() { wanted=$1 rc=0; shift; env --default-signal=CHLD "$@" || rc=$?; echo "$* ended with $rc, not $wanted"; [ "$rc" = "$wanted" ]; }
# no_program COMMAND...: tells that its program is not there, and takes no other error for that
no_program() { ends 127 "$@" "$dir/none" >"$dir/said" 2>&1 && grep 'none: No such file or directory$' "$dir/said"; }
# answers ERRNOS COMMAND...: each probe has one of these
answers() {
	wanted=$1; shift
	"$@" >"$dir/said"
	sed "s/\$/, not one of $wanted/" "$dir/said"
	! grep -qvE " ($wanted)\$" "$dir/said" && [ "$(wc -l <"$dir/said")" = 2 ]
}
same_answers() { "$dir/probe" >"$dir/said" && "$dir/probe" 1000 | diff "$dir/said" -; }
# starts_nothing COMMAND...: fails as what cannot be started, and nothing was
starts_nothing() {
	rm -f "$dir/started"
	ends "$@" /bin/sh -c ": >$dir/started" && [ ! -e "$dir/started" ]
}

"$top/scripts/examples.sh" "$dir"
cp "$top/scripts/tests/refuse.c" "$top/scripts/tests/unlucky.c" "$dir"
cat >>"$dir/page.c" <<'END'
int main(int argc, char **argv)
{
	int status = argc > 1 ? run_helper(argv + 1) : -1;

	if (status < 0)
		return errno == ENOENT ? 127 : 99;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
END
# Somebody adds the guards of the page of the other flags, or but one of them.
for guard in GUARDED CLONE_NNP CLONE_PIDFD_AUTOKILL; do
	sed "s/ \.argv = argv }/ .argv = argv, .clone_flags = $guard }/
		s/^#include \"helper.h\"/&\n#include \"flags.h\"/" "$dir/page.c" >"$dir/with-$guard.c"
done
cat >"$dir/owner.cc" <<'END'
#include "class.cc"
int main(int argc, char **argv)
{
	helper_args args = {};
	args.path = argv[argc > 1];
	args.argv = argv + 1;
	try {
		Helper helper(args);
		return helper.pidfd() < 0 ? 98 : WEXITSTATUS(helper.wait());
	} catch (const std::system_error &error) {
		return error.code().value() == ENOENT ? 127 : 99;
	}
}
END

guarded='with-GUARDED with-CLONE_NNP with-CLONE_PIDFD_AUTOKILL'
for program in page man readme spawn-helper clone-autoreap $guarded refuse unlucky probe; do
	test_that "$program.c compiles" compiles "$program"
done
for program in page spawn-helper; do
	test_that "$program: tells an exit code" ends 3 "$dir/$program" /bin/sh -c 'exit 3'
	test_that "$program: tells a signal" ends 137 "$dir/$program" /bin/sh -c 'kill -9 $$'
	test_that "$program: tells that there is no such program" ends 127 "$dir/$program" "$dir/none"
done
# nohup(1) itself ignores SIGHUP.
test_that "spawn-helper: keeps what nohup(1) asks for" ends 6 nohup "$dir/spawn-helper" /bin/sh -c 'kill -HUP $$; exit 6'
test_that "page: does not, as it says" ends 129 nohup "$dir/page" /bin/sh -c 'kill -HUP $$; exit 6'

# python PROGRAM...: runs it by the page's script, beside the page's shared object
python() { (cd "$dir" && exec /usr/bin/python3 -B run.py "$@"); }
in_python() {
	gcc -O2 -Wall -Wextra -Werror -shared -fPIC -o "$dir/libhelper.so" "$dir/libhelper.c"
	rc=0; python /bin/sh -c 'exit 5' || rc=$?
	[ "$rc" = 5 ] || return 1
	! python "$dir/none" >"$dir/said" 2>&1 && grep '^FileNotFoundError' "$dir/said"
}
if /usr/bin/python3 -c 'import ctypes' 2>"$dir/log"; then
	test_that "run.py: tells an exit code, and that there is no such program" in_python
else
	skip "run.py" "no python3 with ctypes"
fi
if command -v g++ >/dev/null; then
	test_that "class.cc compiles" g++ -std=c++11 -O2 -Wall -Wextra -Werror -o "$dir/owner" "$dir/owner.cc"
	test_that "class.cc: tells an exit code" ends 3 "$dir/owner" /bin/sh -c 'exit 3'
	test_that "class.cc: tells that there is no such program" ends 127 "$dir/owner" "$dir/none"
else
	skip "class.cc" "no g++"
fi
# memcheck refuses to run without libc's symbols.
if valgrind -q /bin/true >"$dir/log" 2>&1; then
	test_that "spawn-helper under valgrind: tells an exit code, and valgrind nothing" \
		ends 3 valgrind -q --error-exitcode=9 --trace-children=no "$dir/spawn-helper" /bin/sh -c 'exit 3'
	test_that "spawn-helper under valgrind: tells that there is no such program" \
		ends 127 valgrind -q --error-exitcode=9 "$dir/spawn-helper" "$dir/none"
else
	skip "spawn-helper under valgrind" "no valgrind that runs here"
fi
# Which of them it is depends on the kernel, but not on the user. make programs has the kernel.
test_that "probe: answers" answers 'EFAULT|EINVAL' "$dir/probe"
if [ "$(id -u)" = 0 ]; then
	test_that "probe: answers a user as it answers root" same_answers
else
	skip "probe: answers a user as it answers root" "not root"
fi
for error in EINVAL ENOSYS EPERM; do
	refuse="$dir/refuse clone3=$error"
	# shellcheck disable=SC2086 # words
	{
		test_that "spawn-helper: clone3() fails with $error: tells an exit code" \
			ends 3 $refuse "$dir/spawn-helper" /bin/sh -c 'exit 3'
		test_that "spawn-helper -k: clone3() fails with $error: nothing is started" \
			starts_nothing 1 $refuse "$dir/spawn-helper" -k
		test_that "probe: clone3() fails with $error: answers" answers "$error" $refuse "$dir/probe"
		for program in $guarded; do
			test_that "$program: clone3() fails with $error: nothing is started" \
				starts_nothing 99 $refuse "$dir/$program"
		done
	}
done
# What another thread forks meanwhile has a copy of each file.
refuse="$dir/refuse clone3=ENOSYS,pidfd=EINVAL"
# shellcheck disable=SC2086
{
	test_that "helper.h: a worker that is forked meanwhile does not hold it up" $refuse "$dir/unlucky" worker
	test_that "helper.h: nor the helper, when the application is killed" $refuse "$dir/unlucky" killed
	test_that "helper.h without a pidfd: a worker that is forked meanwhile does not hold it up" \
		$refuse,pidfd_open=ENOSYS "$dir/unlucky" worker
}
# A refusal is no news of the helper.
version=$(uname -r)
claim='helper.h: the ioctl is refused:'
refused() {
	ends 1 env --ignore-signal=CHLD "$dir/refuse" clone3=ENOSYS,ioctl=EPERM "$dir/spawn-helper" /bin/true 2>"$dir/said"
	cat "$dir/said"
	grep -q 'Operation not permitted' "$dir/said"
}
test_that "$claim says so" refused
if older 6.9; then
	skip "$claim waits for the end" "this kernel is older than 6.9"
else
	test_that "$claim waits for the end" "$dir/refuse" ioctl=EPERM "$dir/unlucky" refused
fi
emulator=qemu-$(uname -m)
place="spawn-helper in $emulator"
if command -v "$emulator" >/dev/null; then
	test_that "$place: tells an exit code" ends 4 "$emulator" "$dir/spawn-helper" /bin/sh -c 'exit 4'
	test_that "$place: tells a signal" ends 137 "$emulator" "$dir/spawn-helper" /bin/sh -c 'kill -9 $$'
	test_that "$place: tells that there is no such program" no_program "$emulator" "$dir/spawn-helper"
	test_that "$place: a worker that is forked meanwhile does not hold it up" "$emulator" "$dir/unlucky" worker
else
	skip "$place" "no $emulator (Debian's qemu-user)"
fi
echo "1..$number"
[ "$failed" = 0 ]
