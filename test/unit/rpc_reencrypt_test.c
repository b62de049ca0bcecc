/*
 * unit/rpc_reencrypt_test.c
 *	  REENCRYPT: every ciphertext version becomes the default one under the newest key,
 *	  with datatype, role and context kept; every damage is that value's alone.
 */
#include "rpc_help.h"

#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/random.h"
#include "rpc/aad.h"
#include "rpc/metadata.h"

#include <stdlib.h>
#include <string.h>

#define NONE ((EvwBytes){NULL, 0})

static EvwBytes
text(const char *words)
{
	return (EvwBytes){(const uint8_t *) words, strlen(words)};
}

/* The app's newest pair, of a keyring that the caller releases. */
static const E3KeyPair *
newest_pair(RpcFixture *fixture, EvwCurve curve, E3Keyring **keyring)
{
	*keyring = e3_keyring_acquire(fixture->shared.keyring);
	return e3_keyring_find(*keyring, text("old"))->versions[0].pairs[curve];
}

/* One value; its outcome, and if that is OK its new envelope for help_release. */
static EvwStatus
reencrypt_one(RpcFixture *fixture, EvwCurve curve, EvwBytes envelope,
			  const EvwBytes *context, EvwBytes *again)
{
	EvwRequestHeader header = rpc_header_for("old");
	EvwMessage message;
	EvwResult result;
	EvwStatus status;
	E3Call call;

	header.curve = curve;
	rpc_make_bound_call(&call, EVW_VERB_REENCRYPT, &header, &envelope, 1, NONE, context,
						1);
	assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	assert_int_equal(evw_column_count(&result.values), 1);
	assert_int_equal(result.header.key_version, 2);
	status = rpc_status_of(&result, 0);
	if (status == EVW_OK)
		*again = help_exact(result.values.bytes);
	else
		assert_int_equal(result.values.bytes.len, 0);
	e3_call_release(&call);
	return status;
}

/* What is sealed inside, by the newest key itself: metadata and text. */
static void
expect_inside(RpcFixture *fixture, const EvwEnvelope *envelope, const EvwBytes *context,
			  EvwBytes role, EvwBytes plain)
{
	E3Scratch *scratch = fixture->worker.scratch;
	uint8_t *out = malloc(envelope->sealed.len);
	uint8_t aes[E3_AES_KEY_LEN];
	E3Agreement agreement;
	E3Metadata metadata;
	E3Keyring *keyring;
	const E3KeyPair *pair = newest_pair(fixture, envelope->info->curve, &keyring);
	E3Aad aad;

	assert_non_null(out);
	assert_memory_equal(envelope->hint, e3_key_pair_hint(pair), EVW_HINT_LEN);
	assert_status(e3_agree_with(scratch, pair, envelope->epk, &agreement), EVW_OK);
	assert_status(e3_kdf_key(scratch, envelope->info, &agreement, aes), EVW_OK);
	assert_status(e3_aead_set_key(scratch, aes), EVW_OK);
	e3_aad_prepare(&aad, envelope->epk, pair);
	if (context != NULL)
		assert_status(e3_aad_bind(&aad, scratch, *context), EVW_OK);
	assert_status(e3_aead_open(scratch, out, envelope->iv,
							   e3_aad_for(&aad, envelope->info, envelope->datatype),
							   envelope->sealed),
				  EVW_OK);
	assert_status(e3_metadata_decode((EvwBytes){out, envelope->sealed.len - EVW_TAG_LEN},
									 &metadata),
				  EVW_OK);
	assert_bytes_equal(metadata.role, role);
	assert_bytes_equal(metadata.body, plain);
	e3_keyring_release(keyring);
	free(out);
}

