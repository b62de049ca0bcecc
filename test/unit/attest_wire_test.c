/*
 * unit/attest_wire_test.c
 *	  ATTEST, its RESULT, and the bytes that bind evidence to a connection.
 */
#include "wire_help.h"

#include "wire/attest.h"
#include "wire/frame.h"
#include "wire/writer.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t bytes[EVW_EVIDENCE_MAX + 1];

static EvwStatus
attest_of(EvwBytes kind, size_t nonce_len)
{
	const EvwAttest attest = {kind, {bytes, nonce_len}};
	EvwAttest read;
	EvwMessage message;
	EvwBuf buf;
	EvwStatus status;

	help_buf_init(&buf);
	evw_attest_encode(&buf, 3, &attest);
	assert_status(evw_message_split(help_body(&buf), &message), EVW_OK);
	assert_int_equal(message.type, EVW_VERB_ATTEST);
	assert_int_equal(message.id, 3);
	status = evw_attest_decode(&message, &read);
	if (status == EVW_OK)
	{
		assert_bytes_equal(read.evidence, attest.evidence);
		assert_bytes_equal(read.nonce, attest.nonce);
	}
	help_buf_free(&buf);
	return status;
}

static void
nonces_at_the_limits(void **state)
{
	(void) state;
	assert_status(attest_of(BYTES("nitro"), 0), EVW_BAD_HEADER);
	assert_status(attest_of(BYTES("nitro"), EVW_NONCE_MIN - 1), EVW_BAD_HEADER);
	assert_status(attest_of(BYTES("nitro"), EVW_NONCE_MIN), EVW_OK);
	assert_status(attest_of(BYTES("nitro"), EVW_NONCE_MAX), EVW_OK);
	assert_status(attest_of(BYTES("nitro"), EVW_NONCE_MAX + 1), EVW_BAD_HEADER);
}

static void
kinds_at_the_limits(void **state)
{
	(void) state;
	assert_status(attest_of(BYTES(""), 32), EVW_BAD_HEADER);
	assert_status(attest_of(BYTES("a"), 32), EVW_OK);
	assert_status(attest_of(BYTES("sev-snp"), 32), EVW_OK);
	assert_status(attest_of(BYTES("abcdefghijklmn0"), 32), EVW_OK);
	assert_status(attest_of(BYTES("abcdefghijklmno9"), 32), EVW_BAD_HEADER);
	assert_status(attest_of(BYTES("Nitro"), 32), EVW_BAD_HEADER);
	assert_status(attest_of(BYTES("a_b"), 32), EVW_BAD_HEADER);
}

/* The message [2, 3, header]: a map with its pairs. */
static EvwStatus
decode_header(EvwBytes header, uint32_t n_columns)
{
	EvwMessage message;
	EvwAttest attest;
	EvwBuf buf;
	EvwStatus status;

	help_buf_init(&buf);
	evw_message_begin(&buf, EVW_VERB_ATTEST, 3, n_columns);
	evw_buf_append(&buf, header.data, header.len);
	for (uint32_t i = 0; i < n_columns; i++)
		evw_write_nil(&buf);
	evw_frame_end(&buf);
	assert_status(evw_message_split(help_body(&buf), &message), EVW_OK);
	status = evw_attest_decode(&message, &attest);
	help_buf_free(&buf);
	return status;
}

#define NONCE                                                                            \
	"\xa5nonce\xc4\x20"                                                                  \
	"0123456789abcdef0123456789abcdef"
#define KIND                                                                             \
	"\xa8"                                                                               \
	"evidence\xa5nitro"

static void
headers_that_are_not_whole(void **state)
{
	(void) state;
	assert_status(decode_header(BYTES("\x82" KIND NONCE), 0), EVW_OK);
	assert_status(decode_header(BYTES("\x83\xa4more\x01" KIND NONCE), 0), EVW_OK);
	assert_status(decode_header(BYTES("\x82" KIND NONCE), 1), EVW_BAD_COLUMNS);
	assert_status(decode_header(BYTES("\x81" NONCE), 0), EVW_BAD_HEADER);
	assert_status(decode_header(BYTES("\x81" KIND), 0), EVW_BAD_HEADER);
	assert_status(decode_header(BYTES("\x83" KIND NONCE KIND), 0), EVW_BAD_HEADER);
	assert_status(decode_header(BYTES("\x83" KIND NONCE NONCE), 0), EVW_BAD_HEADER);
	assert_status(decode_header(BYTES("\x82\xa8"
									  "evidence\x01" NONCE),
								0),
				  EVW_BAD_HEADER);
	assert_status(decode_header(BYTES("\x82" KIND "\xa5nonce\xd9\x20"
									  "0123456789abcdef0123456789abcdef"),
								0),
				  EVW_BAD_HEADER);
}

static EvwStatus
evidence_of(EvwBytes kind, size_t len)
{
	const EvwEvidence evidence = {kind, {bytes, len}};
	EvwEvidence read;
	EvwMessage message;
	EvwBuf buf;
	EvwStatus status;

	help_buf_init(&buf);
	evw_evidence_encode(&buf, 3, &evidence);
	assert_status(evw_message_split(help_body(&buf), &message), EVW_OK);
	assert_int_equal(message.type, EVW_VERB_RESULT);
	status = evw_evidence_decode(&message, &read);
	if (status == EVW_OK)
	{
		assert_bytes_equal(read.evidence, evidence.evidence);
		assert_bytes_equal(read.document, evidence.document);
	}
	help_buf_free(&buf);
	return status;
}

