#!/bin/bash
# PostgreSQL loads modules into one namespace: whatever evcrypt.so exports
# carries a prefix of ours, or is one of the names PostgreSQL asks for.
set -uo pipefail

[ -f evcrypt.so ] || { echo "evcrypt.so is not built"; exit 1; }
exported=$(nm -D --defined-only evcrypt.so) || exit 1
[ -n "$exported" ] || { echo "evcrypt.so exports nothing"; exit 1; }
foreign=$(awk '{ print $NF }' <<<"$exported" |
	grep -vE '^(evc_[a-z0-9_]+|evw_[a-z0-9_]+|pg_finfo_evc_[a-z0-9_]+|Pg_magic_func|_PG_init|_PG_fini)$')
[ -z "$foreign" ] || { echo "exported without a prefix:" $foreign; exit 1; }
wc -l <<<"$exported" | sed 's/$/ names/'
