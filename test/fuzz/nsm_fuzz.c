/*
 * fuzz/nsm_fuzz.c
 *	  e3_nsm_response: what the Nitro Security Module may answer.  A document lies within
 *	  the answer, an error is a short word of letters, and it is one of the two or none.
 */
#include "fuzz.h"

#include "attest/nsm.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[E3_NSM_ERROR_MAX + 1];
	EvwBytes document;
	EvwStatus status = e3_nsm_response((EvwBytes){data, size}, &document, error);

	FUZZ_CHECK(status == EVW_OK || status == EVW_EVIDENCE_FAILED);
	if (status == EVW_OK)
	{
		FUZZ_CHECK(document.len > 0 && document.len <= size);
		FUZZ_CHECK(document.data >= data && document.data + document.len == data + size);
		FUZZ_CHECK(error[0] == '\0');
	}
	else
		FUZZ_CHECK(document.data == NULL && document.len == 0);
	FUZZ_CHECK(strspn(error, "?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") ==
			   strlen(error));
	return 0;
}
