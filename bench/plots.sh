#!/bin/sh
# Usage: bench/plots.sh
# Draws bench/siblings.svg anew from bench/figures, which are those of
# the last `make bench` that bench/README.md cites: a copy of build/bench/figures.
# Exit status: 0; 2 with the reason.
. "$(dirname -- "$0")/../scripts/lib.sh"
. "$top/scripts/lib/own.sh"

"$top/scripts/deps.sh" bench
tmp=$(mktemp -d "${TMPDIR:-/tmp}/autoreap-plots.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
awk -f "$top/bench/plot.awk" "$top/bench/figures" | gnuplot 2>gnuplot.err || die "gnuplot failed: $(head -n 1 gnuplot.err)"
step PLOT bench/siblings.svg
keep "$top/bench/siblings.svg" <siblings.svg
