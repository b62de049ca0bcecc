#!/bin/bash
# What has no place in the sources, and why.
set -uo pipefail

bad=0
sources() { find src enclave test/unit test/fuzz -name build -prune -o -name '*.[ch]' -print; }

# A file's code with comments and string literals blanked, line by line.
code()
{
	perl -0777 -pe '
		s{(/\*.*?\*/)|("(?:\\.|[^"\\])*")|(\x27(?:\\.|[^\x27\\])*\x27)}
		 {my $m = $&; $m =~ s/[^\n]/ /g; $m}gse' "$1"
}

ban() # pattern reason
{
	local hits
	hits=$(printf '%s\n' "$code" | grep -nE "$1") || return 0
	sed "s|^|$file:|; s|\$|   ($2)|" <<<"$hits"
	bad=1
}

ban_text() # pattern reason
{
	local hits
	hits=$(grep -nE "$1" "$file") || return 0
	sed "s|^|$file:|; s|\$|   ($2)|" <<<"$hits"
	bad=1
}

while IFS= read -r file; do
	code=$(code "$file")
	ban '\b(strcpy|strcat|sprintf|vsprintf|gets|strncpy|strncat)[[:space:]]*\(' 'length is not checked'
	ban '\b(strtok|atoi|atol|atof|rand|srand)[[:space:]]*\(' 'state or errors are lost'
	ban '\b(system|popen|execl|execlp|execle|execv|execvp)[[:space:]]*\(' 'nothing is executed'
	ban '\b(alloca)[[:space:]]*\(' 'stack of unknown size'
	ban '//' 'comments are /* */'
	ban '^[[:space:]]*#[[:space:]]*if[[:space:]]+0' 'dead code'
	ban_text '\b(TODO|FIXME|XXX|HACK)\b' 'finish it, or write an issue'
	case $file in
	enclave/* | src/*) ban '\b(sleep|usleep)[[:space:]]*\(' 'waits are for events' ;;
	test/*) ban '\b(sleep|usleep|nanosleep)[[:space:]]*\(' 'no sleep as synchronisation' ;;
	esac
	case $file in
	enclave/crypto/*) ban '\bmemcmp[[:space:]]*\(' 'compare secrets with CRYPTO_memcmp' ;;
	esac
done < <(sources | sort)

# Scripts install nothing that replaces somebody else's object (SECURITY of
# extension scripts), and run nobody else's function.
for file in evcrypt--*.sql; do
	ban_text 'CREATE[[:space:]]+OR[[:space:]]+REPLACE' 'a script replaces nothing'
	ban_text 'SECURITY[[:space:]]+DEFINER' 'no security-definer functions'
	ban_text 'CREATE[[:space:]]+ROLE' 'a script makes no roles'
done
exit $bad
