#!/bin/sh
# Usage: scripts/tests/deb_test.sh
# What scripts/deb.sh keeps and removes, and which packages scripts/deps.sh misses; kernel,
# dpkg and apt are scripts. TAP on stdout.
# Exit status: 0 all passed; 1 otherwise.
set -eu
top=$(cd "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-deb.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
. "$top/scripts/tests/tap.sh"
. "$top/scripts/tests/project.sh"
make_project
cd "$tmp"
mkdir -p "$tmp/bin" "$O/6.12/linux/scripts"
# tool NAME COMMANDS: in PATH
tool() {
	printf '#!/bin/sh\n%s\n' "$2" >"$tmp/bin/$1"
	chmod +x "$tmp/bin/$1"
}
tool ccache 'echo /nowhere'
export PATH="$tmp/bin:$PATH" BUILDS="$tmp/builds"

# A kernel that makes packages of the release in $BUILDS, or none
printf '#!/bin/sh\n' >"$O/6.12/linux/scripts/config"
chmod +x "$O/6.12/linux/scripts/config"
cat >"$O/6.12/linux/Makefile" <<'END'
release := $(shell cat $(BUILDS))
kernelrelease: ; @echo $(release)
olddefconfig: ;
bindeb-pkg:
	@[ -n "$(release)" ] || { echo 'error: no space'; exit 1; }
	@mkdir -p $(O)/debian && cd $(O)/.. && touch linux-image-$(release).deb linux-$(release).changes
	@echo linux-image-$(release).deb kernel optional >$(O)/debian/files
	@echo linux-$(release).buildinfo kernel optional >>$(O)/debian/files
END
echo CONFIG_X=y >"$tmp/config"
deb=$O/6.12/deb
debs() { (cd "$deb" && echo *.deb); }
deb() { ran env CONFIG="${CONFIG-$tmp/config}" "$project/scripts/deb.sh" | grep -E '^([0-9]+$|error|  DEB)' | sed 's/ ([0-9]* MB).*//; s/ (log:.*//'; }
echo 6.12.1-autoreap >"$BUILDS"
check "deb: what is built" "$(deb; debs)" "0
  DEB      o/6.12/deb/linux-image-6.12.1-autoreap.deb
linux-image-6.12.1-autoreap.deb"
: >"$BUILDS"
check "deb: a build that fails leaves it" "$(deb; debs)" "2
error: packages: error: no space
linux-image-6.12.1-autoreap.deb"
echo 6.12.2-autoreap >"$BUILDS"
check "deb: the next one takes its place" "$(deb; debs)" "0
  DEB      o/6.12/deb/linux-image-6.12.2-autoreap.deb
linux-image-6.12.2-autoreap.deb"
echo 'no configuration' >"$tmp/none"
check "deb: a file that is no configuration" "$(CONFIG=$tmp/none deb)" "2
error: CONFIG=none is no configuration of a kernel"

# deps: dpkg knows all packages, and one of them as $STATUS
cp "$top/scripts/deps.sh" "$project/scripts/"
touch "$O/.clone-autoreap-output"
# shellcheck disable=SC2016 # they expand it
{
tool apt-get 'echo "apt-get $*" >>"$APT"'
tool dpkg-query 'for last; do :; done; [ "$last" != flex ] || { [ -z "$STATUS" ] || echo "$STATUS"; exit; }; echo installed'
tool rpm 'for last; do :; done; [ "$last" != flex ] || { echo "$STATUS"; [ "$STATUS" = installed ]; exit; }; echo "$last-1"'
tool id 'echo "$AS"'
}
export APT="$tmp/apt" AS=1000
for system in debian fedora; do echo "ID=$system" >"$tmp/$system"; done
# deps STATUS [SYSTEM]
deps() {
	ran env STATUS="$1" OS_RELEASE="$tmp/${2:-debian}" "$project/scripts/deps.sh"
}
missing='2
error: missing packages; run: sudo apt-get update && sudo apt-get install -y --no-install-recommends flex'
check "deps: all are there" "$(deps installed)" 0
check "deps: one is not installed" "$(deps not-installed)" "$missing"
check "deps: one was removed, but for its configuration" "$(deps config-files)" "$missing"
check "deps: dpkg knows nothing of it" "$(deps '')" "$missing"
check "deps: of another distribution" "$(deps 'package flex is not installed' fedora)" 0
export AS=0
check "deps: root installs" "$(deps config-files | grep -v '^  APT'; cat "$APT")" "0
apt-get update
apt-get install -y --no-install-recommends flex"
rm -f "$APT"
# shellcheck disable=SC2016
tool rpm 'for last; do :; done; [ "$last" = flex ] || echo "$last-1"'
check "deps: but not on Fedora" "$(deps '' fedora; cat "$APT" 2>/dev/null)" "2
error: missing packages; run: sudo dnf install -y flex"

# debian: what is not to be had, in no release
# shellcheck disable=SC2016
tool apt-get 'case $1 in indextargets) echo "Debian|http://mirror/debian" ;; *) echo "E: no network"; exit 100 ;; esac'
cp "$top/scripts/debian.sh" "$project/scripts/"
refuses "debian: a package that is not to be had" 'cannot get linux-source-6[.]12: E: no network' "$project/scripts/debian.sh" get linux-source-6.12

cd /
echo "1..$number"
[ "$failures" = 0 ]
