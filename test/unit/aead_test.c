/*
 * unit/aead_test.c
 *	  AES-256-GCM: NIST CAVP, Wycheproof, damage, and no allocation per value;
 *	  once for each library.
 */
#include "e3_help.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/aead.h"
#include "wire/envelope.h"

#define TEXT_MAX 4096

static E3Scratch *scratch;

/* Calls of OpenSSL's allocator. */
static atomic_uint allocations;

static void *
counted_malloc(size_t size, const char *file, int line)
{
	(void) file;
	(void) line;
	atomic_fetch_add(&allocations, 1);
	return malloc(size);
}

static void *
counted_realloc(void *at, size_t size, const char *file, int line)
{
	(void) file;
	(void) line;
	atomic_fetch_add(&allocations, 1);
	return realloc(at, size);
}

static void
plain_free(void *at, const char *file, int line)
{
	(void) file;
	(void) line;
	free(at);
}

static int
set_up(void **state)
{
	if (help_arena(state) != 0)
		return -1;
	scratch = e3_scratch_new();
	return scratch != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void) state;
	e3_scratch_free(scratch);
	return 0;
}

/* One vector, as bytes. */
typedef struct GcmVector
{
	uint8_t key[E3_AES_KEY_LEN];
	uint8_t iv[EVW_IV_LEN];
	uint8_t aad[TEXT_MAX];
	uint8_t plain[TEXT_MAX];
	uint8_t sealed[TEXT_MAX + EVW_TAG_LEN];
	size_t aad_len;
	size_t plain_len;
	size_t sealed_len;
} GcmVector;

static void
fill_vector(GcmVector *vector, const char *key, const char *iv, const char *aad,
			const char *plain, const char *text, const char *tag)
{
	assert_int_equal(help_hex_to(key, vector->key, sizeof(vector->key)), E3_AES_KEY_LEN);
	assert_int_equal(help_hex_to(iv, vector->iv, sizeof(vector->iv)), EVW_IV_LEN);
	vector->aad_len = help_hex_to(aad, vector->aad, sizeof(vector->aad));
	vector->plain_len = help_hex_to(plain, vector->plain, sizeof(vector->plain));
	vector->sealed_len = help_hex_to(text, vector->sealed, TEXT_MAX);
	vector->sealed_len +=
		help_hex_to(tag, vector->sealed + vector->sealed_len, EVW_TAG_LEN);
}

/* The plaintext is split at "split", as metadata and value are. */
static void
expect_seals(const GcmVector *vector, size_t split)
{
	uint8_t out[TEXT_MAX + EVW_TAG_LEN];

	assert_int_equal(vector->sealed_len, vector->plain_len + EVW_TAG_LEN);
	assert_status(e3_aead_seal(scratch, out, vector->iv,
							   (EvwBytes){vector->aad, vector->aad_len},
							   (EvwBytes){vector->plain, split},
							   (EvwBytes){vector->plain + split,
										  vector->plain_len - split}),
				  EVW_OK);
	assert_memory_equal(out, vector->sealed, vector->sealed_len);
}

static EvwStatus
open_vector(const GcmVector *vector, uint8_t *out)
{
	return e3_aead_open(scratch, out, vector->iv,
						(EvwBytes){vector->aad, vector->aad_len},
						(EvwBytes){vector->sealed, vector->sealed_len});
}

static void
expect_opens(const GcmVector *vector)
{
	uint8_t out[TEXT_MAX];

	assert_status(open_vector(vector, out), EVW_OK);
	assert_memory_equal(out, vector->plain, vector->plain_len);
}

/* Refused, and nothing of what was deciphered is left. */
static void
expect_refused(const GcmVector *vector)
{
	uint8_t out[TEXT_MAX];

	memset(out, 0xa5, sizeof(out));
	assert_status(open_vector(vector, out), EVW_DOES_NOT_OPEN);
	for (size_t i = 0; i + EVW_TAG_LEN < vector->sealed_len; i++)
		assert_int_equal(out[i], 0);
}

