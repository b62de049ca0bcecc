/*
 * unit/crypto_test.c
 *	  Key pairs, ECDH and KDF: the ciphertext format's vectors, Wycheproof, NIST;
 *	  once for each library that agrees on keys.
 */
#include "e3_help.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/random.h"

static E3Scratch *scratch;

/* What the public SDK made with pinned randomness. */
static json_t *vectors;

static int
set_up(void **state)
{
	if (help_arena(state) != 0)
		return -1;
	vectors = help_vectors("ciphertexts.json");
	scratch = e3_scratch_new();
	return scratch != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void) state;
	json_decref(vectors);
	e3_scratch_free(scratch);
	return 0;
}

static void
expect_hex(const uint8_t *is, const char *hex)
{
	EvwBytes shall = help_unhex(hex);

	assert_memory_equal(is, shall.data, shall.len);
	help_release(shall);
}

static const char *
vector_field(EvwCurve curve, const char *key)
{
	const json_t *curves = json_object_get(vectors, "curves");

	return help_field(json_object_get(curves, evw_curve_name(curve)), key);
}

static void
the_format_vectors_agree(void **state)
{
	(void) state;
	for (int i = 0; i < 2; i++)
	{
		EvwCurve curve = (EvwCurve) i;
		E3KeyPair *app = help_pair(curve, vector_field(curve, "private"));
		E3KeyPair *ephemeral = help_pair(curve, vector_field(curve, "ephemeral_private"));
		uint8_t key[E3_AES_KEY_LEN];
		E3Agreement agreement;
		E3Agreement other;

		expect_hex(e3_key_pair_public(app), vector_field(curve, "public"));
		expect_hex(e3_key_pair_public(ephemeral), vector_field(curve, "epk"));
		assert_status(help_agree(scratch, app, e3_key_pair_public(ephemeral), &agreement),
					  EVW_OK);
		expect_hex(agreement.z, vector_field(curve, "z"));
		assert_status(e3_kdf_x963(scratch, curve, &agreement, key), EVW_OK);
		expect_hex(key, vector_field(curve, "kdf_key"));
		/* ECDH is the same from the other end. */
		assert_status(e3_agree_with(scratch, ephemeral, e3_key_pair_public(app), &other),
					  EVW_OK);
		assert_memory_equal(other.z, agreement.z, sizeof(other.z));
		e3_key_pair_free(app);
		e3_key_pair_free(ephemeral);
	}
}

static void
the_hint_is_the_head_of_a_hash(void **state)
{
	E3KeyPair *pair = help_pair(EVW_CURVE_P256, vector_field(EVW_CURVE_P256, "private"));
	uint8_t digest[32];

	(void) state;
	assert_int_equal(EVP_Digest(e3_key_pair_public(pair), EVW_POINT_LEN, digest, NULL,
								EVP_sha256(), NULL),
					 1);
	assert_memory_equal(e3_key_pair_hint(pair), digest, EVW_HINT_LEN);
	e3_key_pair_free(pair);
}

static void
a_fresh_agreement_opens_at_the_app(void **state)
{
	(void) state;
	for (int curve = 0; curve < 2; curve++)
	{
		E3KeyPair *app = e3_key_pair_generate((EvwCurve) curve);
		uint8_t epk[2][EVW_POINT_LEN];
		E3Agreement made[2];
		E3Agreement found;

		assert_non_null(app);
		for (int i = 0; i < 2; i++)
		{
			assert_status(e3_agree_ephemeral(scratch, app, epk[i], &made[i]), EVW_OK);
			assert_status(e3_agree_with(scratch, app, epk[i], &found), EVW_OK);
			assert_memory_equal(&found, &made[i], sizeof(found));
		}
		assert_memory_not_equal(epk[0], epk[1], EVW_POINT_LEN);
		assert_memory_not_equal(made[0].z, made[1].z, E3_Z_LEN);
		e3_key_pair_free(app);
	}
}

