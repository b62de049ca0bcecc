# evcrypt: the commands.  extension.mk builds the extension (PGXS),
# enclave/Makefile builds E3 and e3ctl, src/cli/Makefile the command line evcrypt.
#
#   make            the extension, E3, e3ctl and evcrypt
#   make install    the extension into PostgreSQL, e3, e3ctl and evcrypt into $(PREFIX)/bin
#   make demo       real data through encrypt() and back, on a throw-away server
#   make check      every test
#   make mutants    takes security checks away, one at a time: a test must notice each;
#                   names of some in MUTANTS="policy-*", as root
#   make soak       an hour of mixed load: what grows, stays open or fails; options in
#                   SOAK="--minutes 10", see test/soak --help for the other long gates
#   make bench      how fast it is, beside what else there is: docs/bench/bench.txt, .json
#                   and .svg; options in BENCH="--quick --only batch", see docs/bench/README.md
#   make bench-engine
#                   how fast E3 is without PostgreSQL; options in BENCH as well
#   make enclave-image
#                   E3 as an enclave of AWS Nitro, and its measurements; a folder of files
#                   of one's own in SITE=, see docs/enclave.md
#   make enclave-image-check
#                   builds the image twice, and compares
#   make enclave-demo
#                   boots it in an emulator, and encrypts from SQL over vsock
#   make coverage   which lines of src/ and enclave/ the tests run; options in
#                   COVERAGE="--missed FILE unit tap", see test/coverage
#   make lint       what a shell can say about the sources
#   make clean
#
# demo, check, soak and the benchmarks install the Debian packages that are missing, and the
# extension into PostgreSQL: run them as root, or by sudo.

PG_CONFIG ?= pg_config
PREFIX ?= /usr/local
VARIANT ?= release
# Debug information and stack traces of E3's binaries are kept: do not strip.
INSTALL_PROGRAM = install -m 755

EXTENSION = $(MAKE) -f extension.mk PG_CONFIG=$(PG_CONFIG)

all: extension enclave cli

extension:
	+$(EXTENSION) all

enclave:
	$(MAKE) -C enclave VARIANT=$(VARIANT)

cli:
	$(MAKE) -C src/cli PG_CONFIG=$(PG_CONFIG)

install: all
	+$(EXTENSION) install
	install -d $(DESTDIR)$(PREFIX)/bin
	$(INSTALL_PROGRAM) enclave/build/$(VARIANT)/e3 enclave/build/$(VARIANT)/e3ctl \
		src/cli/build/evcrypt $(DESTDIR)$(PREFIX)/bin

# Against a server of one's own, with E3 running and evcrypt.endpoints set.
installcheck:
	+$(EXTENSION) installcheck

demo:
	test/demo

check:
	test/check

mutants:
	test/mutate $(MUTANTS)

soak:
	test/soak $(SOAK)

bench:
	test/bench/run $(or $(BENCH),--large --save docs/bench/bench)

bench-engine:
	test/bench/engine/run $(BENCH)

enclave-image:
	enclave/image/build $(if $(SITE),--site '$(SITE)')

enclave-image-check:
	test/enclave/image-check

enclave-demo:
	test/enclave/demo

coverage:
	test/coverage $(COVERAGE)

lint:
	test/lint/all

install-deps:
	test/install-deps

clean:
	+$(EXTENSION) clean
	$(MAKE) -C enclave clean
	$(MAKE) -C src/cli clean
	$(MAKE) -C test/unit clean
	$(MAKE) -C test/fuzz clean
	$(MAKE) -C test/bench/c PG_CONFIG=$(PG_CONFIG) clean
	$(MAKE) -C test/bench/engine/c clean

.PHONY: all extension enclave cli install installcheck demo check mutants soak bench bench-engine \
	coverage enclave-image enclave-image-check enclave-demo lint install-deps clean