static bool
has_our_sizes(const NistCase *nist)
{
	return help_nist_has(nist, "Keylen = 256") && help_nist_has(nist, "IVlen = 96") &&
		   help_nist_has(nist, "Taglen = 128");
}

static void
nist_sealing(void **state)
{
	FILE *file = help_nist("ciphers/AES/GCM/gcmEncryptExtIV256.rsp");
	static NistCase nist;
	static GcmVector vector;
	int count = 0;

	(void) state;
	while (help_nist_next(file, &nist))
	{
		if (!has_our_sizes(&nist))
			continue;
		fill_vector(&vector, help_nist_field(&nist, "Key"), help_nist_field(&nist, "IV"),
					help_nist_field(&nist, "AAD"), help_nist_field(&nist, "PT"),
					help_nist_field(&nist, "CT"), help_nist_field(&nist, "Tag"));
		assert_status(e3_aead_set_key(scratch, vector.key), EVW_OK);
		expect_seals(&vector, vector.plain_len / 2);
		expect_opens(&vector);
		count++;
	}
	fclose(file);
	print_message("gcmEncryptExtIV256.rsp: %d cases\n", count);
	assert_true(count >= 300);
}

static void
nist_opening(void **state)
{
	FILE *file = help_nist("ciphers/AES/GCM/gcmDecrypt256.rsp");
	static NistCase nist;
	static GcmVector vector;
	int opened = 0;
	int refused = 0;

	(void) state;
	while (help_nist_next(file, &nist))
	{
		const char *plain = help_nist_field(&nist, "PT");

		if (!has_our_sizes(&nist))
			continue;
		fill_vector(&vector, help_nist_field(&nist, "Key"), help_nist_field(&nist, "IV"),
					help_nist_field(&nist, "AAD"), plain != NULL ? plain : "",
					help_nist_field(&nist, "CT"), help_nist_field(&nist, "Tag"));
		assert_status(e3_aead_set_key(scratch, vector.key), EVW_OK);
		assert_true((plain == NULL) == (help_nist_field(&nist, "FAIL") != NULL));
		if (plain != NULL)
			expect_opens(&vector);
		else
			expect_refused(&vector);
		opened += plain != NULL;
		refused += plain == NULL;
	}
	fclose(file);
	print_message("gcmDecrypt256.rsp: %d open, %d are refused\n", opened, refused);
	assert_true(opened >= 100 && refused >= 100);
}

static bool
group_has(const json_t *group, const char *key, json_int_t value)
{
	return json_integer_value(json_object_get(group, key)) == value;
}

static void
wycheproof_gcm(void **state)
{
	json_t *vectors = help_wycheproof("aes_gcm_test.json");
	static GcmVector vector;
	json_t *group;
	json_t *test;
	size_t i;
	size_t j;
	int count = 0;

	(void) state;
	json_array_foreach(json_object_get(vectors, "testGroups"), i, group)
	{
		if (!group_has(group, "keySize", 256) || !group_has(group, "ivSize", 96) ||
			!group_has(group, "tagSize", 128))
			continue;
		json_array_foreach(json_object_get(group, "tests"), j, test)
		{
			fill_vector(&vector, help_field(test, "key"), help_field(test, "iv"),
						help_field(test, "aad"), help_field(test, "msg"),
						help_field(test, "ct"), help_field(test, "tag"));
			assert_status(e3_aead_set_key(scratch, vector.key), EVW_OK);
			if (strcmp(help_field(test, "result"), "invalid") == 0)
				expect_refused(&vector);
			else
			{
				expect_seals(&vector, 0);
				expect_opens(&vector);
			}
			count++;
		}
	}
	json_decref(vectors);
	print_message("aes_gcm_test.json: %d cases\n", count);
	assert_true(count >= 50);
}