static void
check_vector(RpcFixture *fixture, const json_t *vector, EvwCurve curve)
{
	const char *role = json_string_value(json_object_get(vector, "role"));
	const char *words = json_string_value(json_object_get(vector, "context"));
	EvwBytes envelope = help_unhex(help_field(vector, "envelope"));
	EvwBytes plain = text(help_field(vector, "text"));
	EvwBytes context = words != NULL ? text(words) : NONE;
	const EvwBytes *bound = words != NULL ? &context : NULL;
	EvwEnvelope old;
	EvwEnvelope parsed;
	EvwBytes again;
	EvwBytes opened;

	assert_status(reencrypt_one(fixture, curve, envelope, bound, &again), EVW_OK);
	assert_status(evw_envelope_parse(envelope, &old), EVW_OK);
	assert_status(evw_envelope_parse(again, &parsed), EVW_OK);
	if (curve == EVW_CURVE_P256)
		assert_int_equal(parsed.tag, bound != NULL ? EVW_TAG_RVZS : EVW_TAG_QKTC);
	else
		assert_int_equal(parsed.tag, bound != NULL ? EVW_TAG_RVZL : EVW_TAG_S0LS);
	assert_int_equal(parsed.datatype, old.datatype);
	assert_false(parsed.names_string);
	assert_false(parsed.padded);
	assert_memory_not_equal(parsed.epk, old.epk, EVW_POINT_LEN);
	expect_inside(fixture, &parsed, bound, role != NULL ? text(role) : NONE, plain);
	assert_status(rpc_decrypt_bound(fixture, "old", again, bound, &opened), EVW_OK);
	assert_bytes_equal(opened, plain);
	help_release(opened);
	help_release(again);
	help_release(envelope);
}

static void
every_version_becomes_the_default(void **state)
{
	RpcFixture *fixture = *state;
	json_t *list = json_object_get(fixture->vectors, "ciphertexts");
	unsigned tags = 0;
	size_t index;
	json_t *vector;

	json_array_foreach(list, index, vector)
	{
		const char *tag = help_field(vector, "tag");

		tags |= 1u << (tag[0] != '\0' ? evw_tag_named(text(tag)) : EVW_TAG_NONE);
		check_vector(fixture, vector, EVW_CURVE_P256);
		check_vector(fixture, vector, EVW_CURVE_SECP256K1);
	}
	/* All ten. */
	assert_int_equal(tags, 0x7fe);
}

/* Contexts that miss, that are too many, and that are others. */
static void
contexts_must_fit(void **state)
{
	RpcFixture *fixture = *state;
	EvwBytes plain = rpc_qktc_envelope(fixture);
	EvwBytes bound = rpc_vector_of(fixture, "RVZS", "");
	const EvwBytes context = BYTES("patients.ssn");
	const EvwBytes other = BYTES("patients.sin");
	EvwBytes again;

	assert_status(reencrypt_one(fixture, EVW_CURVE_P256, plain, &context, &again),
				  EVW_CONTEXT_UNEXPECTED);
	assert_status(reencrypt_one(fixture, EVW_CURVE_P256, bound, NULL, &again),
				  EVW_CONTEXT_MISSING);
	assert_status(reencrypt_one(fixture, EVW_CURVE_P256, bound, &other, &again),
				  EVW_DOES_NOT_OPEN);
	assert_status(reencrypt_one(fixture, EVW_CURVE_P256, bound, &context, &again),
				  EVW_OK);
	help_release(again);
	help_release(bound);
	help_release(plain);
}

#define VALUES 900

/* Of 0 to 2 KiB, and one in pieces. */
static uint8_t filler[3 * E3_PIECE];

static EvwBytes
plain_of(uint32_t i)
{
	if (i == VALUES / 2)
		return (EvwBytes){filler, sizeof(filler)};
	return (EvwBytes){filler + i % 5, i * 37 % 2040};
}

/* Half of them in one request with roles and datatypes, half in another without. */
typedef struct Sample
{
	E3Call calls[2];
	EvwBytes sealed[VALUES];
	EvwBytes context; /* data NULL: they are bound to none */
} Sample;

