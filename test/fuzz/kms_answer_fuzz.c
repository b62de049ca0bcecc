/*
 * fuzz/kms_answer_fuzz.c
 *	  e3_kms_answer_read: what a key management service may answer.  Either there are
 *bytes within limits, or a cause that is one line of printable characters.
 */
#include "fuzz.h"

#include "custody/kms_private.h"

#include <stdlib.h>
#include <string.h>

static void
try_answer(long http, EvwBytes body)
{
	E3CustodyCause cause = {""};
	EvwStatus status;
	EvwBuf out;

	fuzz_buf_init(&out);
	status = e3_kms_answer_read(http, body, "CiphertextForRecipient", &out, &cause);
	if (status == EVW_OK)
		FUZZ_CHECK(http == 200 && out.len > 0 && out.len < E3_CUSTODY_BLOB_MAX);
	else
	{
		FUZZ_CHECK(status == EVW_CUSTODY_REFUSED || status == EVW_CUSTODY_ABSENT);
		FUZZ_CHECK(out.len == 0 && cause.text[0] != '\0');
		for (const char *c = cause.text; *c != '\0'; c++)
			FUZZ_CHECK(*c >= ' ' && *c <= '~' && *c != '"' && *c != '\\');
	}
	free(out.data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const EvwBytes body = {data, size};

	try_answer(200, body);
	try_answer(400, body);
	try_answer(503, body);
	return 0;
}
