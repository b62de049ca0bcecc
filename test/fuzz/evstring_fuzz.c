/*
 * fuzz/evstring_fuzz.c
 *	  evw_evstring_parse: what it accepts is an envelope, whose text
 *	  (evw_evstring_len, evw_evstring_write) is the input again.
 */
#include "fuzz.h"

#include "wire/evstring.h"

#include <stdlib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cap = evw_evstring_envelope_cap(size);
	uint8_t *envelope_bytes = malloc(cap);
	size_t len;
	EvwStatus status =
		evw_evstring_parse((const char *) data, size, envelope_bytes, &len);

	FUZZ_CHECK(status == EVW_OK ||
			   (status >= EVW_TEXT_NO_PREFIX && status <= EVW_TEXT_TOO_LONG));
	if (status == EVW_OK)
	{
		EvwEnvelope envelope;
		char *text;

		FUZZ_CHECK(len <= cap);
		FUZZ_CHECK(evw_envelope_parse((EvwBytes){envelope_bytes, len}, &envelope) ==
				   EVW_OK);
		FUZZ_CHECK(evw_evstring_len(&envelope) == size);
		text = malloc(size);
		evw_evstring_write(text, &envelope);
		FUZZ_CHECK(memcmp(text, data, size) == 0);
		free(text);
	}
	free(envelope_bytes);
	return 0;
}
