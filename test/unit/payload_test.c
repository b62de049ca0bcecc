/*
 * unit/payload_test.c
 *	  What the keyring file wraps: exactly what we write is read.
 */
#include "e3_help.h"

#include <string.h>

#include "base/secret.h"
#include "keyring/payload.h"
#include "wire/writer.h"

/* One version of an app, as the payload has it, with a flaw if asked for. */
typedef enum Flaw
{
	NO_FLAW,
	FLAW_EXTRA_KEY,
	FLAW_OTHER_KEY,
	FLAW_NO_VERSIONS,
	FLAW_DOUBLE_APP,
	FLAW_DOUBLE_VERSION,
	FLAW_VERSION_ZERO,
	FLAW_KEY_ZERO,
	FLAW_KEY_ABOVE_ORDER,
	FLAW_KEY_SHORT,
	FLAW_NAME,
	FLAW_TRAILING,
	FLAW_NO_INDEXES,
	FLAW_DOUBLE_INDEX,
	FLAW_INDEX_ZERO,
	FLAW_INDEX_TOO_LONG,
	FLAW_INDEX_TOO_SHORT,
	FLAW_SECRET_SHORT,
	FLAW_SECRET_LONG,
	FLAW_INDEX_EXTRA,
	FLAW_INDEX_ORDER,
	FLAW_APP_EXTRA,
	N_FLAWS
} Flaw;

static void
write_one_version(EvwBuf *buf, uint32_t number, Flaw flaw)
{
	uint8_t key[E3_PRIVATE_LEN];

	memset(key,
		   flaw == FLAW_KEY_ABOVE_ORDER ? 0xff
		   : flaw == FLAW_KEY_ZERO		? 0
										: 1,
		   sizeof(key));
	evw_write_map(buf, flaw == FLAW_EXTRA_KEY ? 5 : 4);
	evw_write_str(buf, flaw == FLAW_OTHER_KEY ? "revision" : "version");
	evw_write_uint(buf, flaw == FLAW_VERSION_ZERO ? 0 : number);
	evw_write_str(buf, "created_us");
	evw_write_uint(buf, 1);
	evw_write_str(buf, "p256");
	evw_write_bin(buf, (EvwBytes){key, flaw == FLAW_KEY_SHORT ? 31 : 32});
	evw_write_str(buf, "secp256k1");
	evw_write_bin(buf, (EvwBytes){key, 32});
	if (flaw == FLAW_EXTRA_KEY)
	{
		evw_write_str(buf, "blind");
		evw_write_bin(buf, (EvwBytes){key, 32});
	}
}

static void
write_one_index(EvwBuf *buf, uint32_t number, Flaw flaw)
{
	static const uint8_t secret[33] = {1};

	evw_write_map(buf, flaw == FLAW_INDEX_EXTRA ? 5 : 4);
	evw_write_str(buf, "version");
	evw_write_uint(buf, flaw == FLAW_INDEX_ZERO ? 0 : number);
	evw_write_str(buf, "created_us");
	evw_write_uint(buf, 1);
	if (flaw != FLAW_INDEX_ORDER)
	{
		evw_write_str(buf, "bytes");
		evw_write_uint(buf, flaw == FLAW_INDEX_TOO_LONG	   ? 33
							: flaw == FLAW_INDEX_TOO_SHORT ? 7
														   : 32);
	}
	evw_write_str(buf, "secret");
	evw_write_bin(buf, (EvwBytes){secret, flaw == FLAW_SECRET_SHORT	 ? 31
										  : flaw == FLAW_SECRET_LONG ? 33
																	 : 32});
	if (flaw == FLAW_INDEX_ORDER)
	{
		evw_write_str(buf, "bytes");
		evw_write_uint(buf, 16);
	}
	if (flaw == FLAW_INDEX_EXTRA)
	{
		evw_write_str(buf, "purpose");
		evw_write_nil(buf);
	}
}

static void
write_indexes(EvwBuf *buf, Flaw flaw)
{
	uint32_t count = flaw == FLAW_NO_INDEXES ? 0 : 2;

	evw_write_str(buf, "indexes");
	evw_write_array(buf, count);
	for (uint32_t i = 0; i < count; i++)
		write_one_index(buf, flaw == FLAW_DOUBLE_INDEX ? 1 : 2 - i, flaw);
	if (flaw == FLAW_APP_EXTRA)
	{
		evw_write_str(buf, "roles");
		evw_write_nil(buf);
	}
}

