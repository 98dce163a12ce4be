#!/bin/sh
# Usage: [BASE= | KDIR=] scripts/lint.sh
# What `make check` is too quick for: the objects that the series touches with W=1
# and sparse, their kernel-doc, and the page in HTML, each without a message that the
# base does not have. Needs what scripts/deps.sh lint installs.
# Exit status: 0; 1 there is a message; 2 usage or build.
. "$(dirname -- "$0")/lib.sh"
. "$top/scripts/lib/git.sh"
. "$top/scripts/lib/place.sh"
. "$top/scripts/lib/build.sh"
where

repo=$work/linux.git
series=$(own_git --git-dir="$repo" rev-parse series)
export KIND=bisect
where
objects=$(touched "$repo" "$series" '*.c' | sed 's/c$/o/')

# messages LOG: of compiler, sparse and kernel-doc, without line numbers. How often a header
# that the series does not touch has one depends on who uses it.
messages() {
	touched "$repo" "$series" '*' >"$logs/lint-touched"
	grep -iE '(warning|error):' "$1" | sed "s|$tree/||g; s|^\.\./||; s/:[0-9]*:[0-9]*:/:/; s/:[0-9]*:/:/" |
		sort | uniq -c | awk -v touched="$logs/lint-touched" '
			BEGIN { while ((getline file <touched) > 0) own[file] }
			{ file = $2; sub(/:.*/, "", file); if (file ~ /[.]h$/ && !(file in own)) $1 = "-"; print }'
}

# compare WHAT COMMAND...: its messages on the base and on the series
compare() {
	what=$1; shift
	for rev in base "$series"; do
		"$top/scripts/checkout.sh" "$rev"
		logged "$logs/lint.log" "$@" || die "$what: $(grep -m1 -E 'error:|\*\*\*' "$logs/lint.log" || tail -n 1 "$logs/lint.log") (log: $logs/lint.log)"
		messages "$logs/lint.log" >"$logs/lint-$([ "$rev" = base ] && echo base || echo series)"
	done
	if grep -q 'not available or not up to date' "$logs/lint.log"; then
		step SKIP "$what: $(grep -o 'C=1 specified.*' "$logs/lint.log")"
		return
	fi
	if new=$(diff "$logs/lint-base" "$logs/lint-series" | grep '^>'); then
		step FAIL "$what"
		echo "$new"
		failed=1
	else
		step OK "$what ($(wc -l <"$logs/lint-base") messages of the base's own)"
	fi
}

objects() {
	# shellcheck disable=SC2086
	(cd "$obj" && rm -f $objects)
	# shellcheck disable=SC2086
	kmake -j"$(nproc)" "$@" $objects
}
kernel_doc() {
	touched "$repo" "$series" '*.[ch]' | while read -r file; do
		(cd "$tree" && scripts/kernel-doc -none "$file" 2>&1) || :
	done
}
html() {
	rm -rf "$obj/Documentation/output"
	kmake -j"$(nproc)" SPHINXDIRS=userspace-api htmldocs
}

failed=0
"$top/scripts/checkout.sh" base
"$top/vm/kernel.sh" --config
compare "W=1 on the touched objects" objects W=1
compare "sparse on the touched objects" objects C=1 CF=-D__CHECK_ENDIAN__
compare "kernel-doc of the touched files" kernel_doc
compare "htmldocs of userspace-api" html
[ "$failed" = 0 ]
