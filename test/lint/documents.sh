#!/bin/bash
# Every block of code in README and docs says what it is: run by test/docs-commands, or
# why not.
set -uo pipefail
mapfile -t documents < <(find README.md docs -name '*.md' | sort)
perl test/lib/docs.pl "${documents[@]}"
