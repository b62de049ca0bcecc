/*
 * unit/wire_samples.c
 *	  One message of every kind; the same as test/vectors/make.py packs.
 */
#include "wire_help.h"

#include "wire/attest.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/limits.h"
#include "wire/reply.h"
#include "wire/report.h"
#include "wire/request.h"
#include "wire/writer.h"

#include <string.h>

static const EvwRequestHeader demo = {.app = {(const uint8_t *) "demo", 4}};

static void
encode_client_hello(EvwBuf *buf)
{
	EvwClientHello hello = {1, 1, BYTES("evcrypt 1.0")};

	evw_client_hello_encode(buf, &hello);
}

static void
encode_server_hello(EvwBuf *buf)
{
	static const char *const suites[] = {"p256", "secp256k1", NULL};
	static const char *const evidence[] = {NULL};
	EvwServerHello hello = {
		.version = EVW_PROTOCOL_VERSION,
		.features = EVW_FEATURE_CANCEL,
		.frame_max = EVW_FRAME_MAX,
		.plaintext_max = EVW_PLAINTEXT_MAX,
		.values_max = EVW_VALUES_MAX,
		.inflight_max = EVW_INFLIGHT_MAX,
		.depth_max = EVW_DEPTH_MAX,
		.idle_ms = EVW_IDLE_TIMEOUT_MS,
	};

	evw_server_hello_encode(buf, &hello, suites, evidence);
}

static void
encode_encrypt(EvwBuf *buf)
{
	evw_request_begin(buf, EVW_VERB_ENCRYPT, 1, &demo, 3);
	evw_write_bin(buf, BYTES("hello1234.5"));
	evw_write_bin(buf, BYTES("\5\0\0\0\0\0\0\0\6\0\0\0"));
	evw_write_bin(buf, BYTES("\0\0\1"));
	evw_frame_end(buf);
}

static void
encode_encrypt_every_field(EvwBuf *buf)
{
	EvwRequestHeader header = {
		.app = BYTES("demo"),
		.curve = EVW_CURVE_SECP256K1,
		.format = BYTES("S0lS"),
		.role = BYTES("permit-all"),
		.values_per_key = 4096,
		.deadline_ms = 30000,
		.trace = BYTES("\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17"),
		.credential = BYTES("token"),
		.label = BYTES("alice"),
	};

	evw_request_begin(buf, EVW_VERB_ENCRYPT, 7, &header, 2);
	evw_write_bin(buf, BYTES("x"));
	evw_write_bin(buf, BYTES("\1\0\0\0"));
	evw_frame_end(buf);
}

static void
encode_encrypt_empty(EvwBuf *buf)
{
	evw_request_begin(buf, EVW_VERB_ENCRYPT, 2, &demo, 2);
	evw_write_bin(buf, BYTES(""));
	evw_write_bin(buf, BYTES(""));
	evw_frame_end(buf);
}

static void
encode_encrypt_contexts(EvwBuf *buf)
{
	evw_request_begin(buf, EVW_VERB_ENCRYPT, 3, &demo, 5);
	evw_write_bin(buf, BYTES("xy"));
	evw_write_bin(buf, BYTES("\1\0\0\0\1\0\0\0"));
	evw_write_nil(buf);
	evw_write_bin(buf, BYTES("c"));
	evw_write_bin(buf, BYTES("\1\0\0\0\0\0\0\0"));
	evw_frame_end(buf);
}

static void
encode_encrypt_one_context(EvwBuf *buf)
{
	evw_request_begin(buf, EVW_VERB_ENCRYPT, 4, &demo, 5);
	evw_write_bin(buf, BYTES("xy"));
	evw_write_bin(buf, BYTES("\1\0\0\0\1\0\0\0"));
	evw_write_nil(buf);
	evw_write_bin(buf, BYTES("c"));
	evw_write_bin(buf, BYTES("\1\0\0\0"));
	evw_frame_end(buf);
}

EvwBytes
wire_sample_envelope(void)
{
	json_t *vectors = help_vectors("ciphertexts.json");
	json_t *list = json_object_get(vectors, "ciphertexts");
	EvwBytes envelope = help_unhex(help_field(json_array_get(list, 3), "envelope"));

	json_decref(vectors);
	return envelope;
}