static void
encrypt_half(RpcFixture *fixture, Sample *sample, int half)
{
	static uint8_t datatypes[VALUES / 2];
	EvwRequestHeader header = rpc_header_for("old");
	EvwBytes values[VALUES / 2];
	EvwColumnCursor cursor;
	EvwMessage message;
	EvwResult result;

	for (uint32_t i = 0; i < VALUES / 2; i++)
	{
		values[i] = plain_of(2 * i + (uint32_t) half);
		datatypes[i] = (uint8_t) (i % 50 / 20);
	}
	header.role = half == 0 ? BYTES("pii") : NONE;
	header.values_per_key = half == 0 ? 100 : 0;
	rpc_make_bound_call(&sample->calls[half], EVW_VERB_ENCRYPT, &header, values,
						VALUES / 2,
						half == 0 ? (EvwBytes){datatypes, sizeof(datatypes)} : NONE,
						sample->context.data != NULL ? &sample->context : NULL, 1);
	assert_status(rpc_execute(fixture, &sample->calls[half], &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	evw_column_open(&cursor, &result.values);
	for (uint32_t i = 0; i < VALUES / 2; i++)
		sample->sealed[2 * i + (uint32_t) half] = evw_column_next(&cursor);
}

static void
make_sample(RpcFixture *fixture, Sample *sample, EvwBytes context)
{
	sample->context = context;
	for (size_t i = 0; i < sizeof(filler); i++)
		filler[i] = (uint8_t) (i * 31 ^ i >> 9);
	encrypt_half(fixture, sample, 0);
	encrypt_half(fixture, sample, 1);
}

static void
release_sample(Sample *sample)
{
	e3_call_release(&sample->calls[0]);
	e3_call_release(&sample->calls[1]);
}

/* Where these are, the value is damaged, or none at all. */
static bool
is_damaged(uint32_t i)
{
	return i % 97 == 5 || i == 0 || i == VALUES - 1;
}

static void
check_value(RpcFixture *fixture, const Sample *sample, uint32_t i, EvwBytes again)
{
	const EvwBytes *context = sample->context.data != NULL ? &sample->context : NULL;
	EvwEnvelope envelope;

	assert_status(evw_envelope_parse(again, &envelope), EVW_OK);
	assert_int_equal(envelope.datatype, i % 2 == 0 ? i / 2 % 50 / 20 : 0);
	if (i % 10 == 0 || i % 10 == 1)
		expect_inside(fixture, &envelope, context, i % 2 == 0 ? BYTES("pii") : NONE,
					  plain_of(i));
}

/* All in one request, with some damaged; the ephemeral keys that it took. */
static int
reencrypt_all(RpcFixture *fixture, Sample *sample, uint32_t per_key)
{
	static uint8_t junk[] = "junk";
	EvwRequestHeader header = rpc_header_for("old");
	const EvwBytes *context = sample->context.data != NULL ? &sample->context : NULL;
	EvwBytes values[VALUES];
	EvwColumnCursor cursor;
	EvwMessage message;
	EvwResult result;
	E3Call call;
	const uint8_t *last = NULL;
	int keys = 0;

	for (uint32_t i = 0; i < VALUES; i++)
		values[i] = is_damaged(i) ? (EvwBytes){junk, i % 2 * 4} : sample->sealed[i];
	header.values_per_key = per_key;
	rpc_make_bound_call(&call, EVW_VERB_REENCRYPT, &header, values, VALUES, NONE, context,
						1);
	assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
	assert_int_equal(call.done, VALUES);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	evw_column_open(&cursor, &result.values);
	for (uint32_t i = 0; i < VALUES; i++)
	{
		EvwBytes again = evw_column_next(&cursor);

		assert_status(rpc_status_of(&result, i),
					  is_damaged(i) ? EVW_NOT_CIPHERTEXT : EVW_OK);
		assert_int_equal(again.len == 0, is_damaged(i));
		if (is_damaged(i))
			continue;
		check_value(fixture, sample, i, again);
		keys += last == NULL || memcmp(last, again.data + 6, EVW_POINT_LEN) != 0;
		last = again.data + 6;
	}
	e3_call_release(&call);
	return keys;
}

/* Another request that uses the worker's scratch. */
static void
encrypt_something_else(RpcFixture *fixture)
{
	EvwRequestHeader header = rpc_header_for("new");
	EvwBytes value = BYTES("else");
	E3Call call;

	rpc_make_call(&call, EVW_VERB_ENCRYPT, &header, &value, 1, NONE);
	while (!e3_rpc_run(&fixture->worker, &call))
		;
	assert_status(call.outcome, EVW_OK);
	e3_call_release(&call);
}

static void
many_are_as_one(void **state)
{
	RpcFixture *fixture = *state;
	static Sample sample;
	const EvwBytes contexts[] = {NONE, BYTES("patients.ssn")};

	for (int i = 0; i < 2; i++)
	{
		make_sample(fixture, &sample, contexts[i]);
		fixture->shared.slice_ns = 0;
		assert_int_equal(reencrypt_all(fixture, &sample, 0), 1);
		assert_int_equal(fixture->slices, 1);
		assert_true(reencrypt_all(fixture, &sample, 100) >= 9);
		/* A slice of no time ends at every look at the clock. */
		fixture->shared.slice_ns = 1;
		fixture->between = encrypt_something_else;
		assert_int_equal(reencrypt_all(fixture, &sample, 0), 1);
		assert_true(fixture->slices > 20);
		fixture->between = NULL;
		fixture->shared.slice_ns = 0;
		release_sample(&sample);
	}
}

/* Cancelled at any look at the clock: while it opens, and while it seals. */
static E3Call *cancelled_call;
static int cancelled_after;

static void
cancel_after(RpcFixture *fixture)
{
	if (fixture->slices > cancelled_after)
		atomic_store(&cancelled_call->cancelled, true);
}

static void
a_cancelled_request_ends(void **state)
{
	RpcFixture *fixture = *state;
	EvwRequestHeader header = rpc_header_for("old");
	static Sample sample;
	EvwMessage message;
	E3Call call;

	make_sample(fixture, &sample, NONE);
	fixture->shared.slice_ns = 1;
	fixture->between = cancel_after;
	cancelled_call = &call;
	for (cancelled_after = 1; cancelled_after < 20; cancelled_after += 6)
	{
		rpc_make_call(&call, EVW_VERB_REENCRYPT, &header, sample.sealed, VALUES, NONE);
		assert_status(rpc_execute(fixture, &call, &message), EVW_CANCELLED);
		assert_int_equal(fixture->slices, cancelled_after + 1);
		e3_call_release(&call);
	}
	fixture->between = NULL;
	fixture->shared.slice_ns = 0;
	release_sample(&sample);
}

/* An envelope by somebody who writes roles of any length; for help_release. */
static EvwBytes
seal_with_role(RpcFixture *fixture, size_t role_len)
{
	E3Scratch *scratch = fixture->worker.scratch;
	uint8_t plain[128] = {0, 0, 0x81, 0xa2, 'd', 'r', 0xd9, (uint8_t) role_len};
	uint8_t out[256];
	uint8_t epk[1][EVW_POINT_LEN];
	uint8_t aes[E3_AES_KEY_LEN];
	const uint8_t iv[EVW_IV_LEN] = {1};
	E3Agreement agreement;
	E3Keyring *keyring;
	const E3KeyPair *pair = newest_pair(fixture, EVW_CURVE_P256, &keyring);
	EvwEnvelope envelope = {.tag = EVW_TAG_QKTC,
							.info = evw_tag_info(EVW_TAG_QKTC),
							.hint = e3_key_pair_hint(pair),
							.epk = epk[0],
							.iv = iv};
	E3Aad aad;

	memset(plain + 8, 'r', role_len);
	plain[0] = (uint8_t) (6 + role_len);
	assert_status(e3_agree_ephemeral(scratch, pair, epk[0], &agreement), EVW_OK);
	assert_status(e3_kdf_key(scratch, envelope.info, &agreement, aes), EVW_OK);
	assert_status(e3_aead_set_key(scratch, aes), EVW_OK);
	e3_aad_prepare(&aad, epk[0], pair);
	evw_envelope_write_head(out, &envelope);
	assert_status(e3_aead_seal(scratch, out + EVW_ENVELOPE_HEAD, iv,
							   e3_aad_for(&aad, envelope.info, EVW_STRING), NONE,
							   (EvwBytes){plain, 8 + role_len}),
				  EVW_OK);
	e3_keyring_release(keyring);
	return help_exact((EvwBytes){out, EVW_ENVELOPE_MIN + 8 + role_len});
}

/* It is not for us to cut a role. */
static void
a_role_has_its_longest(void **state)
{
	RpcFixture *fixture = *state;
	uint8_t role[E3_METADATA_ROLE_MAX];
	EvwBytes envelope = seal_with_role(fixture, E3_METADATA_ROLE_MAX);
	EvwEnvelope parsed;
	EvwBytes again;

	memset(role, 'r', sizeof(role));
	assert_status(reencrypt_one(fixture, EVW_CURVE_P256, envelope, NULL, &again), EVW_OK);
	assert_status(evw_envelope_parse(again, &parsed), EVW_OK);
	expect_inside(fixture, &parsed, NULL, (EvwBytes){role, sizeof(role)}, BYTES(""));
	help_release(again);
	help_release(envelope);
	envelope = seal_with_role(fixture, E3_METADATA_ROLE_MAX + 1);
	assert_status(rpc_decrypt_one(fixture, "old", envelope, NULL), EVW_OK);
	assert_status(reencrypt_one(fixture, EVW_CURVE_P256, envelope, NULL, &again),
				  EVW_VERSION_UNSUPPORTED);
	help_release(envelope);
}

/* TENZ whose tag says Tk9D opens as text, role and all: that role is the new one's. */
static void
a_relabelled_role_stays(void **state)
{
	RpcFixture *fixture = *state;
	EvwBytes envelope = rpc_vector_of(fixture, "TENZ", "permit-all");
	EvwEnvelope parsed;
	EvwBytes opened;
	EvwBytes again;

	((uint8_t *) envelope.data)[0] = EVW_TAG_TK9D;
	assert_status(rpc_decrypt_one(fixture, "old", envelope, &opened), EVW_OK);
	assert_status(reencrypt_one(fixture, EVW_CURVE_P256, envelope, NULL, &again), EVW_OK);
	assert_status(evw_envelope_parse(again, &parsed), EVW_OK);
	expect_inside(fixture, &parsed, NULL, BYTES("permit-all"), opened);
	help_release(opened);
	help_release(again);
	help_release(envelope);
}

static void
refused_by_name(void **state)
{
	RpcFixture *fixture = *state;
	EvwBytes envelope = rpc_qktc_envelope(fixture);
	EvwRequestHeader headers[] = {rpc_header_for("nobody"),
								  {.label = NONE},
								  rpc_header_for("old")};
	const EvwStatus statuses[] = {EVW_UNKNOWN_APP, EVW_BAD_HEADER, EVW_UNSUPPORTED};
	const uint8_t string = 0;
	EvwMessage message;
	E3Call call;

	for (int i = 0; i < 3; i++)
	{
		rpc_make_call(&call, EVW_VERB_REENCRYPT, &headers[i], &envelope, 1,
					  i == 2 ? (EvwBytes){&string, 1} : NONE);
		assert_status(rpc_execute(fixture, &call, &message), statuses[i]);
		e3_call_release(&call);
	}
	rpc_make_call(&call, EVW_VERB_REENCRYPT, &headers[2], NULL, 0, NONE);
	assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
	e3_call_release(&call);
	help_release(envelope);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version_becomes_the_default),
		cmocka_unit_test(contexts_must_fit),
		cmocka_unit_test(many_are_as_one),
		cmocka_unit_test(a_cancelled_request_ends),
		cmocka_unit_test(a_role_has_its_longest),
		cmocka_unit_test(a_relabelled_role_stays),
		cmocka_unit_test(refused_by_name),
	};

	return cmocka_run_group_tests_name("rpc_reencrypt", tests, rpc_set_up, rpc_tear_down);
}
