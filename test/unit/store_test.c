/*
 * unit/store_test.c
 *	  The keyring file: comes back, opens with nothing else, shows nothing.
 */
#include "e3_help.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "keyring/store.h"
#include "keyring/wrap.h"

#define P256_HEX "2a2b2c2d2e2f30313233343536373839c0ffee00deadbeef0123456789abcdef"
#define SECP256K1_HEX "1f2e3d4c5b6a79880102030405060708090a0b0c0d0e0f101112131415161718"

static char ring[PATH_MAX + 64];
static char phrase[PATH_MAX + 64];
static const E3Kek kek = {.passphrase_file = phrase};

static void
write_phrase(const char *passphrase, int mode)
{
	help_write_file(phrase, passphrase, strlen(passphrase), mode);
}

static void
add_app(E3Keyring *keyring, const char *name, uint32_t number)
{
	E3KeyVersion version = {.version = number, .created_us = 1700000000000000 + number};

	version.pairs[EVW_CURVE_P256] = number == 1 ? help_pair(EVW_CURVE_P256, P256_HEX)
												: e3_key_pair_generate(EVW_CURVE_P256);
	version.pairs[EVW_CURVE_SECP256K1] = help_pair(EVW_CURVE_SECP256K1, SECP256K1_HEX);
	assert_status(e3_keyring_add(keyring,
								 (EvwBytes){(const uint8_t *) name, strlen(name)},
								 &version),
				  EVW_OK);
}

static void
add_index(E3Keyring *keyring, const char *name)
{
	E3IndexKey index = {.version = 3,
						.bytes = 9,
						.created_us = 1700000000000009,
						.secret = e3_secret_alloc(E3_INDEX_SECRET_LEN)};

	assert_non_null(index.secret);
	help_hex_to(P256_HEX, index.secret, E3_INDEX_SECRET_LEN);
	assert_status(e3_keyring_add_index(keyring,
									   (EvwBytes){(const uint8_t *) name, strlen(name)},
									   &index),
				  EVW_OK);
}

/* A keyring of two apps, one with two versions, the other with an index key, in the file
 * "ring". */
static void
save_sample(void)
{
	E3Keyring *keyring = e3_keyring_new();

	add_app(keyring, "canary-app", 1);
	add_app(keyring, "canary-app", 2);
	add_app(keyring, "second", 1);
	add_index(keyring, "second");
	e3_keyring_set_generation(keyring, 0x0102030405060708);
	assert_status(e3_store_save(ring, &kek, keyring), EVW_OK);
	e3_keyring_release(keyring);
}

static EvwStatus
try_load(void)
{
	E3Keyring *keyring;
	EvwStatus status = e3_store_load(ring, &kek, &keyring);

	assert_true((status == EVW_OK) == (keyring != NULL));
	e3_keyring_release(keyring);
	return status;
}

static int
set_up(void **state)
{
	if (help_arena_and_dir(state) != 0)
		return -1;
	snprintf(ring, sizeof(ring), "%s/keyring", help_dir);
	snprintf(phrase, sizeof(phrase), "%s/passphrase", help_dir);
	return 0;
}

/* Before each test: a good passphrase and a good file. */
static int
fresh(void **state)
{
	(void) state;
	write_phrase("correct horse\n", 0600);
	unlink(ring);
	save_sample();
	return 0;
}

static void
everything_comes_back(void **state)
{
	uint8_t private_key[E3_PRIVATE_LEN];
	uint8_t shall[E3_PRIVATE_LEN];
	E3Keyring *keyring;
	const E3App *app;

	(void) state;
	assert_status(e3_store_load(ring, &kek, &keyring), EVW_OK);
	assert_int_equal(e3_keyring_generation(keyring), 0x0102030405060708);
	assert_int_equal(e3_keyring_count(keyring), 2);
	app = e3_keyring_app(keyring, 0);
	assert_string_equal(app->name, "canary-app");
	assert_int_equal(app->n_versions, 2);
	assert_int_equal(app->versions[0].version, 2);
	assert_int_equal(app->versions[0].created_us, 1700000000000002);
	assert_int_equal(app->versions[1].version, 1);
	help_hex_to(P256_HEX, shall, sizeof(shall));
	e3_key_pair_private(app->versions[1].pairs[EVW_CURVE_P256], private_key);
	assert_memory_equal(private_key, shall, sizeof(shall));
	help_hex_to(SECP256K1_HEX, shall, sizeof(shall));
	e3_key_pair_private(app->versions[1].pairs[EVW_CURVE_SECP256K1], private_key);
	assert_memory_equal(private_key, shall, sizeof(shall));
	app = e3_keyring_app(keyring, 1);
	assert_string_equal(app->name, "second");
	assert_int_equal(app->n_indexes, 1);
	assert_int_equal(app->indexes[0].version, 3);
	assert_int_equal(app->indexes[0].bytes, 9);
	assert_int_equal(app->indexes[0].created_us, 1700000000000009);
	help_hex_to(P256_HEX, shall, sizeof(shall));
	assert_memory_equal(app->indexes[0].secret, shall, sizeof(shall));
	e3_keyring_release(keyring);
}

