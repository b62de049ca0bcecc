/*
 * unit/metadata_test.c
 *	  Metadata in front of a plaintext: ours, the SDKs', and hostile ones.
 */
#include "wire_help.h"

#include <string.h>

#include "rpc/metadata.h"

/* By all tests, so that there is always something else before. */
static E3MetadataSeen seen;

static void
decodes(EvwBytes plaintext, EvwBytes role, EvwBytes body)
{
	EvwBytes exact = help_exact(plaintext);
	E3Metadata metadata;

	assert_status(e3_metadata_decode(exact, &metadata), EVW_OK);
	assert_bytes_equal(metadata.role, role);
	assert_bytes_equal(metadata.body, body);
	/* As one of many: the first of its kind, and the next. */
	for (int i = 0; i < 2; i++)
	{
		assert_status(e3_metadata_decode_next(&seen, exact, &metadata), EVW_OK);
		assert_bytes_equal(metadata.role, role);
		assert_bytes_equal(metadata.body, body);
	}
	help_release(exact);
}

static void
refused(EvwBytes plaintext)
{
	EvwBytes exact = help_exact(plaintext);
	E3Metadata metadata;

	assert_int_not_equal(e3_metadata_decode(exact, &metadata), EVW_OK);
	assert_int_not_equal(e3_metadata_decode_next(&seen, exact, &metadata), EVW_OK);
	help_release(exact);
}

static void
hostile_metadata_is_refused(void **state)
{
	(void) state;
	refused(BYTES(""));
	refused(BYTES("\x01"));
	/* length beyond the plaintext, and the largest */
	refused(BYTES("\x02\x00\x80"));
	refused(BYTES("\xff\xff\x80"));
	/* not a map; bytes behind the map; a map that lies */
	refused(BYTES("\x01\x00\x90"));
	refused(BYTES("\x02\x00\x80\x80"));
	refused(BYTES("\x01\x00\x81"));
	refused(BYTES("\x05\x00\xdf\xff\xff\xff\xff"));
	/* role twice; role that is no string; key that is no string */
	refused(BYTES("\x0b\x00\x82\xa2"
				  "dr\xa1"
				  "a\xa2"
				  "dr\xa1"
				  "b"));
	refused(BYTES("\x05\x00\x81\xa2"
				  "dr\x01"));
	refused(BYTES("\x03\x00\x81\x01\x01"));
}

static void
unknown_keys_and_other_orders_are_fine(void **state)
{
	(void) state;
	decodes(BYTES("\x01\x00\x80"
				  "body"),
			BYTES(""), BYTES("body"));
	decodes(BYTES("\x0b\x00\x82\xa1"
				  "x\x93\x01\x02\x03\xa2"
				  "dr\xa0"),
			BYTES(""), BYTES(""));
}

static void
ours_is_as_the_format_says(void **state)
{
	uint8_t out[E3_METADATA_ENCODED_MAX];
	EvwBytes none = e3_metadata_encode(out, BYTES(""), 1700000000);

	(void) state;
	assert_bytes_equal(none, BYTES("\x0d\x00\x82\xa2"
								   "eo\x14\xa2"
								   "et\xce\x65\x53\xf1\x00"));
	decodes(none, BYTES(""), BYTES(""));
}

static void
longest_role_fits(void **state)
{
	uint8_t out[E3_METADATA_ENCODED_MAX];
	EvwBytes role = BYTES("abcdefghij-123456789");

	(void) state;
	assert_int_equal(role.len, EVW_ROLE_MAX);
	decodes(e3_metadata_encode(out, role, UINT32_MAX), role, BYTES(""));
}

/* Same metadata, other bodies; one that ends within them; longer ones than are kept. */
static void
values_of_one_request_are_alike(void **state)
{
	static char large[2 + 3 + 200];
	uint8_t out[E3_METADATA_ENCODED_MAX + 3];
	EvwBytes role = BYTES("billing");
	EvwBytes metadata = e3_metadata_encode(out, role, 1700000000);

	(void) state;
	for (int i = 0; i < 3; i++)
	{
		EvwBytes value = {out, metadata.len + (size_t) i};

		memset(out + metadata.len, 'a' + i, (size_t) i);
		decodes(value, role, (EvwBytes){out + metadata.len, (size_t) i});
	}
	refused((EvwBytes){out, metadata.len - 1});
	decodes((EvwBytes){out, metadata.len}, role, BYTES(""));
	memcpy(large, "\xcb\x00\x81\xa1x\xc4\xc6", 7);
	decodes((EvwBytes){(uint8_t *) large, sizeof(large)}, BYTES(""), BYTES(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_metadata_is_refused),
		cmocka_unit_test(unknown_keys_and_other_orders_are_fine),
		cmocka_unit_test(ours_is_as_the_format_says),
		cmocka_unit_test(longest_role_fits),
		cmocka_unit_test(values_of_one_request_are_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
