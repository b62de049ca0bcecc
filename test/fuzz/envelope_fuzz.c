/*
 * fuzz/envelope_fuzz.c
 *	  evw_envelope_parse: what it accepts writes the same head again
 *	  (evw_envelope_write_head), and its text (evw_evstring_write) parses to
 *	  the same bytes but for the hint.
 */
#include "fuzz.h"

#include "wire/evstring.h"

#include <stdlib.h>
#include <string.h>

#define AT_HINT 2

/* By way of the text form. */
static void
check_text(EvwBytes bytes, const EvwEnvelope *envelope)
{
	size_t text_len = evw_evstring_len(envelope);
	char *text = malloc(text_len);
	uint8_t *back = malloc(evw_evstring_envelope_cap(text_len));
	size_t len;

	FUZZ_CHECK(text_len <= EVW_EVSTRING_MAX);
	evw_evstring_write(text, envelope);
	FUZZ_CHECK(evw_evstring_parse(text, text_len, back, &len) == EVW_OK);
	FUZZ_CHECK(len == bytes.len);
	FUZZ_CHECK(!evw_hint_known(back + AT_HINT));
	memcpy(back + AT_HINT, bytes.data + AT_HINT, EVW_HINT_LEN);
	FUZZ_CHECK(memcmp(back, bytes.data, len) == 0);
	free(text);
	free(back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	EvwBytes bytes = {data, size};
	uint8_t head[EVW_ENVELOPE_HEAD];
	EvwEnvelope envelope;

	if (evw_envelope_parse(bytes, &envelope) != EVW_OK)
		return 0;
	evw_envelope_write_head(head, &envelope);
	FUZZ_CHECK(memcmp(head, data, sizeof(head)) == 0);
	FUZZ_CHECK(envelope.sealed.len == size - sizeof(head));
	check_text(bytes, &envelope);
	return 0;
}
