/*
 * fuzz/evidence_fuzz.c
 *	  evc_attest_verify on any document, and evc_pcr_policy_read on any text.
 *
 * The document's own first certificate is the root, so that those after it are looked
 * at, and time and nonce are the document's own.
 */
#include "fuzz.h"

#include "attest/verify.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

static bool
is_inside(EvwBytes part, EvwBytes whole)
{
	return part.data == NULL || (part.data >= whole.data && part.len <= whole.len &&
								 part.data + part.len <= whole.data + whole.len);
}

static void
check_places(const EvcDocument *document)
{
	EvwBytes payload = document->payload;

	FUZZ_CHECK(payload.data != NULL && payload.len <= EVC_PAYLOAD_MAX);
	FUZZ_CHECK(document->n_bundle > 0 && document->n_bundle <= EVC_BUNDLE_MAX);
	for (uint32_t i = 0; i < document->n_bundle; i++)
		FUZZ_CHECK(document->bundle[i].data != NULL &&
				   is_inside(document->bundle[i], payload));
	for (int i = 0; i < EVC_PCRS_MAX; i++)
		FUZZ_CHECK(is_inside(document->pcrs[i], payload));
	FUZZ_CHECK(document->certificate.data != NULL);
	FUZZ_CHECK(is_inside(document->certificate, payload));
	FUZZ_CHECK(is_inside(document->public_key, payload));
	FUZZ_CHECK(is_inside(document->user_data, payload));
	FUZZ_CHECK(is_inside(document->nonce, payload));
}

/* With the switch for it: nothing that has a byte of a signature is taken for unsigned.
 */
static void
try_unsigned(EvwBytes bytes)
{
	const EvcExpectations expect = {.root_given = true,
									.unchecked = EVC_UNCHECKED_NONCE |
												 EVC_UNCHECKED_BINDING |
												 EVC_UNCHECKED_SIGNATURE};
	EvcAttested attested;

	FUZZ_CHECK(evc_attest_verify(bytes, &expect, &attested) != EVC_VERDICT_GOOD);
	if (!attested.is_unsigned)
		return;
	check_places(&attested.document);
	for (size_t i = 0; i < attested.document.signature.len; i++)
		FUZZ_CHECK(attested.document.signature.data[i] == 0);
}

static void
try_document(EvwBytes bytes)
{
	EvcDocument document;
	EvcVerdict verdict = evc_document_parse(bytes, &document);
	EvcExpectations expect = {.root_given = true, .unchecked = EVC_UNCHECKED_BINDING};
	EvcAttested attested;

	FUZZ_CHECK((verdict == EVC_VERDICT_GOOD) == (document.payload.data != NULL));
	try_unsigned(bytes);
	if (verdict != EVC_VERDICT_GOOD)
	{
		FUZZ_CHECK(evc_attest_verify(bytes, &expect, &attested) == verdict);
		return;
	}
	FUZZ_CHECK(document.signature.len == EVC_ES384_LEN);
	check_places(&document);
	SHA256(document.bundle[0].data, document.bundle[0].len, expect.root);
	expect.now = (int64_t) (document.timestamp_ms / 1000);
	expect.nonce = document.nonce;
	if (document.nonce.len == 0)
		expect.unchecked |= EVC_UNCHECKED_NONCE;
	/* No measurement is expected, so it is never good. */
	FUZZ_CHECK(evc_attest_verify(bytes, &expect, &attested) != EVC_VERDICT_GOOD);
}

/* What was read is taken one by one as well. */
static void
try_policy(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	EvcPcrPolicy policy;

	FUZZ_CHECK(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if (evc_pcr_policy_read(&policy, text) == NULL)
		for (int i = 0; i < EVC_PCRS_MAX; i++)
			FUZZ_CHECK(((policy.set & UINT32_C(1) << i) != 0) ==
					   (policy.lengths[i] != 0));
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] == 0)
		try_policy(data + 1, size - 1);
	else
		try_document((EvwBytes){data, size});
	return 0;
}