static void
a_private_key_survives_export(void **state)
{
	(void) state;
	for (int curve = 0; curve < 2; curve++)
	{
		E3KeyPair *pair = e3_key_pair_generate((EvwCurve) curve);
		uint8_t private_key[E3_PRIVATE_LEN];
		E3KeyPair *again;

		assert_non_null(pair);
		e3_key_pair_private(pair, private_key);
		assert_status(e3_key_pair_from_private((EvwCurve) curve, private_key, &again),
					  EVW_OK);
		assert_memory_equal(e3_key_pair_public(pair), e3_key_pair_public(again),
							EVW_POINT_LEN);
		e3_key_pair_free(pair);
		e3_key_pair_free(again);
	}
}

/* 0, n and n+1 are no keys; 1 and n-1 are. */
static void
a_private_key_has_its_range(void **state)
{
	static const int nids[] = {NID_X9_62_prime256v1, NID_secp256k1};

	(void) state;
	for (int curve = 0; curve < 2; curve++)
	{
		EC_GROUP *group = EC_GROUP_new_by_curve_name(nids[curve]);
		BIGNUM *number = BN_new();

		for (int step = -2; step <= 2; step++)
		{
			uint8_t bytes[E3_PRIVATE_LEN];
			E3KeyPair *pair;
			bool good = step == -2 || step == -1;

			/* -2 stands for 1, -1 for n-1, 0 for n, 1 for n+1, 2 for 0. */
			assert_non_null(BN_copy(number, EC_GROUP_get0_order(group)));
			if (step == -2)
				BN_one(number);
			else if (step == 2)
				BN_zero(number);
			else if (step < 0)
				assert_int_equal(BN_sub_word(number, 1), 1);
			else
				assert_int_equal(BN_add_word(number, (BN_ULONG) step), 1);
			assert_int_equal(BN_bn2binpad(number, bytes, sizeof(bytes)), sizeof(bytes));
			assert_status(e3_key_pair_from_private((EvwCurve) curve, bytes, &pair),
						  good ? EVW_OK : EVW_BAD_KEY);
			assert_true(good == (pair != NULL));
			e3_key_pair_free(pair);
		}
		BN_free(number);
		EC_GROUP_free(group);
	}
	e3_key_pair_free(NULL);
}

/* Each of these is 33 bytes and no canonical point, and the last one is. */
static const char *const p256_points[] = {
	/* infinity, and first bytes that are not 02 or 03 */
	"000000000000000000000000000000000000000000000000000000000000000000",
	"0032609064dc576b0f967cb9814bdd964441d48fb1b0e46733ca4c50916a9ebadc",
	"0132609064dc576b0f967cb9814bdd964441d48fb1b0e46733ca4c50916a9ebadc",
	"0432609064dc576b0f967cb9814bdd964441d48fb1b0e46733ca4c50916a9ebadc",
	"0532609064dc576b0f967cb9814bdd964441d48fb1b0e46733ca4c50916a9ebadc",
	"0632609064dc576b0f967cb9814bdd964441d48fb1b0e46733ca4c50916a9ebadc",
	"0732609064dc576b0f967cb9814bdd964441d48fb1b0e46733ca4c50916a9ebadc",
	"ff32609064dc576b0f967cb9814bdd964441d48fb1b0e46733ca4c50916a9ebadc",
	/* X = p, X = p + 5, where X = 5 is on the curve; X = 2^256 - 1 */
	"02ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
	"02ffffffff00000001000000000000000000000001000000000000000000000004",
	"02ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	/* X = 2, X = 3 have no Y: a point of the twist */
	"020000000000000000000000000000000000000000000000000000000000000002",
	"030000000000000000000000000000000000000000000000000000000000000003",
	"020000000000000000000000000000000000000000000000000000000000000005",
};

static const char *const secp256k1_points[] = {
	"000000000000000000000000000000000000000000000000000000000000000000",
	"0096633f24c87e219d36b27e0354074ce3b422c8232d286c76cec9522479b84ba5",
	"0196633f24c87e219d36b27e0354074ce3b422c8232d286c76cec9522479b84ba5",
	"0496633f24c87e219d36b27e0354074ce3b422c8232d286c76cec9522479b84ba5",
	"0696633f24c87e219d36b27e0354074ce3b422c8232d286c76cec9522479b84ba5",
	"0796633f24c87e219d36b27e0354074ce3b422c8232d286c76cec9522479b84ba5",
	/* X = p, X = p + 1, where X = 1 is on the curve; X = 2^256 - 1 */
	"02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f",
	"02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30",
	"02ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	/* X = 0, X = 5 have no Y */
	"020000000000000000000000000000000000000000000000000000000000000000",
	"030000000000000000000000000000000000000000000000000000000000000005",
	"020000000000000000000000000000000000000000000000000000000000000001",
};