/* As a client does that does not know the lengths beforehand. */
static void
encode_decrypt(EvwBuf *buf)
{
	EvwBytes envelope = wire_sample_envelope();
	size_t mark;

	evw_request_begin(buf, EVW_VERB_DECRYPT, 2, &demo, 2);
	mark = evw_write_bin_begin(buf);
	evw_buf_append(buf, envelope.data, envelope.len);
	evw_write_bin_end(buf, mark);
	mark = evw_write_bin_begin(buf);
	evw_put_le32(evw_buf_extend(buf, 4), (uint32_t) envelope.len);
	evw_write_bin_end(buf, mark);
	evw_frame_end(buf);
	help_release(envelope);
}

static void
encode_reencrypt(EvwBuf *buf)
{
	const EvwRequestHeader header = {.app = demo.app, .curve = EVW_CURVE_SECP256K1};
	EvwBytes envelope = wire_sample_envelope();
	uint8_t length[4];

	evw_put_le32(length, (uint32_t) envelope.len);
	evw_request_begin(buf, EVW_VERB_REENCRYPT, 3, &header, 2);
	evw_write_bin(buf, envelope);
	evw_write_bin(buf, (EvwBytes){length, sizeof(length)});
	evw_frame_end(buf);
	help_release(envelope);
}

static void
encode_blind_index(EvwBuf *buf)
{
	evw_request_begin(buf, EVW_VERB_BLIND_INDEX, 4, &demo, 2);
	evw_write_bin(buf, BYTES("alice@example.org"));
	evw_write_bin(buf, BYTES("\21\0\0\0\0\0\0\0"));
	evw_frame_end(buf);
}

static void
encode_blind_index_all(EvwBuf *buf)
{
	const EvwRequestHeader header = {.app = demo.app, .all = true};

	evw_request_begin(buf, EVW_VERB_BLIND_INDEX, 5, &header, 5);
	evw_write_bin(buf, BYTES("x"));
	evw_write_bin(buf, BYTES("\1\0\0\0"));
	evw_write_nil(buf);
	evw_write_bin(buf, BYTES("c"));
	evw_write_bin(buf, BYTES("\1\0\0\0"));
	evw_frame_end(buf);
}

static void
encode_echo(EvwBuf *buf)
{
	EvwRequestHeader none = {0};

	evw_request_begin(buf, EVW_VERB_ECHO, 9, &none, 2);
	evw_write_bin(buf, BYTES("abc"));
	evw_write_bin(buf, BYTES("\1\0\0\0\2\0\0\0"));
	evw_frame_end(buf);
}

static void
encode_cancel(EvwBuf *buf)
{
	evw_cancel_encode(buf, 7);
}

static void
encode_health(EvwBuf *buf)
{
	evw_request_encode_plain(buf, EVW_VERB_HEALTH, 11, &demo);
}

static void
encode_stats(EvwBuf *buf)
{
	EvwRequestHeader none = {0};

	evw_request_encode_plain(buf, EVW_VERB_STATS, UINT64_MAX, &none);
}

static void
encode_keys(EvwBuf *buf)
{
	evw_request_encode_plain(buf, EVW_VERB_KEYS, 13, &demo);
}

static void
encode_reload(EvwBuf *buf)
{
	EvwRequestHeader none = {0};

	evw_request_encode_plain(buf, EVW_VERB_RELOAD, 14, &none);
}

static void
encode_attest(EvwBuf *buf)
{
	uint8_t nonce[EVW_NONCE_MIN];
	const EvwAttest attest = {BYTES(EVW_EVIDENCE_NITRO), {nonce, sizeof(nonce)}};

	for (size_t i = 0; i < sizeof(nonce); i++)
		nonce[i] = (uint8_t) i;
	evw_attest_encode(buf, 15, &attest);
}

static void
encode_attest_result(EvwBuf *buf)
{
	const EvwEvidence evidence = {BYTES(EVW_EVIDENCE_NITRO), BYTES("document")};

	evw_evidence_encode(buf, 15, &evidence);
}

static void
encode_result(EvwBuf *buf)
{
	EvwResultMark mark = evw_result_begin(buf, 2, 1);

	evw_write_bin(buf, BYTES("hello world"));
	evw_write_bin(buf, BYTES("\13\0\0\0"));
	evw_write_nil(buf);
	evw_result_end(buf, mark, 1234567, 0);
}

