/*
 * unit/kms_test.c
 *	  What a key management service may answer, who asks it, and envelopes that are none.
 */
#include "e3_help.h"

#include "base/secret.h"
#include "custody/kms_private.h"

#include <stdlib.h>
#include <string.h>

#define OK 200

static E3CustodyCause cause;

/* What is appended lies behind two bytes that were there. */
static EvwStatus
read_answer(long http, const char *text, EvwBuf *out)
{
	EvwBytes exact = help_exact((EvwBytes){(const uint8_t *) text, strlen(text)});
	EvwStatus status;

	cause.text[0] = '\0';
	e3_buf_init(out);
	evw_buf_append(out, "ab", 2);
	status = e3_kms_answer_read(http, exact, "CiphertextBlob", out, &cause);
	help_release(exact);
	assert_true(out->len >= 2 && memcmp(out->data, "ab", 2) == 0);
	assert_true(status == EVW_OK || out->len == 2);
	assert_true(status == EVW_OK || cause.text[0] != '\0');
	return status;
}

static void
expect(long http, const char *text, EvwStatus shall, const char *says)
{
	EvwBuf out;

	assert_status(read_answer(http, text, &out), shall);
	e3_buf_release(&out);
	assert_string_equal(cause.text, says);
}

static void
bytes_are_taken(void **state)
{
	static const char *const no_plaintext[] = {
		"{\"Plaintext\":null,\"CiphertextBlob\":\"AAEC\"}",
		"{\"Plaintext\":\"\",\"CiphertextBlob\":\"AAEC\"}",
	};
	EvwBuf out;

	(void) state;
	assert_status(read_answer(OK, "{\"CiphertextBlob\":\"AAEC/w==\",\"KeyId\":\"k\"}",
							  &out),
				  EVW_OK);
	assert_int_equal(out.len, 6);
	assert_memory_equal(out.data + 2, "\0\1\2\377", 4);
	e3_buf_release(&out);
	/* Where the bytes are for a recipient, AWS says, it is null or empty. */
	for (size_t i = 0; i < sizeof(no_plaintext) / sizeof(no_plaintext[0]); i++)
	{
		assert_status(read_answer(OK, no_plaintext[i], &out), EVW_OK);
		assert_int_equal(out.len, 5);
		e3_buf_release(&out);
	}
}

static void
other_bytes_are_not(void **state)
{
	static const char *const bad[] = {
		"{}",
		"{\"CiphertextBlob\":null}",
		"{\"CiphertextBlob\":1}",
		"{\"CiphertextBlob\":\"\"}",
		"{\"CiphertextBlob\":\"====\"}",
		"{\"CiphertextBlob\":\"A===\"}",
		"{\"CiphertextBlob\":\"AA=A\"}",
		"{\"CiphertextBlob\":\"AB==\"}", /* unused bits that are not zero */
		"{\"CiphertextBlob\":\"AAE\"}",
		"{\"CiphertextBlob\":\"AAEC AAE\"}",
		"{\"CiphertextBlob\":\"AA-_\"}",
		"{\"ciphertextBlob\":\"AAEC\"}",
	};
	static const char *const plain[] = {
		"{\"CiphertextBlob\":\"AAEC\",\"Plaintext\":\"AAEC\"}",
		"{\"CiphertextBlob\":\"AAEC\",\"Plaintext\":[]}",
	};
	static const char *const none[] =
		{"",
		 "x",
		 "[]",
		 "\"AAEC\"",
		 "null",
		 "{\"CiphertextBlob\":\"AAEC\"",
		 "{}{}",
		 "{\"CiphertextBlob\":\"AAEC\",\"CiphertextBlob\":\"AAEC\"}",
		 "{\"CiphertextBlob\":\"AAEC\"}x"};

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect(OK, bad[i], EVW_CUSTODY_REFUSED,
			   "the KMS's answer has no good CiphertextBlob");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		expect(OK, none[i], EVW_CUSTODY_REFUSED, "the KMS's answer is not a JSON object");
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		expect(OK, plain[i], EVW_CUSTODY_REFUSED,
			   "the KMS pays no heed to evidence: it answers in plain");
}

/* A blob of ours has a byte more, for its version. */
static void
bytes_have_a_limit(void **state)
{
	static const uint8_t zeros[E3_CUSTODY_BLOB_MAX];

	(void) state;
	for (size_t len = E3_CUSTODY_BLOB_MAX - 1; len <= E3_CUSTODY_BLOB_MAX; len++)
	{
		EvwBuf json;
		EvwBuf out;

		e3_buf_init(&json);
		evw_buf_append(&json, "{\"CiphertextBlob\":\"", 19);
		e3_kms_base64(&json, (EvwBytes){zeros, len});
		evw_buf_append(&json, "\"}", 3);
		assert_status(read_answer(OK, (const char *) json.data, &out),
					  len < E3_CUSTODY_BLOB_MAX ? EVW_OK : EVW_CUSTODY_REFUSED);
		assert_int_equal(out.len, len < E3_CUSTODY_BLOB_MAX ? len + 2 : 2);
		e3_buf_release(&out);
		e3_buf_release(&json);
	}
}

