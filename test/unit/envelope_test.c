/*
 * unit/envelope_test.c
 *	  The binary form of a ciphertext: sizes, versions, flags, points.
 */
#include "wire_help.h"

#include "wire/envelope.h"

#include <stdlib.h>
#include <string.h>

#define AT_FLAGS 1
#define AT_POINT 6

static EvwStatus
parse(EvwBytes bytes)
{
	EvwBytes exact = help_exact(bytes);
	EvwEnvelope envelope;
	EvwStatus status = evw_envelope_parse(exact, &envelope);

	help_release(exact);
	return status;
}

/* A good envelope of "len" bytes. */
static uint8_t *
make(size_t len)
{
	uint8_t *bytes = calloc(len, 1);

	bytes[0] = EVW_TAG_QKTC;
	bytes[AT_POINT] = 2;
	return bytes;
}

static EvwStatus
parse_len(size_t len)
{
	uint8_t *bytes = make(len < EVW_ENVELOPE_MIN ? EVW_ENVELOPE_MIN : len);
	EvwEnvelope envelope;
	EvwStatus status = evw_envelope_parse((EvwBytes){bytes, len}, &envelope);

	free(bytes);
	return status;
}

static void
sizes_at_the_limits(void **state)
{
	(void) state;
	for (size_t len = 0; len < EVW_ENVELOPE_MIN; len++)
		assert_status(parse_len(len), EVW_NOT_CIPHERTEXT);
	assert_status(parse_len(EVW_ENVELOPE_MIN), EVW_OK);
	assert_status(parse_len(EVW_ENVELOPE_MAX), EVW_OK);
	assert_status(parse_len((size_t) EVW_ENVELOPE_MAX + 1), EVW_NOT_CIPHERTEXT);
	assert_status(evw_envelope_parse((EvwBytes){NULL, 0}, &(EvwEnvelope){0}),
				  EVW_NOT_CIPHERTEXT);
}

/* One byte of a good envelope set to each value. */
static bool
parses_with(size_t at, uint8_t byte, size_t len)
{
	uint8_t *bytes = make(len);
	EvwStatus status;

	bytes[at] = byte;
	status = parse((EvwBytes){bytes, len});
	free(bytes);
	assert_true(status == EVW_OK || status == EVW_NOT_CIPHERTEXT);
	return status == EVW_OK;
}

static void
only_known_versions(void **state)
{
	(void) state;
	for (int byte = 0; byte < 256; byte++)
	{
		bool known = byte >= EVW_TAG_NONE && byte <= EVW_TAG_RVZL;

		assert_int_equal(parses_with(0, (uint8_t) byte, EVW_ENVELOPE_MIN), known);
		assert_int_equal(evw_tag_info((uint32_t) byte) != NULL, known);
	}
	assert_null(evw_tag_info(UINT32_MAX));
}

/* Padding needs a last group that is not full: 16 and 17 bytes, not 18. */
static void
only_flags_that_the_text_form_has(void **state)
{
	(void) state;
	for (size_t more = 0; more < 3; more++)
		for (int byte = 0; byte < 256; byte++)
		{
			bool known = (byte & 3) != 3 && byte < 16;
			bool named = (byte & 4) == 0 || (byte & 3) == 0;
			bool padded = (byte & 8) == 0 || more != 2;

			assert_int_equal(parses_with(AT_FLAGS, (uint8_t) byte,
										 EVW_ENVELOPE_MIN + more),
							 known && named && padded);
		}
}

static void
only_compressed_points(void **state)
{
	(void) state;
	for (int byte = 0; byte < 256; byte++)
		assert_int_equal(parses_with(AT_POINT, (uint8_t) byte, EVW_ENVELOPE_MIN),
						 byte == 2 || byte == 3);
}

static void
tag_names(void **state)
{
	static const char *const wrong[] = {"",		"qktc", "QkT", "QkTCx",
										"QKTC", "RVZs", "xxxx"};

	(void) state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(evw_tag_named(
							 (EvwBytes){(const uint8_t *) wrong[i], strlen(wrong[i])}),
						 0);
	for (uint32_t tag = EVW_TAG_RFVC; tag <= EVW_TAG_RVZL; tag++)
	{
		const char *name = evw_tag_info(tag)->name;

		assert_int_equal(evw_tag_named((EvwBytes){(const uint8_t *) name, strlen(name)}),
						 tag);
	}
	assert_string_equal(evw_datatype_name(EVW_STRING), "string");
	assert_string_equal(evw_datatype_name(EVW_NUMBER), "number");
	assert_string_equal(evw_datatype_name(EVW_BOOLEAN), "boolean");
}

/* What the table says of a tag against what made the vector. */
static void
assert_info_fits(const EvwEnvelope *envelope, const json_t *vector)
{
	static const size_t aad_lens[] = {0, 33, 67, 99};
	EvwBytes aad = help_unhex(help_field(vector, "aad"));
	EvwBytes plain = help_unhex(help_field(vector, "gcm_plaintext"));
	size_t text_len = strlen(help_field(vector, "text"));

	assert_string_equal(envelope->info->name, help_field(vector, "tag"));
	assert_string_equal(evw_curve_name(envelope->info->curve),
						help_field(vector, "curve"));
	assert_int_equal(aad.len, aad_lens[envelope->info->aad]);
	if (envelope->info->aad >= EVW_AAD_V2)
		assert_int_equal(aad.data[0], envelope->datatype << 4 | envelope->info->scheme);
	assert_int_equal(plain.len > text_len, envelope->info->metadata);
	assert_int_equal(envelope->sealed.len, plain.len + EVW_TAG_LEN);
	assert_string_equal(evw_datatype_name(envelope->datatype),
						help_field(vector, "datatype"));
	help_release(aad);
	help_release(plain);
}

static void
vectors_take_apart_and_put_together(void **state)
{
	json_t *vectors = help_vectors("ciphertexts.json");
	size_t i;
	json_t *vector;

	(void) state;
	json_array_foreach(json_object_get(vectors, "ciphertexts"), i, vector)
	{
		EvwBytes bytes = help_unhex(help_field(vector, "envelope"));
		EvwBytes iv = help_unhex(help_field(vector, "iv"));
		uint8_t head[EVW_ENVELOPE_HEAD];
		EvwEnvelope envelope;

		assert_status(evw_envelope_parse(bytes, &envelope), EVW_OK);
		assert_info_fits(&envelope, vector);
		assert_bytes_equal((EvwBytes){envelope.iv, EVW_IV_LEN}, iv);
		assert_false(evw_hint_known(envelope.hint));
		evw_envelope_write_head(head, &envelope);
		assert_memory_equal(head, bytes.data, EVW_ENVELOPE_HEAD);
		help_release(bytes);
		help_release(iv);
	}
	assert_true(i >= 20);
	json_decref(vectors);
}

static void
a_hint_is_known_by_any_bit(void **state)
{
	(void) state;
	assert_false(evw_hint_known((const uint8_t *) "\0\0\0\0"));
	for (size_t bit = 0; bit < 32; bit++)
	{
		uint8_t hint[EVW_HINT_LEN] = {0};

		hint[bit / 8] = (uint8_t) (1 << bit % 8);
		assert_true(evw_hint_known(hint));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_at_the_limits),
		cmocka_unit_test(only_known_versions),
		cmocka_unit_test(only_flags_that_the_text_form_has),
		cmocka_unit_test(only_compressed_points),
		cmocka_unit_test(tag_names),
		cmocka_unit_test(vectors_take_apart_and_put_together),
		cmocka_unit_test(a_hint_is_known_by_any_bit),
	};

	return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
