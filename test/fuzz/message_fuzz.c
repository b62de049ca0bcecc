/*
 * fuzz/message_fuzz.c
 *	  evw_message_split, and every evw_*_decode with its evw_*_encode.
 *
 * What one of them reads and writes again reads back, and writes the same
 * bytes the second time.
 */
#include "fuzz.h"

#include "recode.h"
#include "wire/frame.h"

#include <stdlib.h>

/* The message in a frame that we wrote ourselves. */
static EvwMessage
split_own(const EvwBuf *buf)
{
	EvwMessage message;
	EvwBytes body = {buf->data + EVW_FRAME_PREFIX, buf->len - EVW_FRAME_PREFIX};

	FUZZ_CHECK(buf->status == EVW_OK);
	FUZZ_CHECK(evw_message_split(body, &message) == EVW_OK);
	return message;
}

static void
try_kind(RecodeKind kind, const EvwMessage *message)
{
	EvwBuf once;
	EvwBuf twice;

	fuzz_buf_init(&once);
	fuzz_buf_init(&twice);
	if (recode(kind, *message, &once) == EVW_OK)
	{
		FUZZ_CHECK(recode(kind, split_own(&once), &twice) == EVW_OK);
		FUZZ_CHECK(fuzz_same((EvwBytes){once.data, once.len},
							 (EvwBytes){twice.data, twice.len}));
	}
	free(once.data);
	free(twice.data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	EvwMessage message;

	if (evw_message_split((EvwBytes){data, size}, &message) != EVW_OK)
		return 0;
	for (int kind = 0; kind < N_RECODE_KINDS; kind++)
		try_kind((RecodeKind) kind, &message);
	return 0;
}
