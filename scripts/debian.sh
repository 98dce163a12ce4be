#!/bin/sh
# Usage: [ELSEWHERE=1] scripts/debian.sh list
#        scripts/debian.sh get PACKAGE[=VERSION | /SUITE]
#        scripts/debian.sh source PACKAGE
#        scripts/debian.sh sources SUITE...
# The linux-source packages of Debian: `list` prints PACKAGE=VERSION of all that the
# sources of this machine offer, and with ELSEWHERE=1 of those of other releases too;
# `get` downloads one, or any other package, to the current directory, from there if this
# machine's own sources lack it. Those lists lie apart, in $O/apt, and change nothing
# else. `source` downloads the source of a package, of the release that this machine runs or,
# if it is none of Debian, of the current one. `sources` prints lines for apt's sources.list: the suites, from this machine's
# mirrors.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/place.sh"
where_output

log=$O/log/get.log
# Where linux-source-* newer than that of the current release, or older, can be.
suites='sid experimental trixie trixie-backports trixie-security bookworm-backports bookworm-security'

# mirror LABEL: where this machine gets what Debian labels so
mirror() {
	# shellcheck disable=SC2016 # apt expands them
	apt-get indextargets --format '$(LABEL)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		sed -n "s/^$1|//p" | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }'
}

# elsewhere COMMAND...: it, with the options that make apt look there. Run by root, apt fetches
# as its own user, and as root only, as it then says in the log, where that user may not write.
elsewhere() {
	set -- "$@" -o Dir::Etc::SourceList="$O/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$O/apt/lists" -o Dir::Cache="$O/apt/cache"
	"$@"
}

# sources SUITE...: them, as lines of sources.list
sources() {
	debian=$(mirror Debian) security=$(mirror Debian-Security)
	[ -n "$debian" ] || die "this machine's apt knows of no mirror of Debian: run 'apt-get update' as root, or add one to its sources"
	for suite; do
		case $suite in *-security) uri=$security ;; *) uri=$debian ;; esac
		[ -z "$uri" ] || echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main"
	done
}

# The lists of the other suites, an hour old at most. One that is gone is no error.
update() {
	[ -z "$(find "$O/apt/updated" -mmin -60 2>/dev/null)" ] || return 0
	mkdir -p "$O/apt/lists/partial" "$O/apt/cache/archives/partial"
	# shellcheck disable=SC2086
	sources $suites >"$O/apt/sources.list"
	logged "$log" elsewhere apt-get update || :
	touch "$O/apt/updated"
}

case ${1:-} in
list)
	# Without lists of its own there is nothing that a machine's sources offer.
	[ -n "$(apt-cache search --names-only '^linux-source-[0-9]')" ] || ELSEWHERE=1
	[ -z "${ELSEWHERE:-}" ] || update
	{
		apt-cache search --names-only '^linux-source-[0-9]' | while read -r package _; do
			apt-cache madison "$package"
		done
		[ -z "${ELSEWHERE:-}" ] ||
		elsewhere apt-cache search --names-only '^linux-source-[0-9]' | while read -r package _; do
			elsewhere apt-cache madison "$package"
		done
	} | awk '{ print $1 "=" $3 }' | sort -uV ;;
get)
	[ $# = 2 ] || die "say which package: scripts/debian.sh get PACKAGE[=VERSION | /SUITE]"
	if ! logged "$log" apt-get download "$2"; then
		step APT "looking for $2 in other releases of Debian"
		update
		logged "$log" elsewhere apt-get download "$2" || die "cannot get $2: $(tail -n 1 "$log")"
	fi ;;
source)
	[ $# = 2 ] || die "say which package: scripts/debian.sh source PACKAGE"
	: "${OS_RELEASE:=/etc/os-release}"
	suite=
	! grep -qx 'ID=debian' "$OS_RELEASE" || suite=$(sed -n 's/^VERSION_CODENAME=//p' "$OS_RELEASE")
	lists=$O/apt/source
	mkdir -p "$lists/lists/partial" "$lists/cache/archives/partial"
	sources "${suite:-trixie}" | sed 's/^deb /deb-src /' >"$lists/sources.list"
	set -- "$2" -o Dir::Etc::SourceList="$lists/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$lists/lists" -o Dir::Cache="$lists/cache" -o APT::Sandbox::User=root
	[ -n "$(find "$lists/updated" -mmin -1440 2>/dev/null)" ] || {
		(shift; logged "$log" apt-get update "$@") || die "cannot get the list of sources: $(tail -n 1 "$log")"
		touch "$lists/updated"
	}
	logged "$log" apt-get source --download-only "$@" || die "cannot get the source of $1: $(tail -n 1 "$log")" ;;
sources)
	shift
	sources "$@" ;;
*)	die "usage: scripts/debian.sh list | get PACKAGE[=VERSION | /SUITE] | source PACKAGE | sources SUITE..." ;;
esac
