/*
 * unit/audit_key_test.c
 *	  The audit's secret in the keyring, and the key that is derived from it.
 */
#include "e3_help.h"

#include "base/secret.h"
#include "crypto/hkdf.h"
#include "keyring/audit_key.h"
#include "keyring/payload.h"

/* RFC 5869, test case 3: no salt; its info is empty as well. */
static void
hkdf_is_that_of_the_rfc(void **state)
{
	EvwBytes secret = help_unhex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
	EvwBytes shall =
		help_unhex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c73"
				   "8d2d9d201395faa4b61a96c8");
	uint8_t out[42];

	(void) state;
	assert_status(e3_hkdf(secret, "", out, sizeof(out)), EVW_OK);
	assert_bytes_equal((EvwBytes){out, sizeof(out)}, shall);
	help_release(shall);
	help_release(secret);
}

/* A file that is older than the audit reads, and is written as it was. */
static void
the_audit_secret_comes_and_stays(void **state)
{
	static const uint8_t old[] = {0x81, 0xa4, 'a', 'p', 'p', 's', 0x90};
	E3Keyring *keyring = e3_keyring_new();
	E3Keyring *again = e3_keyring_new();
	E3AuditKey *key;
	EvwBuf payload;

	(void) state;
	help_buf_init(&payload);
	assert_status(e3_payload_read((EvwBytes){old, sizeof(old)}, keyring), EVW_OK);
	assert_null(e3_keyring_audit_key(keyring));
	e3_payload_write(&payload, keyring);
	assert_bytes_equal((EvwBytes){payload.data, payload.len},
					   (EvwBytes){old, sizeof(old)});
	help_buf_free(&payload);
	assert_status(e3_keyring_make_audit(keyring), EVW_OK);
	assert_status(e3_keyring_make_audit(keyring), EVW_KEYRING_FORMAT);
	help_buf_init(&payload);
	e3_payload_write(&payload, keyring);
	assert_status(e3_payload_read((EvwBytes){payload.data, payload.len}, again), EVW_OK);
	assert_bytes_equal(e3_keyring_audit(again), e3_keyring_audit(keyring));
	key = e3_keyring_audit_key(keyring);
	assert_non_null(key);
	assert_true(e3_keyring_has_audit_key(again, key));
	payload.data[payload.len - 1] ^= 1;
	e3_keyring_release(again);
	again = e3_keyring_new();
	assert_status(e3_payload_read((EvwBytes){payload.data, payload.len}, again), EVW_OK);
	assert_false(e3_keyring_has_audit_key(again, key));
	e3_keyring_release(again);
	again = e3_keyring_new();
	assert_status(e3_payload_read((EvwBytes){payload.data, payload.len - 1}, again),
				  EVW_KEYRING_FORMAT);
	e3_secret_free(key, sizeof(*key));
	help_buf_free(&payload);
	e3_keyring_release(again);
	e3_keyring_release(keyring);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hkdf_is_that_of_the_rfc),
		cmocka_unit_test(the_audit_secret_comes_and_stays),
	};

	return cmocka_run_group_tests_name("audit_key", tests, help_arena, NULL);
}