static void
write_payload(EvwBuf *buf, Flaw flaw)
{
	uint32_t n_apps = flaw == FLAW_DOUBLE_APP ? 2 : 1;
	uint32_t n_versions = flaw == FLAW_NO_VERSIONS		? 0
						  : flaw == FLAW_DOUBLE_VERSION ? 2
														: 1;

	evw_write_map(buf, 1);
	evw_write_str(buf, "apps");
	evw_write_array(buf, n_apps);
	for (uint32_t i = 0; i < n_apps; i++)
	{
		evw_write_map(buf, flaw == FLAW_APP_EXTRA ? 4 : flaw == FLAW_DOUBLE_APP ? 2 : 3);
		evw_write_str(buf, "name");
		evw_write_str(buf, flaw == FLAW_NAME ? "Not A Slug" : "app");
		evw_write_str(buf, "versions");
		evw_write_array(buf, n_versions);
		for (uint32_t j = 0; j < n_versions; j++)
			write_one_version(buf, i + 1, flaw);
		/* Nothing but its name is there twice. */
		if (flaw != FLAW_DOUBLE_APP)
			write_indexes(buf, flaw);
	}
	if (flaw == FLAW_TRAILING)
		evw_write_nil(buf);
}

static EvwStatus
read_payload(EvwBytes payload)
{
	EvwBytes exact = help_exact(payload);
	E3Keyring *keyring = e3_keyring_new();
	EvwStatus status = e3_payload_read(exact, keyring);

	e3_keyring_release(keyring);
	help_release(exact);
	return status;
}

static void
a_payload_is_exactly_what_we_write(void **state)
{
	(void) state;
	for (int flaw = NO_FLAW; flaw < N_FLAWS; flaw++)
	{
		EvwBuf buf;

		e3_buf_init(&buf);
		write_payload(&buf, (Flaw) flaw);
		assert_status(buf.status, EVW_OK);
		if (read_payload(help_buf_bytes(&buf)) !=
			(flaw == NO_FLAW ? EVW_OK : EVW_KEYRING_FORMAT))
			fail_msg("flaw %d", flaw);
		e3_buf_release(&buf);
	}
}

static void
a_payload_cut_anywhere_is_refused(void **state)
{
	EvwBuf buf;

	(void) state;
	e3_buf_init(&buf);
	write_payload(&buf, NO_FLAW);
	for (size_t len = 0; len < buf.len; len++)
		assert_status(read_payload((EvwBytes){buf.data, len}), EVW_KEYRING_FORMAT);
	e3_buf_release(&buf);
}

/* As e3ctl wrote it before there were index keys: byte for byte what it writes now. */
static void
a_payload_without_index_keys_opens(void **state)
{
	E3Keyring *keyring = e3_keyring_new();
	EvwBuf buf;
	EvwBuf again;

	(void) state;
	e3_buf_init(&buf);
	e3_buf_init(&again);
	evw_write_map(&buf, 1);
	evw_write_str(&buf, "apps");
	evw_write_array(&buf, 1);
	evw_write_map(&buf, 2);
	evw_write_str(&buf, "name");
	evw_write_str(&buf, "app");
	evw_write_str(&buf, "versions");
	evw_write_array(&buf, 1);
	write_one_version(&buf, 1, NO_FLAW);
	assert_status(e3_payload_read(help_buf_bytes(&buf), keyring), EVW_OK);
	assert_int_equal(e3_keyring_app(keyring, 0)->n_indexes, 0);
	e3_payload_write(&again, keyring);
	assert_bytes_equal(help_buf_bytes(&again), help_buf_bytes(&buf));
	e3_buf_release(&again);
	e3_buf_release(&buf);
	e3_keyring_release(keyring);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_payload_is_exactly_what_we_write),
		cmocka_unit_test(a_payload_cut_anywhere_is_refused),
		cmocka_unit_test(a_payload_without_index_keys_opens),
	};

	return cmocka_run_group_tests(tests, help_arena, NULL);
}