static void
refuse_points(EvwCurve curve, const char *const points[], size_t n)
{
	E3KeyPair *app = help_pair(curve, vector_field(curve, "private"));
	static const E3Agreement wiped;
	E3Agreement agreement;
	uint8_t point[EVW_POINT_LEN];

	for (size_t i = 0; i < n; i++)
	{
		assert_int_equal(help_hex_to(points[i], point, sizeof(point)), EVW_POINT_LEN);
		memset(&agreement, 0xa5, sizeof(agreement));
		if ((help_agree(scratch, app, point, &agreement) == EVW_OK) != (i == n - 1))
			fail_msg("wrong about: %s", points[i]);
		if (i < n - 1)
			assert_memory_equal(&agreement, &wiped, sizeof(wiped));
	}
	e3_key_pair_free(app);
}

static void
what_is_no_point_is_refused(void **state)
{
	(void) state;
	refuse_points(EVW_CURVE_P256, p256_points,
				  sizeof(p256_points) / sizeof(p256_points[0]));
	refuse_points(EVW_CURVE_SECP256K1, secp256k1_points,
				  sizeof(secp256k1_points) / sizeof(secp256k1_points[0]));
}

/* A private key of Wycheproof: an integer of any length below 2^256. */
static E3KeyPair *
wycheproof_pair(EvwCurve curve, const char *hex)
{
	char padded[65];
	size_t len = strlen(hex);

	while (len > 64 && hex[0] == '0')
	{
		hex++;
		len--;
	}
	assert_true(len <= 64);
	memset(padded, '0', 64);
	memcpy(padded + 64 - len, hex, len + 1);
	return help_pair(curve, padded);
}

/*
 * The compressed form of what is a plain SubjectPublicKeyInfo or a point itself;
 * false for any other encoding.  *given: it was compressed already.
 */
static bool
compressed_point(const char *prefix, const char *hex, char out[67], bool *given)
{
	size_t skip_len = strlen(prefix);
	size_t len = strlen(hex);

	*given = len == skip_len + 66;
	if (len < skip_len || (len != skip_len + 66 && len != skip_len + 130))
		return false;
	/* Of the DER only the lengths differ between the two forms. */
	for (size_t i = 0; i < skip_len; i++)
		if (prefix[i] != '?' && prefix[i] != hex[i])
			return false;
	hex += skip_len;
	if (!*given && strncmp(hex, "04", 2) != 0)
		return false;
	memcpy(out, hex, 66);
	out[66] = '\0';
	if (!*given)
		out[1] = strchr("13579bdf", hex[129]) != NULL ? '3' : '2';
	return true;
}

/* Counts what could be put to our interface, which takes compressed points only. */
typedef struct WycheproofCount
{
	int agreed;
	int refused;
	int other;
} WycheproofCount;

static void
try_wycheproof(const json_t *test, EvwCurve curve, const char *prefix,
			   WycheproofCount *count)
{
	const char *result = help_field(test, "result");
	char text[67];
	uint8_t point[EVW_POINT_LEN];
	E3Agreement agreement;
	E3KeyPair *pair;
	EvwStatus status;
	bool given;

	/* What is wrong with an uncompressed point is often its Y, which we drop. */
	if (!compressed_point(prefix, help_field(test, "public"), text, &given) ||
		(!given && strcmp(result, "invalid") == 0))
	{
		count->other++;
		return;
	}
	help_hex_to(text, point, sizeof(point));
	pair = wycheproof_pair(curve, help_field(test, "private"));
	status = help_agree(scratch, pair, point, &agreement);
	e3_key_pair_free(pair);
	if (strcmp(result, "invalid") == 0)
	{
		assert_status(status, EVW_DOES_NOT_OPEN);
		count->refused++;
		return;
	}
	assert_status(status, EVW_OK);
	expect_hex(agreement.z, help_field(test, "shared"));
	count->agreed++;
}

