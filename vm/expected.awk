# Usage: awk -f vm/expected.awk collection=NAME FILE.c...
# Prints, for verdict.sh, the tests that programs on kselftest_harness must report:
# `collection/program fixture.test noskip`, a line for each variant of a fixture.
# FILE.c is the source of the program FILE.

function arg(n,    a) {
	split(substr($0, index($0, "(") + 1), a, /[,)][ \t]*/)
	return a[n]
}

FNR == 1 { flush(); delete variants; delete fixture; delete name; n = 0
	program = FILENAME; sub(/.*\//, "", program); sub(/\.c$/, "", program) }
/^FIXTURE_VARIANT_ADD\(/ { variants[arg(1)] = variants[arg(1)] " " arg(2) }
/^TEST(_SIGNAL)?\(/ { fixture[++n] = "global"; name[n] = arg(1) }
/^TEST_F(_TIMEOUT|_SIGNAL|_FORK)?\(/ { fixture[++n] = arg(1); name[n] = arg(2) }
END { flush() }

function flush(    i, j, v, k) {
	for (i = 1; i <= n; i++) {
		k = split(variants[fixture[i]], v, " ")
		if (!k)
			print collection "/" program, fixture[i] "." name[i], "noskip"
		for (j = 1; j <= k; j++)
			print collection "/" program, fixture[i] "." v[j] "." name[i], "noskip"
	}
}
