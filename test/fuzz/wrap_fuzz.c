/*
 * fuzz/wrap_fuzz.c
 *	  e3_wrap_open of keyring files that a device's custody is said to have written: it
 *	  reads header and blob, and none of it opens.
 */
#include "fuzz.h"

#include "base/secret.h"
#include "keyring/wrap.h"

#include <stdlib.h>

/* No TPM, no token and no KMS is there: whatever is read of a blob is read before. */
static const E3CustodyConfig config = {.tpm = "none",
									   .tpm_pcrs = 0,
									   .pkcs11_module = "/nonexistent",
									   .kms_credentials_file = "/nonexistent"};

static void
try_open(E3CustodyKind kind, EvwBytes file)
{
	const E3AttestSetup none = {.kind = NULL};
	E3Kek kek = {.custody = e3_custody_new(&config, kind, &none)};
	EvwBuf payload;
	uint64_t generation;
	EvwStatus status;

	FUZZ_CHECK(kek.custody != NULL);
	fuzz_buf_init(&payload);
	status = e3_wrap_open(&kek, file, &generation, &payload);
	FUZZ_CHECK(status == EVW_KEYRING_FORMAT || status == EVW_CUSTODY ||
			   status == EVW_CUSTODY_ABSENT);
	free(payload.data);
	e3_custody_free(kek.custody);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool has_arena;
	const EvwBytes file = {data, size};
	E3CustodyKind kind = 0;

	if (!has_arena)
		FUZZ_CHECK(e3_secret_init(1 << 20) == EVW_OK);
	has_arena = true;
	if (e3_wrap_kind(file, &kind))
		FUZZ_CHECK(kind >= E3_CUSTODY_PASSPHRASE && kind <= E3_CUSTODY_KMS);
	try_open(E3_CUSTODY_TPM, file);
	try_open(E3_CUSTODY_PKCS11, file);
	return 0;
}
