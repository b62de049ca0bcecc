#!/bin/bash
# Every test file there is, is run: a theme has its expected output and is in
# REGRESS, unit tests, fuzzers, TAP scripts and isolation specs are started by their runners.
# A fuzzer has the parser that "make coverage" looks at, and docs/security.md counts them all.
set -uo pipefail

bad=0
complain() { echo "$*"; bad=1; }

regress=" $(make -s -f extension.mk print-regress) "
for file in sql/*.sql; do
	name=$(basename "$file" .sql)
	[ -f "expected/$name.out" ] || complain "$file: no expected/$name.out"
	[[ $regress == *" $name "* ]] || complain "$file: not in REGRESS"
done
for file in expected/*.out; do
	name=$(basename "$file" .out)
	[ -f "sql/${name%_[0-9]}.sql" ] || [ -f "sql/$name.sql" ] || complain "$file: no such theme"
done

# What "make check" of a folder would start.
listed() # folder pattern
{
	local plan file name
	plan=$(make -n -C "$1" check 2>&1) || { complain "$1: make -n check fails: $plan"; return; }
	for file in "$1"/$2; do
		[ -e "$file" ] || { complain "$1: no $2"; continue; }
		name=$(basename "$file" .c)
		grep -qE "(^|[^a-z_])$name([^a-z_]|\$)" <<<"$plan" || complain "$file: not run by make -C $1 check"
	done
}
listed test/unit '*_test.c'
listed test/fuzz '*_fuzz.c'

targets=$(basename -s .c -a test/fuzz/*_fuzz.c | sort)
parsers=$(awk '!/^#/ { print $1 }' test/fuzz/parsers | sort)
[ "$targets" = "$parsers" ] || complain "test/fuzz/parsers: other targets than there are:" \
	$(sort <(echo "$targets") <(echo "$parsers") | uniq -u)
grep -qE "\b$(wc -l <<<"$targets") fuzz targets" docs/security.md ||
	complain "docs/security.md: there are $(wc -l <<<"$targets") fuzz targets"

tap=" $(test/lib/tap --list | tr '\n' ' ') "
for file in test/tap/*; do
	case $file in
	*.pl) [[ $tap == *" $file "* ]] || complain "$file: not run by test/lib/tap" ;;
	*) complain "$file: only .pl scripts belong here" ;;
	esac
done

isolation=" $(test/lib/isolation --list | tr '\n' ' ') "
for file in test/isolation/specs/*; do
	[[ $isolation == *" $file "* ]] || complain "$file: not run by test/lib/isolation"
	name=$(basename "$file" .spec)
	[ -f "test/isolation/expected/$name.out" ] || complain "$file: no expected/$name.out"
done
exit $bad
