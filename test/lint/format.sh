#!/bin/bash
# C files are as clang-format leaves them.
set -uo pipefail
find src enclave test \( -name build -o -name node_modules \) -prune -o -name '*.[ch]' -print0 |
	xargs -0 clang-format --dry-run -Werror
