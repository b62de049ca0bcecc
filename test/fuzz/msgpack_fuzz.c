/*
 * fuzz/msgpack_fuzz.c
 *	  evw_read_skip, evw_reader_finish and every evw_read_* against msgpack-c.
 */
#include "fuzz.h"

#include "msgpack_compare.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FUZZ_CHECK(msgpack_agrees((EvwBytes){data, size}));
	return 0;
}