static void
encode_result_statuses(EvwBuf *buf)
{
	EvwResultMark mark = evw_result_begin(buf, 2, 0);

	evw_write_bin(buf, BYTES("x"));
	evw_write_bin(buf, BYTES("\0\0\0\0\1\0\0\0"));
	evw_write_bin(buf, BYTES("\1\0"));
	evw_result_end(buf, mark, UINT64_C(1) << 40, 3);
}

static void
encode_status(EvwBuf *buf, uint64_t id, EvwStatus status, uint32_t retry_ms)
{
	const char *text = evw_status_message(status);
	EvwErrorHeader header = {status, {(const uint8_t *) text, strlen(text)}, retry_ms};

	evw_error_encode(buf, id, &header);
}

static void
encode_error(EvwBuf *buf)
{
	encode_status(buf, 7, EVW_UNKNOWN_APP, 0);
}

static void
encode_error_busy(EvwBuf *buf)
{
	encode_status(buf, 7, EVW_BUSY, 100);
}

static void
encode_error_connection(EvwBuf *buf)
{
	encode_status(buf, 0, EVW_FRAME_TOO_LONG, 0);
}

static void
encode_cancelled(EvwBuf *buf)
{
	evw_cancelled_encode(buf, 7, 42);
}

static void
encode_health_result(EvwBuf *buf)
{
	EvwHealth health = {
		.version = BYTES("1.0"),
		.backend = BYTES("openssl"),
		.uptime_ms = 60000,
		.unix_us = UINT64_C(1700000000000000),
		.queued = 2,
		.running = 1,
		.n_key_versions = 2,
		.key_versions = {2, 1},
		.n_index_versions = 1,
		.index_versions = {3},
		.isolation = BYTES("no_core seccomp"),
		.isolation_missing = BYTES("landlock"),
	};

	evw_health_encode(buf, 11, &health);
}

static void
encode_stats_result(EvwBuf *buf)
{
	EvwCounter counters[] = {{"requests", 70000}, {"bytes_in", UINT64_C(1) << 33}};

	evw_stats_encode(buf, UINT64_MAX, counters, 2);
}

static void
read_point(uint8_t *point, const json_t *curves, const char *curve)
{
	EvwBytes bytes = help_unhex(help_field(json_object_get(curves, curve), "public"));

	assert_int_equal(bytes.len, EVW_POINT_LEN);
	memcpy(point, bytes.data, EVW_POINT_LEN);
	help_release(bytes);
}

static void
encode_keys_result(EvwBuf *buf)
{
	json_t *vectors = help_vectors("ciphertexts.json");
	json_t *curves = json_object_get(vectors, "curves");
	EvwPublicKeys keys[2] = {{.version = 2}, {.version = 1}};
	const EvwIndexKey indexes[2] = {{3, 16}, {1, 32}};

	for (int i = 0; i < 2; i++)
	{
		read_point(keys[i].p256, curves, "p256");
		read_point(keys[i].secp256k1, curves, "secp256k1");
	}
	evw_keys_encode(buf, 13, keys, 2, indexes, 2);
	json_decref(vectors);
}

#define SAMPLE(name)                                                                     \
	{                                                                                    \
#name, encode_##name                                                             \
	}

const WireSample wire_samples[] = {
	SAMPLE(client_hello),
	SAMPLE(server_hello),
	SAMPLE(encrypt),
	SAMPLE(encrypt_every_field),
	SAMPLE(encrypt_empty),
	SAMPLE(encrypt_contexts),
	SAMPLE(encrypt_one_context),
	SAMPLE(decrypt),
	SAMPLE(reencrypt),
	SAMPLE(blind_index),
	SAMPLE(blind_index_all),
	SAMPLE(echo),
	SAMPLE(cancel),
	SAMPLE(health),
	SAMPLE(stats),
	SAMPLE(keys),
	SAMPLE(reload),
	SAMPLE(attest),
	SAMPLE(result),
	SAMPLE(result_statuses),
	SAMPLE(error),
	SAMPLE(error_busy),
	SAMPLE(error_connection),
	SAMPLE(cancelled),
	SAMPLE(health_result),
	SAMPLE(stats_result),
	SAMPLE(attest_result),
	SAMPLE(keys_result),
	{NULL, NULL},
};

void
wire_sample_encode(const char *name, EvwBuf *buf)
{
	help_buf_init(buf);
	for (const WireSample *sample = wire_samples; sample->name != NULL; sample++)
		if (strcmp(sample->name, name) == 0)
		{
			sample->encode(buf);
			return;
		}
	fail_msg("no sample %s", name);
}
