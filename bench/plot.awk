# The lines of figures as commands for gnuplot, which writes life.svg and siblings.svg.
$1 == "version" { version = $2 }
$1 == "life" && $2 == "series" {
	mean[$3, $4, $5] = $7
	if (!($3 in seen)) {
		seen[$3] = 1
		ways[++n] = $3
	}
}
# Those of the flag in reds, the others in blues and greens
BEGIN { split("4477aa 66ccee 228833 88aa44 999999 ee6677 aa3377 cc3311", colours, " ") }
function label(way) { return way ~ /^autoreap/ ? "CLONE_AUTOREAP" substr(way, 9) : way }

END {
	print "set terminal svg size 820,440 background rgb 'white' font 'sans,13' noenhanced"
	print "set grid ytics lc rgb '#dddddd'; set border 3; set tics nomirror"

	print "$life << EOD"
	for (i = 1; i <= n; i++)
		printf "\"%s\" %d %d\n", label(ways[i]), mean[ways[i], "fork", 0] / 1000, mean[ways[i], "vfork", 0] / 1000
	print "EOD"
	print "set output 'life.svg'"
	print "set title 'What the life of a child costs (Linux " version ", no siblings)'"
	print "set ylabel 'thousand instructions, mean'; set yrange [0:*]; set xtics rotate by -25; set rmargin 18; set key left Left reverse"
	print "set style data histogram; set style fill solid 0.8; set boxwidth 0.85"
	print "plot $life using 2:xtic(1) title 'fork()' lc rgb '#4477aa', '' using 3 title 'CLONE_VM|CLONE_VFORK' lc rgb '#ddaa33'"

	print "$siblings << EOD"
	count = split("0 100 1000 10000", numbers, " ")
	for (j = 1; j <= count; j++) {
		printf "\"%s\"", numbers[j]
		for (i = 1; i <= n; i++)
			printf " %d", mean[ways[i], "vfork", numbers[j]] / 1000
		print ""
	}
	print "EOD"
	print "set output 'siblings.svg'"
	print "set title 'The life of a child among live siblings (Linux " version ", CLONE_VM|CLONE_VFORK)'"
	print "set xlabel 'live siblings'; set xtics norotate; set logscale y; set yrange [10:*]"
	print "set style data linespoints; set rmargin -1; set key outside right"
	printf "plot "
	for (i = 1; i <= n; i++)
		printf "%s$siblings using %d:xtic(1) title '%s' lw 2 pt %d lc rgb '#%s'", (i > 1 ? ", " : ""), i + 1, label(ways[i]), i, colours[i]
	print ""
}