static void
errors_are_told(void **state)
{
	char text[512];

	(void) state;
	expect(400,
		   "{\"__type\":\"com.amazonaws.kms#AccessDeniedException\",\"message\":\"no\"}",
		   EVW_CUSTODY_REFUSED, "the KMS answers 400 AccessDeniedException: no");
	expect(400, "{\"__type\":\"AccessDeniedException\",\"Message\":\"a \\\"b\\\"\\n\"}",
		   EVW_CUSTODY_REFUSED, "the KMS answers 400 AccessDeniedException: a ?b??");
	expect(400, "{\"__type\":\"ThrottlingException\"}", EVW_CUSTODY_ABSENT,
		   "the KMS answers 400 ThrottlingException");
	expect(500, "<html>", EVW_CUSTODY_ABSENT, "the KMS answers 500 ");
	expect(404, "[1]", EVW_CUSTODY_REFUSED, "the KMS answers 404 ");
	expect(499, "{\"__type\":1,\"message\":{}}", EVW_CUSTODY_REFUSED,
		   "the KMS answers 499 ");
	/* As much of it as goes into a line. */
	(void) snprintf(text, sizeof(text), "{\"__type\":\"%0*d\",\"message\":\"%0*d\"}", 100,
					0, 200, 0);
	expect(400, text, EVW_CUSTODY_REFUSED,
		   "the KMS answers 400 000000000000000000000000000000000000000000000000: "
		   "00000000000000000000000000000000000000000000000000000000000000000000000000000"
		   "000"
		   "0000000000000000000000000000000000000000");
}

static void
base64_is_padded(void **state)
{
	static const char *const shall[] = {"", "AA==", "AAE=", "AAEC", "AAECAw=="};
	static const uint8_t bytes[] = {0, 1, 2, 3};

	(void) state;
	for (size_t len = 0; len <= sizeof(bytes); len++)
	{
		EvwBuf out;

		e3_buf_init(&out);
		e3_kms_base64(&out, (EvwBytes){bytes, len});
		assert_int_equal(out.len, strlen(shall[len]));
		if (len > 0)
			assert_memory_equal(out.data, shall[len], out.len);
		e3_buf_release(&out);
	}
}

static EvwStatus
read_credentials(const char *path, size_t len, E3KmsCredentials *credentials)
{
	char text[E3_KMS_CREDENTIALS_MAX + 1];

	memset(text, 'x', sizeof(text));
	memcpy(text, "id\n", 3);
	help_write_file(path, text, len, 0600);
	return e3_kms_credentials_read(path, credentials, &cause);
}

static void
credentials_have_a_limit(void **state)
{
	E3KmsCredentials *credentials = calloc(1, sizeof(*credentials));
	char dir[PATH_MAX];
	const char *path;

	(void) state;
	assert_non_null(credentials);
	help_make_dir(dir);
	path = help_path(dir, "credentials", 0);
	assert_status(read_credentials(path, E3_KMS_CREDENTIALS_MAX, credentials), EVW_OK);
	assert_string_equal(credentials->id, "id");
	assert_int_equal(strlen(credentials->secret), E3_KMS_CREDENTIALS_MAX - 3);
	assert_null(credentials->token);
	assert_status(read_credentials(path, E3_KMS_CREDENTIALS_MAX + 1, credentials),
				  EVW_PASSPHRASE);
	help_write_file(path, "id\nsecret\ntoken", 15, 0600);
	assert_status(e3_kms_credentials_read(path, credentials, &cause), EVW_OK);
	assert_string_equal(credentials->secret, "secret");
	assert_string_equal(credentials->token, "token");
	free(credentials);
}

static void
no_envelope_does_not_open(void **state)
{
	static const uint8_t zeros[E3_CUSTODY_BLOB_MAX + 1];
	/* ContentInfo (RFC 5652, 3) of data, and without content. */
	static const uint8_t data[] = {0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48,
								   0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
	const size_t lens[] = {0, 1, E3_CUSTODY_BLOB_MAX, E3_CUSTODY_BLOB_MAX + 1};
	E3KmsPair *pair = e3_kms_pair_new();
	uint8_t key[E3_CUSTODY_KEY_LEN] = {0};
	EvwBuf der;

	(void) state;
	assert_non_null(pair);
	e3_buf_init(&der);
	assert_true(e3_kms_pair_public(pair, &der));
	/* A document has room for 512 bytes of it. */
	assert_true(der.len > 256 && der.len <= 512);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		assert_status(e3_kms_envelope_open(pair, (EvwBytes){zeros, lens[i]}, key, &cause),
					  EVW_CUSTODY_REFUSED);
	assert_status(e3_kms_envelope_open(pair, (EvwBytes){data, sizeof(data)}, key, &cause),
				  EVW_CUSTODY_REFUSED);
	assert_memory_equal(key, zeros, sizeof(key));
	e3_buf_release(&der);
	e3_kms_pair_free(pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_taken),
		cmocka_unit_test(other_bytes_are_not),
		cmocka_unit_test(bytes_have_a_limit),
		cmocka_unit_test(errors_are_told),
		cmocka_unit_test(base64_is_padded),
		cmocka_unit_test(credentials_have_a_limit),
		cmocka_unit_test(no_envelope_does_not_open),
	};

	return cmocka_run_group_tests(tests, help_arena, NULL);
}