static void
run_wycheproof(const char *name, EvwCurve curve, const char *prefix, int refused_min)
{
	json_t *set = help_wycheproof(name);
	WycheproofCount count = {0};
	json_t *group;
	json_t *test;
	size_t i;
	size_t j;

	json_array_foreach(json_object_get(set, "testGroups"), i, group)
		json_array_foreach(json_object_get(group, "tests"), j, test)
			try_wycheproof(test, curve, prefix, &count);
	json_decref(set);
	print_message("%s: %d agree, %d refused, %d of other encodings\n", name, count.agreed,
				  count.refused, count.other);
	assert_true(count.agreed > 300);
	assert_true(count.refused >= refused_min);
}

static void
wycheproof_points_on_p256(void **state)
{
	(void) state;
	run_wycheproof("ecdh_secp256r1_ecpoint_test.json", EVW_CURVE_P256, "", 7);
}

static void
wycheproof_keys_on_p256(void **state)
{
	(void) state;
	run_wycheproof("ecdh_secp256r1_test.json", EVW_CURVE_P256,
				   "30??301306072a8648ce3d020106082a8648ce3d03010703??00", 7);
}

static void
wycheproof_keys_on_secp256k1(void **state)
{
	(void) state;
	run_wycheproof("ecdh_secp256k1_test.json", EVW_CURVE_SECP256K1,
				   "30??301006072a8648ce3d020106052b8104000a03??00", 1);
}

static void
nist_x963_kdf(void **state)
{
	FILE *file = help_nist("KDF/ansx963_2001.txt");
	static NistCase nist;
	int count = 0;

	(void) state;
	while (help_nist_next(file, &nist))
	{
		EvwBytes z;
		EvwBytes info;
		EvwBytes shall;
		uint8_t key[E3_AES_KEY_LEN];

		if (!help_nist_has(&nist, "SHA-256"))
			continue;
		z = help_unhex(help_nist_field(&nist, "Z"));
		info = help_unhex(help_nist_field(&nist, "SharedInfo"));
		shall = help_unhex(help_nist_field(&nist, "key_data"));
		assert_status(e3_kdf_x963_block(scratch, z, (EvwBytes){info.data, info.len / 2},
										(EvwBytes){info.data + info.len / 2,
												   info.len - info.len / 2},
										key),
					  EVW_OK);
		/* One block of output is all we ever take. */
		assert_memory_equal(key, shall.data,
							shall.len < sizeof(key) ? shall.len : sizeof(key));
		help_release(z);
		help_release(info);
		help_release(shall);
		count++;
	}
	fclose(file);
	print_message("ansx963_2001.txt: %d cases\n", count);
	assert_true(count >= 20);
}

static void
random_bytes_differ(void **state)
{
	uint8_t bytes[2][32] = {{0}};

	(void) state;
	assert_status(e3_random(bytes[0], sizeof(bytes[0])), EVW_OK);
	assert_status(e3_random(bytes[1], sizeof(bytes[1])), EVW_OK);
	assert_memory_not_equal(bytes[0], bytes[1], sizeof(bytes[0]));
	assert_status(e3_random(bytes[0], SIZE_MAX), EVW_CRYPTO_FAILED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_format_vectors_agree),
		cmocka_unit_test(the_hint_is_the_head_of_a_hash),
		cmocka_unit_test(a_fresh_agreement_opens_at_the_app),
		cmocka_unit_test(a_private_key_survives_export),
		cmocka_unit_test(a_private_key_has_its_range),
		cmocka_unit_test(what_is_no_point_is_refused),
		cmocka_unit_test(wycheproof_points_on_p256),
		cmocka_unit_test(wycheproof_keys_on_p256),
		cmocka_unit_test(wycheproof_keys_on_secp256k1),
		cmocka_unit_test(nist_x963_kdf),
		cmocka_unit_test(random_bytes_differ),
	};

	static const char *const agreements[] = {"openssl", "library"};
	int failed = 0;

	for (int i = 0; i < 2; i++)
		if (help_choose("openssl", agreements[i]))
			failed +=
				cmocka_run_group_tests_name(agreements[i], tests, set_up, tear_down);
	return failed;
}
