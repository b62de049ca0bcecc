#!/bin/bash
# Every mutant can be applied, its tests are there, and docs/mutants.md has them all.
set -uo pipefail
[ -d test/mutants ] || { echo "no mutants"; exit 1; }
exec test/mutate --check