/* The AES key of an envelope: Z itself, or the KDF's. */
static void
set_envelope_key(const E3KeyPair *app, const EvwEnvelope *envelope)
{
	uint8_t key[E3_AES_KEY_LEN];
	E3Agreement agreement;

	assert_status(e3_agree_with(scratch, app, envelope->epk, &agreement), EVW_OK);
	memcpy(key, agreement.z, sizeof(key));
	if (envelope->info->kdf)
		assert_status(e3_kdf_x963(scratch, envelope->info->curve, &agreement, key),
					  EVW_OK);
	assert_status(e3_aead_set_key(scratch, key), EVW_OK);
}

static void
expect_format_vector(const json_t *curves, const json_t *test)
{
	const json_t *curve = json_object_get(curves, help_field(test, "curve"));
	static GcmVector vector;
	EvwEnvelope envelope;
	E3KeyPair *app;
	uint8_t bytes[1024];
	size_t len = help_hex_to(help_field(test, "envelope"), bytes, sizeof(bytes));

	assert_status(evw_envelope_parse((EvwBytes){bytes, len}, &envelope), EVW_OK);
	app = help_pair(envelope.info->curve, help_field(curve, "private"));
	set_envelope_key(app, &envelope);
	memcpy(vector.iv, envelope.iv, sizeof(vector.iv));
	vector.aad_len = help_hex_to(help_field(test, "aad"), vector.aad, TEXT_MAX);
	vector.plain_len =
		help_hex_to(help_field(test, "gcm_plaintext"), vector.plain, TEXT_MAX);
	memcpy(vector.sealed, envelope.sealed.data, envelope.sealed.len);
	vector.sealed_len = envelope.sealed.len;
	expect_opens(&vector);
	expect_seals(&vector, vector.plain_len / 2);
	e3_key_pair_free(app);
}

/* Every ciphertext of the format's vectors, from its ephemeral key to its text. */
static void
the_format_vectors_open(void **state)
{
	json_t *vectors = help_vectors("ciphertexts.json");
	json_t *list = json_object_get(vectors, "ciphertexts");
	json_t *test;
	size_t i;

	(void) state;
	assert_true(json_array_size(list) >= 5);
	json_array_foreach(list, i, test)
		expect_format_vector(json_object_get(vectors, "curves"), test);
	print_message("ciphertexts.json: %zu open\n", i);
	json_decref(vectors);
}

static void
make_vector(GcmVector *vector, size_t aad_len, size_t plain_len)
{
	memset(vector, 0, sizeof(*vector));
	memset(vector->key, 7, sizeof(vector->key));
	memset(vector->iv, 9, sizeof(vector->iv));
	memset(vector->aad, 1, aad_len);
	memset(vector->plain, 'x', plain_len);
	vector->aad_len = aad_len;
	vector->plain_len = plain_len;
	vector->sealed_len = plain_len + EVW_TAG_LEN;
	assert_status(e3_aead_set_key(scratch, vector->key), EVW_OK);
	assert_status(e3_aead_seal(scratch, vector->sealed, vector->iv,
							   (EvwBytes){vector->aad, aad_len},
							   (EvwBytes){vector->plain, plain_len}, (EvwBytes){NULL, 0}),
				  EVW_OK);
}