static void
documents_at_the_limits(void **state)
{
	(void) state;
	assert_status(evidence_of(BYTES("nitro"), 0), EVW_BAD_COLUMNS);
	assert_status(evidence_of(BYTES("nitro"), 1), EVW_OK);
	assert_status(evidence_of(BYTES("software"), EVW_EVIDENCE_MAX), EVW_OK);
	assert_status(evidence_of(BYTES("nitro"), EVW_EVIDENCE_MAX + 1), EVW_BAD_COLUMNS);
	assert_status(evidence_of(BYTES(""), 1), EVW_BAD_HEADER);
}

/* A RESULT with these columns. */
static EvwStatus
decode_columns(EvwBytes columns, uint32_t n_columns)
{
	EvwMessage message;
	EvwEvidence evidence;
	EvwBuf buf;
	EvwStatus status;

	help_buf_init(&buf);
	evw_message_begin(&buf, EVW_VERB_RESULT, 3, n_columns);
	evw_buf_append(&buf, "\x81" KIND, sizeof("\x81" KIND) - 1);
	evw_buf_append(&buf, columns.data, columns.len);
	evw_frame_end(&buf);
	assert_status(evw_message_split(help_body(&buf), &message), EVW_OK);
	status = evw_evidence_decode(&message, &evidence);
	help_buf_free(&buf);
	return status;
}

static void
columns_that_are_no_document(void **state)
{
	(void) state;
	assert_status(decode_columns(BYTES("\xc4\x01x"), 1), EVW_OK);
	assert_status(decode_columns(BYTES(""), 0), EVW_BAD_COLUMNS);
	assert_status(decode_columns(BYTES("\xc0"), 1), EVW_BAD_COLUMNS);
	assert_status(decode_columns(BYTES("\xa1x"), 1), EVW_BAD_COLUMNS);
	assert_status(decode_columns(BYTES("\xc4\x01x\xc0"), 2), EVW_BAD_COLUMNS);
}

static void
binding_hash(uint8_t hash[SHA256_DIGEST_LENGTH], const EvwBinding *binding)
{
	uint8_t space[EVW_BINDING_MAX];
	EvwBuf buf;

	evw_buf_fixed(&buf, space, sizeof(space));
	evw_binding_encode(&buf, binding);
	assert_status(buf.status, EVW_OK);
	SHA256(buf.data, buf.len, hash);
}

/* As Python's hashlib has it of the bytes that docs/protocol.md lists. */
static void
a_known_binding(void **state)
{
	const EvwBinding binding = {.exporter = BYTES("0123456789abcdef0123456789abcdef"),
								.nonce = BYTES("nonce-nonce-nonce-nonce-nonce-32"),
								.client_hello = BYTES("\0\0\0\1c"),
								.server_hello = BYTES("\0\0\0\1s")};
	EvwBytes shall =
		help_unhex("830feeb05b470166c01eb0977d3ef049fd61bcfb0185b6d0c7d351366189392e");
	uint8_t hash[SHA256_DIGEST_LENGTH];

	(void) state;
	binding_hash(hash, &binding);
	assert_bytes_equal((EvwBytes){hash, sizeof(hash)}, shall);
	help_release(shall);
}

/* No byte can move from one field to its neighbour. */
static void
each_field_counts(void **state)
{
	const EvwBinding binding = {.exporter = {bytes, EVW_EXPORTER_LEN},
								.nonce = {bytes, EVW_NONCE_MIN},
								.client_hello = {bytes, 9},
								.server_hello = {bytes, 8}};
	uint8_t first[SHA256_DIGEST_LENGTH];
	uint8_t other[SHA256_DIGEST_LENGTH];

	(void) state;
	binding_hash(first, &binding);
	for (int field = 0; field < 4; field++)
	{
		EvwBinding changed = binding;

		if (field == 0)
			changed.exporter.len = 0;
		else if (field == 1)
			changed.nonce.len++, changed.client_hello.len--;
		else if (field == 2)
			changed.client_hello.len--, changed.server_hello.len++;
		else
			changed.server_hello.len++;
		binding_hash(other, &changed);
		assert_memory_not_equal(first, other, sizeof(first));
	}
}

static void
bindings_at_the_limits(void **state)
{
	static const size_t most[4] = {EVW_EXPORTER_LEN, EVW_NONCE_MAX,
								   EVW_FRAME_PREFIX + EVW_HELLO_FRAME_MAX,
								   EVW_FRAME_PREFIX + EVW_HELLO_FRAME_MAX};
	EvwBuf buf;

	(void) state;
	for (int over = -1; over < 4; over++)
	{
		EvwBinding binding = {{bytes, most[0] + (over == 0)},
							  {bytes, most[1] + (over == 1)},
							  {bytes, most[2] + (over == 2)},
							  {bytes, most[3] + (over == 3)}};

		help_buf_init(&buf);
		evw_binding_encode(&buf, &binding);
		assert_status(buf.status, over < 0 ? EVW_OK : EVW_NO_SPACE);
		if (over < 0)
			assert_int_equal(buf.len, EVW_BINDING_MAX);
		help_buf_free(&buf);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonces_at_the_limits),
		cmocka_unit_test(kinds_at_the_limits),
		cmocka_unit_test(headers_that_are_not_whole),
		cmocka_unit_test(documents_at_the_limits),
		cmocka_unit_test(columns_that_are_no_document),
		cmocka_unit_test(a_known_binding),
		cmocka_unit_test(each_field_counts),
		cmocka_unit_test(bindings_at_the_limits),
	};

	return cmocka_run_group_tests_name("attest_wire", tests, NULL, NULL);
}
