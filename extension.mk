# The extension, built by PGXS.  The Makefile beside this file calls it, because
# most of its commands must also work before PostgreSQL is installed.

MODULE_big = evcrypt
EXTENSION = evcrypt
DATA = evcrypt--1.0.sql
PGFILEDESC = "evcrypt - columns encrypted by a separate process"
# src/cli is a program of its own.
OBJS = $(patsubst %.c,%.o,$(filter-out src/cli/%,$(sort $(wildcard src/*.c src/*/*.c))))

# setup comes first and cleanup last; the others are independent of each other.
REGRESS = $(filter setup,$(THEMES)) $(filter-out setup cleanup,$(THEMES)) \
	$(filter cleanup,$(THEMES))
THEMES = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))

PG_CPPFLAGS = -Isrc -MMD -MP
PG_CFLAGS = -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter \
	-Wno-missing-field-initializers -Wno-sign-compare
# Calls from one file of the library to another go straight there, not by a table.
SHLIB_LINK = -Wl,-Bsymbolic-functions -lssl -lcrypto -lcbor
EXTRA_CLEAN = $(OBJS:.o=.d) results regression.diffs regression.out

# Bitcode doubles the build and inlines nothing that costs here.
override with_llvm = no

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

-include $(OBJS:.o=.d)

# For test/lib/regress and the lints.
print-regress:
	@echo $(REGRESS)
.PHONY: print-regress
