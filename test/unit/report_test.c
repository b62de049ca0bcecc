/*
 * unit/report_test.c
 *	  HEALTH, STATS and KEYS: what a client refuses, and what it reads.
 */
#include "wire_help.h"

#include "wire/frame.h"
#include "wire/report.h"
#include "wire/writer.h"

#include <string.h>

static void
split_sample(const char *name, EvwBuf *buf, EvwMessage *message)
{
	wire_sample_encode(name, buf);
	assert_status(evw_message_split(help_body(buf), message), EVW_OK);
}

static EvwMessage
message_of(EvwBytes body)
{
	EvwMessage message;

	assert_status(evw_message_split(body, &message), EVW_OK);
	return message;
}

static void
health_with_fields_of_another_kind(void **state)
{
	static const EvwBytes wrong[] = {
		BYTES("\x93\x40\x01\x81\xa7version\x01"),
		BYTES("\x93\x40\x01\x81\xa6queued\xff"),
		BYTES("\x93\x40\x01\x81\xa9isolation\x91\xa1x"),
		BYTES("\x93\x40\x01\x81\xackey_versions\x01"),
		BYTES("\x93\x40\x01\x81\xackey_versions\x91\xa1x"),
		BYTES("\x93\x40\x01\x81\xackey_versions\x91\xcf\0\0\0\1\0\0\0\0"),
	};
	EvwHealth health;

	(void) state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		EvwMessage message = message_of(wrong[i]);

		assert_status(evw_health_decode(&message, &health), EVW_MALFORMED);
	}
}

/* More key versions than there is room for: the first ones stay. */
static void
health_with_many_key_versions(void **state)
{
	EvwMessage message;
	EvwHealth health;
	EvwBuf buf;

	(void) state;
	help_buf_init(&buf);
	evw_message_begin(&buf, EVW_VERB_RESULT, 1, 0);
	evw_write_map(&buf, 1);
	evw_write_str(&buf, "key_versions");
	evw_write_array(&buf, EVW_KEY_VERSIONS_MAX + 1);
	for (uint32_t i = 0; i <= EVW_KEY_VERSIONS_MAX; i++)
		evw_write_uint(&buf, EVW_KEY_VERSIONS_MAX + 1 - i);
	evw_frame_end(&buf);
	message = message_of(help_body(&buf));
	assert_status(evw_health_decode(&message, &health), EVW_OK);
	assert_int_equal(health.n_key_versions, EVW_KEY_VERSIONS_MAX);
	assert_int_equal(health.key_versions[0], EVW_KEY_VERSIONS_MAX + 1);
	assert_int_equal(health.key_versions[EVW_KEY_VERSIONS_MAX - 1], 2);
	help_buf_free(&buf);
}

static void
health_reads_back(void **state)
{
	EvwMessage message;
	EvwHealth health;
	EvwBuf buf;

	(void) state;
	split_sample("health_result", &buf, &message);
	assert_status(evw_health_decode(&message, &health), EVW_OK);
	assert_bytes_equal(health.version, BYTES("1.0"));
	assert_bytes_equal(health.backend, BYTES("openssl"));
	assert_true(health.uptime_ms == 60000);
	assert_true(health.unix_us == UINT64_C(1700000000000000));
	assert_int_equal(health.queued, 2);
	assert_int_equal(health.running, 1);
	assert_int_equal(health.n_key_versions, 2);
	assert_int_equal(health.key_versions[0], 2);
	assert_int_equal(health.key_versions[1], 1);
	assert_int_equal(health.n_index_versions, 1);
	assert_int_equal(health.index_versions[0], 3);
	assert_bytes_equal(health.isolation, BYTES("no_core seccomp"));
	assert_bytes_equal(health.isolation_missing, BYTES("landlock"));
	help_buf_free(&buf);
}

static void
stats_are_found_by_name(void **state)
{
	EvwMessage message;
	uint64_t value;
	EvwBuf buf;

	(void) state;
	split_sample("stats_result", &buf, &message);
	assert_status(evw_stats_find(&message, "absent", &value), EVW_MALFORMED);
	assert_status(evw_stats_find(&message, "requests", &value), EVW_OK);
	assert_true(value == 70000);
	assert_status(evw_stats_find(&message, "bytes_in", &value), EVW_OK);
	assert_true(value == UINT64_C(1) << 33);
	help_buf_free(&buf);

	message = message_of(BYTES("\x93\x40\x01\x81\xa1"
							   "a\xa1x"));
	assert_status(evw_stats_find(&message, "a", &value), EVW_MALFORMED);
	message = message_of(BYTES("\x93\x40\x01\x82\xa1"
							   "a\x01\xa1"
							   "a\x01"));
	assert_status(evw_stats_find(&message, "a", &value), EVW_BAD_HEADER);
}

