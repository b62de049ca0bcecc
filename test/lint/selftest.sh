#!/bin/bash
# Every lint must fail on what it is there to find: each violation is planted
# in a copy of the tree.
set -uo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

failed=0 planted=0

fresh_copy()
{
	rm -rf "$tmp/tree"
	mkdir "$tmp/tree"
	(cd "$top" && tar cf - --exclude=.git --exclude=build --exclude=node_modules .) | tar xf - -C "$tmp/tree"
}

# A lint that fails anyway finds nothing.
declare -A sound
is_sound()
{
	if [ -z "${sound[$1]:-}" ]; then
		sound[$1]=no
		(cd "$tmp/tree" && "$top/test/lint/$1".??) >/dev/null 2>&1 && sound[$1]=yes
		[ "${sound[$1]}" = yes ] || { echo "selftest: $1 fails without a violation"; failed=1; }
	fi
	[ "${sound[$1]}" = yes ]
}

plant() # lint what: commands on stdin, run in the copy
{
	local lint=$1 what=$2
	fresh_copy
	is_sound "$lint" || return
	planted=$((planted + 1))
	(cd "$tmp/tree" && sh -e) || { echo "selftest: cannot plant $what"; failed=1; return; }
	if (cd "$tmp/tree" && "$top/test/lint/$lint".??) >/dev/null 2>&1; then
		echo "selftest: $lint does not see $what"
		failed=1
	fi
}

