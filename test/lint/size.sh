#!/bin/bash
# Files and functions stay small: .c at most 500 lines, .h at most 140; of all
# functions half have at most 20 lines, 95 of 100 at most 60, none above 100.
set -uo pipefail

files() { find src enclave test \( -name build -o -name node_modules \) -prune -o -name "$1" -print0; }

bad=0
over=$(files '*.c' | xargs -0 wc -l | awk '$2 != "total" && $1 > 500; 0')
over+=$(files '*.h' | xargs -0 wc -l | awk '$2 != "total" && $1 > 140; 0')
[ -z "$over" ] || { echo "too long:"; echo "$over"; bad=1; }

# A body begins with "{" alone at the margin after a line that ends a parameter
# list, and ends with "}" at the margin.
lengths=$(files '*.c' | xargs -0 awk '
	FNR == 1 { start = 0; before = "" }
	/^\{[[:space:]]*$/ && before ~ /\)[[:space:]]*$/ { start = FNR }
	/^\}/ && start { print FNR - start + 1, FILENAME ":" start; start = 0 }
	{ before = $0 }' | sort -n)
[ -n "$lengths" ] || { echo "no functions found"; exit 1; }
awk '
	{ len[NR] = $1; if ($1 > 100) { print "function of " $1 " lines: " $2; bad = 1 } }
	END {
		median = len[int((NR + 1) / 2)]; p95 = len[int((NR * 95 + 99) / 100)]
		if (median > 20) { print "median function has " median " lines"; bad = 1 }
		if (p95 > 60) { print "95th percentile of functions is " p95 " lines"; bad = 1 }
		printf "%d functions: median %d, 95 %% %d, longest %d lines\n", NR, median, p95, len[NR]
		exit bad
	}' <<<"$lengths" || bad=1
exit $bad
