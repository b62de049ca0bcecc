/*
 * fuzz/keyring_fuzz.c
 *	  e3_payload_read: what it accepts, e3_payload_write writes, and that reads
 *	  back to the same.
 */
#include "fuzz.h"

#include "base/secret.h"
#include "keyring/payload.h"

#include <stdlib.h>

/* NULL if the payload is refused; else what is written of it. */
static E3Keyring *
read_and_write(EvwBytes payload, EvwBuf *written)
{
	E3Keyring *keyring = e3_keyring_new();
	EvwStatus status;

	FUZZ_CHECK(keyring != NULL);
	status = e3_payload_read(payload, keyring);
	FUZZ_CHECK(status == EVW_OK || status == EVW_KEYRING_FORMAT ||
			   status == EVW_KEYRING_FULL);
	if (status == EVW_OK)
	{
		e3_payload_write(written, keyring);
		FUZZ_CHECK(written->status == EVW_OK);
		return keyring;
	}
	e3_keyring_release(keyring);
	return NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool has_arena;
	EvwBuf once;
	EvwBuf twice;
	E3Keyring *first;

	if (!has_arena)
		FUZZ_CHECK(e3_secret_init(1 << 20) == EVW_OK);
	has_arena = true;
	fuzz_buf_init(&once);
	fuzz_buf_init(&twice);
	first = read_and_write((EvwBytes){data, size}, &once);
	if (first != NULL)
	{
		E3Keyring *second = read_and_write((EvwBytes){once.data, once.len}, &twice);

		FUZZ_CHECK(second != NULL);
		FUZZ_CHECK(e3_keyring_count(first) == e3_keyring_count(second));
		FUZZ_CHECK(fuzz_same((EvwBytes){once.data, once.len},
							 (EvwBytes){twice.data, twice.len}));
		e3_keyring_release(second);
		e3_keyring_release(first);
	}
	free(once.data);
	free(twice.data);
	return 0;
}
