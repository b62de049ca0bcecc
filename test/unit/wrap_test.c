/*
 * unit/wrap_test.c
 *	  What a keyring file's header claims, whether or not the file opens.
 */
#include "e3_help.h"

#include <string.h>

#include "keyring/store.h"
#include "keyring/wrap.h"

/* Magic, version, kind and scrypt's parameters; generation; part of the salt. */
static const uint8_t head[] = {'E', '3', 'K', 'R', 1, 1, 15, 8, 1, 0, 0,
							   0,	1,	 2,	  3,   4, 5, 6,	 7, 8, 9, 9};

#define HEAD_GENERATION UINT64_C(0x0102030405060708)
#define AT_SALT 20

static void
what_is_left_of_a_header_claims_a_generation(void **state)
{
	uint8_t other[sizeof(head)];

	(void) state;
	for (size_t len = 0; len <= sizeof(head); len++)
		assert_int_equal(e3_wrap_claimed_generation((EvwBytes){head, len}),
						 len < AT_SALT ? 0 : HEAD_GENERATION);
	memcpy(other, head, sizeof(head));
	other[4] = 99;
	assert_int_equal(e3_wrap_claimed_generation((EvwBytes){other, sizeof(other)}),
					 HEAD_GENERATION);
	other[0] = 'e';
	assert_int_equal(e3_wrap_claimed_generation((EvwBytes){other, sizeof(other)}), 0);
}

/* It does not matter who may read it: what counts is the number. */
static void
a_file_claims_a_generation(void **state)
{
	const char *path = help_path(help_dir, "keyring", 0);

	(void) state;
	assert_int_equal(e3_store_claimed_generation(path), 0);
	help_write_file(path, (const char *) head, sizeof(head), 0644);
	assert_int_equal(e3_store_claimed_generation(path), HEAD_GENERATION);
	help_write_file(path, "", 0, 0600);
	assert_int_equal(e3_store_claimed_generation(path), 0);
	assert_int_equal(e3_store_claimed_generation(help_dir), 0);
}

/* ---- files of a device ---- */

#define HEAD_LEN 48
#define TAG_LEN 16
#define AT_BLOB_LEN 6

/* A file with a blob of this length by its header and "real" bytes behind that. */
static bool
names_a_device(uint8_t version, uint8_t kind, size_t blob_len, size_t real)
{
	static uint8_t file[HEAD_LEN + E3_CUSTODY_BLOB_MAX + TAG_LEN];
	EvwBytes exact;
	E3CustodyKind found = 0;
	bool named;

	memset(file, 0, sizeof(file));
	memcpy(file, head, 4);
	file[4] = version;
	file[5] = kind;
	file[AT_BLOB_LEN] = (uint8_t) (blob_len >> 8);
	file[AT_BLOB_LEN + 1] = (uint8_t) blob_len;
	assert_true(HEAD_LEN + real <= sizeof(file));
	exact = help_exact((EvwBytes){file, HEAD_LEN + real});
	named = e3_wrap_kind(exact, &found);
	help_release(exact);
	if (named)
		assert_int_equal(found, kind);
	return named;
}

static void
a_device_has_a_blob_within_limits(void **state)
{
	const size_t max = E3_CUSTODY_BLOB_MAX;

	(void) state;
	assert_true(names_a_device(2, E3_CUSTODY_TPM, 1, 1 + TAG_LEN));
	assert_true(names_a_device(2, E3_CUSTODY_PKCS11, 41, 41 + TAG_LEN));
	assert_true(names_a_device(2, E3_CUSTODY_TPM, max, max + TAG_LEN));
	assert_false(names_a_device(2, E3_CUSTODY_TPM, max + 1, max + TAG_LEN));
	assert_false(names_a_device(2, E3_CUSTODY_TPM, UINT16_MAX, max + TAG_LEN));
	assert_false(names_a_device(2, E3_CUSTODY_TPM, 0, TAG_LEN));
	assert_false(names_a_device(2, E3_CUSTODY_TPM, 1, TAG_LEN));
	assert_false(names_a_device(2, E3_CUSTODY_TPM, 41, 40 + TAG_LEN));
	for (size_t real = 0; real < TAG_LEN; real++)
		assert_false(names_a_device(2, E3_CUSTODY_TPM, 1, real));
}

static void
a_version_has_its_kinds(void **state)
{
	(void) state;
	for (unsigned version = 0; version < 256; version++)
		for (unsigned kind = 0; kind < 256; kind++)
			assert_int_equal(names_a_device((uint8_t) version, (uint8_t) kind, 1,
											1 + TAG_LEN),
							 version == 2 &&
								 (kind == E3_CUSTODY_TPM || kind == E3_CUSTODY_PKCS11 ||
								  kind == E3_CUSTODY_KMS));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_of_a_header_claims_a_generation),
		cmocka_unit_test(a_file_claims_a_generation),
		cmocka_unit_test(a_device_has_a_blob_within_limits),
		cmocka_unit_test(a_version_has_its_kinds),
	};

	return cmocka_run_group_tests(tests, help_arena_and_dir, NULL);
}
