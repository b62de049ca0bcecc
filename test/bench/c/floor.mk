# The library with the functions of floor.c, built by PGXS; never installed.
MODULE_big = evcrypt_bench
OBJS = floor.o e3.o
PG_CPPFLAGS = -I../../../src -MMD -MP
PG_CFLAGS = -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter \
	-Wno-missing-field-initializers -Wno-sign-compare
EXTRA_CLEAN = $(OBJS:.o=.d)
override with_llvm = no

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

-include $(OBJS:.o=.d)