plant rooms "wire including the client" <<'END'
sed -i '1,/^#include/s|^#include|#include "client/report.h"\n&|' src/wire/frame.c
END
plant rooms "an upward include" <<'END'
printf '#include "rpc/rpc.h"\n' >>enclave/base/log.c
END
plant rooms "src looking into the enclave" <<'END'
printf '#include "keyring/keyring.h"\n' >>src/guc.c
END
plant rooms "the enclave looking into src" <<'END'
printf '#include "batch/batch.h"\n' >>enclave/main.c
END
plant rooms "OpenSSL in the network room" <<'END'
printf '#include <openssl/evp.h>\n' >>enclave/net/loop.c
END
plant rooms "ipsec-mb beside its backend" <<'END'
printf '#include <intel-ipsec-mb.h>\n' >>enclave/crypto/aead.c
END
plant rooms "the JOSE library outside of its file" <<'END'
printf '#include <cjose/cjose.h>\n' >>enclave/policy/decide.c
END
plant rooms "JSON where no answer is read" <<'END'
printf '#include <jansson.h>\n' >>enclave/custody/kms.c
END
plant rooms "libcurl beside what loads it" <<'END'
printf '#include <curl/curl.h>\n' >>enclave/custody/custody.c
END
plant rooms "a TPM outside of custody" <<'END'
printf '#include <tss2/tss2_esys.h>\n' >>enclave/keyring/wrap_device.c
END
plant rooms "PKCS #11 outside of custody" <<'END'
printf '#include <p11-kit/pkcs11.h>\n' >>enclave/ctl/reseal.c
END
plant rooms "a module that is loaded outside of custody" <<'END'
printf '#include <dlfcn.h>\n' >>enclave/crypto/library.c
END
plant rooms "an enclave's security module outside of evidence" <<'END'
printf '#include <linux/nsm.h>\n' >>enclave/custody/custody.c
END
plant rooms "an ioctl outside of evidence" <<'END'
printf '#include <sys/ioctl.h>\n' >>enclave/net/evidence.c
END
plant rooms "filters of system calls outside of their file" <<'END'
printf '#include <seccomp.h>\n' >>enclave/main.c
END
plant rooms "CBOR outside of its files" <<'END'
printf '#include <cbor.h>\n' >>src/attest/verify.c
END
plant rooms "the policy looking into the keyring" <<'END'
printf '#include "keyring/keyring.h"\n' >>enclave/policy/decide.c
END
plant rooms "OpenSSL in the wire" <<'END'
printf '#include <openssl/evp.h>\n' >>src/wire/buf.c
END
plant rooms "PostgreSQL in the wire" <<'END'
printf '#include "postgres.h"\n' >>src/wire/buf.c
END
plant rooms "PostgreSQL in the enclave" <<'END'
printf '#include "postgres.h"\n' >>enclave/main.c
END
plant rooms "a socket in the batch" <<'END'
f=$(ls src/batch/*.c src/batch/*.h | head -n 1)
printf '#include <sys/socket.h>\n' >>"$f"
END
plant rooms "a room nobody knows" <<'END'
mkdir src/attic
printf '#include "wire/buf.h"\n' >src/attic/attic.c
END
plant tests_listed "a theme without expected output" <<'END'
echo 'SELECT 1;' >sql/orphan.sql
END
plant tests_listed "expected output without a theme" <<'END'
: >expected/orphan.out
END
plant tests_listed "a theme that REGRESS leaves out" <<'END'
sed -i 's/^THEMES = .*/THEMES = setup/' extension.mk
END
plant tests_listed "a TAP script of the wrong name" <<'END'
: >test/tap/orphan.pl
END
plant tests_listed "an isolation spec without expected output" <<'END'
cp test/isolation/specs/cancel.spec test/isolation/specs/orphan.spec
END
plant tests_listed "an isolation spec of the wrong name" <<'END'
: >test/isolation/specs/orphan.sql
END
plant tests_listed "a unit test that is not run" <<'END'
mkdir -p test/unit/build
cp "$(ls test/unit/*_test.c | head -n 1)" test/unit/orphan_test.c
sed -i 's/\$(wildcard [^)]*)/$(filter-out %orphan_test.c,&)/' test/unit/Makefile
END
plant tests_listed "a fuzzer that is not run" <<'END'
cp "$(ls test/fuzz/*_fuzz.c | head -n 1)" test/fuzz/orphan_fuzz.c
sed -i 's/\$(wildcard [^)]*)/$(filter-out %orphan_fuzz.c,&)/' test/fuzz/Makefile
END
plant tests_listed "a fuzzer without a parser" <<'END'
sed -i '/^path_fuzz /d' test/fuzz/parsers
END
plant tests_listed "a wrong number of fuzzers" <<'END'
sed -i 's/[0-9]* fuzz targets/1000 fuzz targets/' docs/security.md
END
plant symbols "an export without prefix" <<'END'
printf 'int frame_decode(void) { return 1; }\nint evw_ok(void) { return 1; }\n' >planted.c
cc -shared -fPIC -o evcrypt.so planted.c
END
plant symbols "a missing module" <<'END'
rm -f evcrypt.so
END
plant format "spaces instead of tabs" <<'END'
sed -i '0,/^\t/s/^\t/   /' src/wire/frame.c
END
plant size "a source of 501 lines" <<'END'
yes '' | head -n 501 >>src/wire/frame.c
END
plant size "a header of 141 lines" <<'END'
yes '' | head -n 141 >>src/wire/frame.h
END
plant size "a function of 101 lines" <<'END'
{ printf 'void\nplanted(void)\n{\n'; yes '	;' | head -n 99; printf '}\n'; } >src/wire/planted.c
END
plant banned "strcpy" <<'END'
printf 'void f(char *a){ strcpy(a, "x"); }\n' >>src/wire/buf.c
END
plant banned "a line comment" <<'END'
printf 'int a; // no\n' >>src/wire/buf.c
END
plant banned "a note to self" <<'END'
printf '/* %s: later */\n' TODO >>enclave/main.c
END
plant banned "memcmp beside secrets" <<'END'
printf 'int f(void *a, void *b){ return memcmp(a, b, 16); }\n' >>"$(ls enclave/crypto/*.c | head -n 1)"
END
plant banned "sleep in a test" <<'END'
printf 'void f(void){ sleep(1); }\n' >>"$(ls test/unit/*_test.c | head -n 1)"
END
plant banned "a script that replaces" <<'END'
echo 'CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $$SELECT 1$$;' >>evcrypt--1.0.sql
END
plant documents "a block without a language" <<'END'
printf '\n```\nmake\n```\n' >>docs/sql.md
END
plant documents "an indented block" <<'END'
printf '\n    make\n' >>README.md
END
plant documents "a command that is called text" <<'END'
printf '\n```text\nmake check\n```\n' >>README.md
END
plant documents "configuration that goes nowhere" <<'END'
printf '\n```ini\na = b\n```\n' >>docs/operations.md
END
plant mutants "a mutant whose lines are gone" <<'END'
sed -i 's/reader->length <= reader->max/reader->max >= reader->length/' src/wire/frame.c
END
plant mutants "a mutant whose test is gone" <<'END'
rm test/unit/frame_test.c
END
plant mutants "a mutant that the documentation does not name" <<'END'
sed -i '/^| `frame-empty`/d' docs/mutants.md
END

[ $failed = 0 ] && echo "lint selftest: ok ($planted planted violations were found)"
exit $failed