/* One entry of the list under "keys", as MessagePack. */
static EvwStatus
decode_key_entry(EvwBytes entry)
{
	EvwPublicKeys keys[1];
	EvwMessage message;
	uint32_t count;
	EvwStatus status;
	EvwBuf buf;

	help_buf_init(&buf);
	evw_message_begin(&buf, EVW_VERB_RESULT, 1, 0);
	evw_write_map(&buf, 1);
	evw_write_str(&buf, "keys");
	evw_write_array(&buf, 1);
	evw_buf_append(&buf, entry.data, entry.len);
	evw_frame_end(&buf);
	message = message_of(help_body(&buf));
	status = evw_keys_decode(&message, keys, 1, &count);
	assert_int_equal(count, status == EVW_OK);
	help_buf_free(&buf);
	return status;
}

#define POINT_OF_33 "\xc4\x21\2aaaaaaaabbbbbbbbccccccccdddddddd"
#define POINT_OF_32 "\xc4\x20\2aaaaaaaabbbbbbbbccccccccddddddd"
#define POINT_OF_34 "\xc4\x22\2aaaaaaaabbbbbbbbccccccccddddddddd"

static void
keys_that_are_not_two_points(void **state)
{
	(void) state;
	assert_status(decode_key_entry(BYTES("\xc0")), EVW_MALFORMED);
	assert_status(decode_key_entry(BYTES("\x92\x01" POINT_OF_33)), EVW_MALFORMED);
	assert_status(decode_key_entry(BYTES("\x94\x01" POINT_OF_33 POINT_OF_33 "\xc0")),
				  EVW_MALFORMED);
	assert_status(decode_key_entry(BYTES("\x93\x01" POINT_OF_32 POINT_OF_33)),
				  EVW_MALFORMED);
	assert_status(decode_key_entry(BYTES("\x93\x01" POINT_OF_33 POINT_OF_34)),
				  EVW_MALFORMED);
	assert_status(decode_key_entry(BYTES("\x93\xff" POINT_OF_33 POINT_OF_33)),
				  EVW_MALFORMED);
	assert_status(decode_key_entry(BYTES("\x93\x01" POINT_OF_33 "\xa0")), EVW_MALFORMED);
	assert_status(decode_key_entry(BYTES("\x93\x01" POINT_OF_33 POINT_OF_33)), EVW_OK);
}

static void
keys_read_back(void **state)
{
	EvwPublicKeys keys[2];
	EvwMessage message;
	uint32_t count;
	EvwBuf buf;

	(void) state;
	split_sample("keys_result", &buf, &message);
	assert_status(evw_keys_decode(&message, keys, 2, &count), EVW_OK);
	assert_int_equal(count, 2);
	assert_int_equal(keys[0].version, 2);
	assert_int_equal(keys[1].version, 1);
	assert_memory_equal(keys[0].p256, keys[1].p256, EVW_POINT_LEN);
	assert_memory_not_equal(keys[0].p256, keys[0].secp256k1, EVW_POINT_LEN);
	/* Less room than keys: the newest are kept. */
	assert_status(evw_keys_decode(&message, keys, 1, &count), EVW_OK);
	assert_int_equal(count, 1);
	assert_int_equal(keys[0].version, 2);
	help_buf_free(&buf);
}

/* As many as a report can list must fit a header. */
static void
the_longest_keys_fit_a_header(void **state)
{
	static EvwPublicKeys keys[EVW_KEY_VERSIONS_MAX];
	EvwIndexKey indexes[EVW_INDEX_VERSIONS_MAX];
	EvwMessage message;
	uint32_t count;
	EvwBuf buf;

	(void) state;
	for (uint32_t i = 0; i < EVW_KEY_VERSIONS_MAX; i++)
		keys[i].version = UINT32_MAX - i;
	for (uint32_t i = 0; i < EVW_INDEX_VERSIONS_MAX; i++)
		indexes[i] = (EvwIndexKey){UINT32_MAX - i, 32};
	help_buf_init(&buf);
	evw_keys_encode(&buf, UINT64_MAX, keys, EVW_KEY_VERSIONS_MAX, indexes,
					EVW_INDEX_VERSIONS_MAX);
	message = message_of(help_body(&buf));
	assert_status(evw_keys_decode(&message, keys, EVW_KEY_VERSIONS_MAX, &count), EVW_OK);
	assert_int_equal(count, EVW_KEY_VERSIONS_MAX);
	help_buf_free(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(health_with_fields_of_another_kind),
		cmocka_unit_test(health_with_many_key_versions),
		cmocka_unit_test(health_reads_back),
		cmocka_unit_test(stats_are_found_by_name),
		cmocka_unit_test(keys_that_are_not_two_points),
		cmocka_unit_test(keys_read_back),
		cmocka_unit_test(the_longest_keys_fit_a_header),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