static size_t
read_ring(uint8_t *out, size_t max)
{
	FILE *file = fopen(ring, "rb");
	size_t len;

	assert_non_null(file);
	len = fread(out, 1, max, file);
	assert_true(len < max);
	fclose(file);
	return len;
}

static bool
contains(const uint8_t *file, size_t len, const void *what, size_t what_len)
{
	return memmem(file, len, what, what_len) != NULL;
}

static void
the_file_shows_nothing_and_never_repeats(void **state)
{
	uint8_t files[2][4096];
	uint8_t private_key[E3_PRIVATE_LEN];
	struct stat info;
	size_t len = 0;

	(void) state;
	help_hex_to(P256_HEX, private_key, sizeof(private_key));
	for (int i = 0; i < 2; i++)
	{
		save_sample();
		len = read_ring(files[i], sizeof(files[i]));
		assert_false(contains(files[i], len, private_key, sizeof(private_key)));
		assert_false(contains(files[i], len, "canary", 6));
		assert_false(contains(files[i], len, "correct", 7));
	}
	/* Salt, IV and all that follows are new; what is before them is the same. */
	assert_memory_equal(files[0], files[1], 20);
	assert_memory_not_equal(files[0] + 20, files[1] + 20, 16);
	assert_memory_not_equal(files[0] + 36, files[1] + 36, 12);
	assert_memory_not_equal(files[0] + 48, files[1] + 48, len - 48);
	assert_int_equal(stat(ring, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
}

static void
another_passphrase_does_not_open(void **state)
{
	(void) state;
	write_phrase("correct horsf\n", 0600);
	assert_status(try_load(), EVW_KEYRING_UNSEAL);
	/* Only one newline is not part of the passphrase. */
	write_phrase("correct horse\n\n", 0600);
	assert_status(try_load(), EVW_KEYRING_UNSEAL);
	write_phrase("correct horse", 0600);
	assert_status(try_load(), EVW_OK);
}

static void
a_passphrase_file_is_checked(void **state)
{
	static char big[4098];

	(void) state;
	write_phrase("", 0600);
	assert_status(try_load(), EVW_PASSPHRASE);
	write_phrase("\n", 0600);
	assert_status(try_load(), EVW_PASSPHRASE);
	write_phrase("correct horse\n", 0644);
	assert_status(try_load(), EVW_PASSPHRASE);
	memset(big, 'x', 4097);
	write_phrase(big, 0600);
	assert_status(try_load(), EVW_PASSPHRASE);
	big[4096] = '\n';
	write_phrase(big, 0600);
	assert_status(try_load(), EVW_KEYRING_UNSEAL);
	assert_int_equal(unlink(phrase), 0);
	assert_status(try_load(), EVW_PASSPHRASE);
}

static void
a_file_of_others_is_refused(void **state)
{
	char link[PATH_MAX + 64];

	(void) state;
	for (int bit = 1; bit < 0100; bit <<= 1)
	{
		assert_int_equal(chmod(ring, (mode_t) (0600 | bit)), 0);
		assert_status(try_load(), EVW_KEYRING_PERMISSIONS);
	}
	assert_int_equal(chmod(ring, 0600), 0);
	snprintf(link, sizeof(link), "%s/moved", help_dir);
	assert_int_equal(rename(ring, link), 0);
	assert_status(try_load(), EVW_KEYRING_IO);
	assert_int_equal(symlink(link, ring), 0);
	assert_status(try_load(), EVW_KEYRING_PERMISSIONS);
	assert_int_equal(unlink(ring), 0);
	assert_int_equal(mkdir(ring, 0700), 0);
	assert_status(try_load(), EVW_KEYRING_PERMISSIONS);
	assert_int_equal(rmdir(ring), 0);
}

static EvwStatus
load_bytes(const uint8_t *bytes, size_t len)
{
	help_write_file(ring, (const char *) bytes, len, 0600);
	return try_load();
}

/* What the header must say, and what it merely authenticates. */
static void
a_damaged_file_is_refused(void **state)
{
	static const struct
	{
		size_t at;
		uint8_t mask;
		EvwStatus status;
	} damages[] = {
		{0, 1, EVW_KEYRING_FORMAT},		/* magic */
		{4, 3, EVW_KEYRING_FORMAT},		/* version */
		{5, 3, EVW_KEYRING_FORMAT},		/* kind of key */
		{6, 0x80, EVW_KEYRING_FORMAT},	/* log2 N too large */
		{6, 0x08, EVW_KEYRING_FORMAT},	/* log2 N too small */
		{6, 0x01, EVW_KEYRING_UNSEAL},	/* log2 N = 14 */
		{7, 0x20, EVW_KEYRING_FORMAT},	/* r */
		{7, 0x08, EVW_KEYRING_FORMAT},	/* r = 0 */
		{8, 0x01, EVW_KEYRING_FORMAT},	/* p = 0 */
		{9, 0x01, EVW_KEYRING_FORMAT},	/* reserved */
		{11, 0x01, EVW_KEYRING_FORMAT}, /* reserved */
		{19, 0x01, EVW_KEYRING_UNSEAL}, /* generation */
		{20, 0x01, EVW_KEYRING_UNSEAL}, /* salt */
		{36, 0x01, EVW_KEYRING_UNSEAL}, /* IV */
		{48, 0x01, EVW_KEYRING_UNSEAL}, /* ciphertext */
	};
	uint8_t file[4096];
	size_t len = read_ring(file, sizeof(file));

	(void) state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++)
	{
		file[damages[i].at] ^= damages[i].mask;
		assert_status(load_bytes(file, len), damages[i].status);
		file[damages[i].at] ^= damages[i].mask;
	}
	file[len - 1] ^= 0x80;
	assert_status(load_bytes(file, len), EVW_KEYRING_UNSEAL);
	file[len - 1] ^= 0x80;
	file[len] = 0;
	assert_status(load_bytes(file, len + 1), EVW_KEYRING_UNSEAL);
	assert_status(load_bytes(file, len), EVW_OK);
}

static void
a_cut_file_is_refused(void **state)
{
	uint8_t file[4096];
	size_t len = read_ring(file, sizeof(file));

	(void) state;
	for (size_t cut = 0; cut < E3_WRAP_OVERHEAD; cut++)
		assert_status(load_bytes(file, cut), EVW_KEYRING_FORMAT);
	assert_status(load_bytes(file, E3_WRAP_OVERHEAD), EVW_KEYRING_UNSEAL);
	assert_status(load_bytes(file, len - 1), EVW_KEYRING_UNSEAL);
}

static void
a_file_of_any_length_is_refused_unread(void **state)
{
	(void) state;
	assert_int_equal(truncate(ring, E3_STORE_FILE_MAX + 1), 0);
	assert_status(try_load(), EVW_KEYRING_FORMAT);
}

static void
a_failed_save_leaves_the_old_file(void **state)
{
	uint8_t before[4096];
	uint8_t after[4096];
	size_t len = read_ring(before, sizeof(before));
	E3Keyring *keyring = e3_keyring_new();
	const E3Kek none = {.passphrase_file = "/nonexistent/passphrase"};

	(void) state;
	assert_status(e3_store_save(ring, &none, keyring), EVW_PASSPHRASE);
	assert_status(e3_store_save("/nonexistent/keyring", &kek, keyring), EVW_KEYRING_IO);
	e3_keyring_release(keyring);
	assert_int_equal(read_ring(after, sizeof(after)), len);
	assert_memory_equal(before, after, len);
}

static void
a_keyring_is_created_where_there_is_none(void **state)
{
	uint8_t before[4096];
	uint8_t after[4096];
	size_t len = read_ring(before, sizeof(before));
	E3Keyring *keyring = e3_keyring_new();

	(void) state;
	assert_status(e3_store_create(ring, &kek, keyring), EVW_KEYRING_IO);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(read_ring(after, sizeof(after)), len);
	assert_memory_equal(before, after, len);
	assert_int_equal(unlink(ring), 0);
	assert_status(e3_store_create(ring, &kek, keyring), EVW_OK);
	assert_status(try_load(), EVW_OK);
	e3_keyring_release(keyring);
}

static void
an_empty_keyring_is_one_too(void **state)
{
	E3Keyring *keyring = e3_keyring_new();

	(void) state;
	assert_status(e3_store_save(ring, &kek, keyring), EVW_OK);
	e3_keyring_release(keyring);
	assert_status(e3_store_load(ring, &kek, &keyring), EVW_OK);
	assert_int_equal(e3_keyring_count(keyring), 0);
	assert_int_equal(e3_keyring_generation(keyring), 0);
	e3_keyring_release(keyring);
}

#define WITH_FILES(test) cmocka_unit_test_setup(test, fresh)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FILES(everything_comes_back),
		WITH_FILES(the_file_shows_nothing_and_never_repeats),
		WITH_FILES(another_passphrase_does_not_open),
		WITH_FILES(a_passphrase_file_is_checked),
		WITH_FILES(a_file_of_others_is_refused),
		WITH_FILES(a_damaged_file_is_refused),
		WITH_FILES(a_cut_file_is_refused),
		WITH_FILES(a_file_of_any_length_is_refused_unread),
		WITH_FILES(a_failed_save_leaves_the_old_file),
		WITH_FILES(a_keyring_is_created_where_there_is_none),
		WITH_FILES(an_empty_keyring_is_one_too),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