static void
every_flipped_bit_is_noticed(void **state)
{
	static GcmVector vector;

	(void) state;
	make_vector(&vector, 67, 38);
	for (size_t bit = 0; bit < 8 * vector.sealed_len; bit++)
	{
		vector.sealed[bit / 8] ^= (uint8_t) (1 << bit % 8);
		expect_refused(&vector);
		vector.sealed[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * vector.aad_len; bit++)
	{
		vector.aad[bit / 8] ^= (uint8_t) (1 << bit % 8);
		expect_refused(&vector);
		vector.aad[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof(vector.iv); bit++)
	{
		vector.iv[bit / 8] ^= (uint8_t) (1 << bit % 8);
		expect_refused(&vector);
		vector.iv[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	expect_opens(&vector);
}

static void
every_truncation_is_noticed(void **state)
{
	static GcmVector vector;

	(void) state;
	make_vector(&vector, 33, 50);
	for (vector.sealed_len = 0; vector.sealed_len < 50 + EVW_TAG_LEN; vector.sealed_len++)
		expect_refused(&vector);
	expect_opens(&vector);
}

static void
nothing_can_be_sealed(void **state)
{
	static GcmVector vector;

	(void) state;
	make_vector(&vector, 0, 0);
	expect_opens(&vector);
	expect_seals(&vector, 0);
	vector.aad_len = 1;
	expect_refused(&vector);
}

/* Each key change takes hold for both directions, in any order. */
static void
keys_and_directions_alternate(void **state)
{
	static const uint8_t other_key[E3_AES_KEY_LEN] = {3};
	static GcmVector vectors[2];

	(void) state;
	make_vector(&vectors[0], 3, 20);
	make_vector(&vectors[1], 67, 500);
	for (int round = 0; round < 4; round++)
		for (int i = 0; i < 2; i++)
		{
			memset(vectors[i].key, i + 1, sizeof(vectors[i].key));
			assert_status(e3_aead_set_key(scratch, vectors[i].key), EVW_OK);
			if (round == 0)
				assert_status(e3_aead_seal(scratch, vectors[i].sealed, vectors[i].iv,
										   (EvwBytes){vectors[i].aad, vectors[i].aad_len},
										   (EvwBytes){NULL, 0},
										   (EvwBytes){vectors[i].plain,
													  vectors[i].plain_len}),
							  EVW_OK);
			expect_opens(&vectors[i]);
			expect_seals(&vectors[i], 5);
			expect_opens(&vectors[i]);
			assert_status(e3_aead_set_key(scratch, other_key), EVW_OK);
			expect_refused(&vectors[i]);
		}
}

static void
a_large_value_comes_back(void **state)
{
	const size_t len = 3 << 20;
	uint8_t *plain = malloc(len);
	uint8_t *sealed = malloc(len + EVW_TAG_LEN);
	uint8_t *out = malloc(len);
	const uint8_t iv[EVW_IV_LEN] = {1};

	(void) state;
	for (size_t i = 0; i < len; i++)
		plain[i] = (uint8_t) (i * 31);
	assert_status(e3_aead_set_key(scratch, plain), EVW_OK);
	assert_status(e3_aead_seal(scratch, sealed, iv, (EvwBytes){NULL, 0},
							   (EvwBytes){plain, 29}, (EvwBytes){plain + 29, len - 29}),
				  EVW_OK);
	assert_status(e3_aead_open(scratch, out, iv, (EvwBytes){NULL, 0},
							   (EvwBytes){sealed, len + EVW_TAG_LEN}),
				  EVW_OK);
	assert_memory_equal(out, plain, len);
	sealed[len / 2] ^= 1;
	assert_status(e3_aead_open(scratch, out, iv, (EvwBytes){NULL, 0},
							   (EvwBytes){sealed, len + EVW_TAG_LEN}),
				  EVW_DOES_NOT_OPEN);
	free(plain);
	free(sealed);
	free(out);
}

static void
a_value_costs_no_allocation(void **state)
{
	static GcmVector vector;
	uint8_t out[TEXT_MAX];
	unsigned before;

	(void) state;
	make_vector(&vector, 67, 100);
	before = atomic_load(&allocations);
	assert_true(before > 0);
	for (int i = 0; i < 1000; i++)
	{
		expect_seals(&vector, 29);
		assert_status(open_vector(&vector, out), EVW_OK);
	}
	assert_int_equal(atomic_load(&allocations), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nist_sealing),
		cmocka_unit_test(nist_opening),
		cmocka_unit_test(wycheproof_gcm),
		cmocka_unit_test(the_format_vectors_open),
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(every_truncation_is_noticed),
		cmocka_unit_test(nothing_can_be_sealed),
		cmocka_unit_test(keys_and_directions_alternate),
		cmocka_unit_test(a_large_value_comes_back),
		cmocka_unit_test(a_value_costs_no_allocation),
	};

	/* Only before OpenSSL's first allocation. */
	if (CRYPTO_set_mem_functions(counted_malloc, counted_realloc, plain_free) != 1)
		return 1;
	return help_run_with_aeads(tests, set_up, tear_down);
}
