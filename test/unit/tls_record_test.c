/*
 * unit/tls_record_test.c
 *	  Records of TLS 1.3 under the right key that no library makes: too long, empty,
 *	  padding alone.
 */
#include "tls_help.h"

#include <openssl/kdf.h>
#include <openssl/params.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* --- records that no library makes ---------------------------------------------------
 */

#define RECORD_MAX 16384 /* bytes of data, RFC 8446 section 5.1 */
#define HEADER_LEN 5
#define TAG_LEN 16
#define DATA 23
#define HANDSHAKE 22

/* RFC 8446, section 7.1: HKDF-Expand-Label with an empty context. */
static void
expand(const TlsPair *pair, const char *label, uint8_t *out, size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	char info[32];
	size_t label_len = strlen(label);
	OSSL_PARAM params[] = {OSSL_PARAM_construct_int("mode", &mode),
						   OSSL_PARAM_construct_utf8_string("digest", (char *) "SHA384",
															0),
						   OSSL_PARAM_construct_octet_string("key", (void *) pair->secret,
															 TLS_HELP_SECRET_LEN),
						   OSSL_PARAM_construct_octet_string("info", info, label_len + 4),
						   OSSL_PARAM_construct_end()};

	info[0] = 0;
	info[1] = (char) len;
	info[2] = (char) label_len;
	memcpy(info + 3, label, label_len);
	info[3 + label_len] = 0;
	assert_int_equal(EVP_KDF_derive(context, out, len, params), 1);
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
}

/* Seals "len" bytes of "inner" and their tag into "sealed"; its header comes first. */
static void
seal(TlsPair *pair, const uint8_t *inner, size_t len, uint8_t *sealed)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	uint8_t key[32];
	uint8_t iv[12];
	int out;

	expand(pair, "tls13 key", key, sizeof(key));
	expand(pair, "tls13 iv", iv, sizeof(iv));
	for (int i = 0; i < 8; i++)
		iv[11 - i] ^= (uint8_t) (pair->records >> (8 * i));
	pair->records++;
	memcpy(sealed,
		   (uint8_t[]){DATA, 3, 3, (uint8_t) ((len + TAG_LEN) >> 8),
					   (uint8_t) (len + TAG_LEN)},
		   HEADER_LEN);
	assert_int_equal(EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, iv), 1);
	assert_int_equal(EVP_EncryptUpdate(cipher, NULL, &out, sealed, HEADER_LEN), 1);
	assert_int_equal(EVP_EncryptUpdate(cipher, sealed + HEADER_LEN, &out, inner,
									   (int) len),
					 1);
	assert_int_equal(EVP_EncryptFinal_ex(cipher, sealed + HEADER_LEN + len, &out), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_LEN,
										 sealed + HEADER_LEN + len),
					 1);
	EVP_CIPHER_CTX_free(cipher);
}

/*
 * The client sends a record of this type with so much data and padding, in good order;
 * how many bytes of data E3 reads then, E3_IO_LATER or E3_IO_GONE.
 */
static ssize_t
take_record(TlsPair *pair, int type, size_t data, size_t padding)
{
	static uint8_t inner[2 * RECORD_MAX];
	static uint8_t sealed[2 * RECORD_MAX + HEADER_LEN + TAG_LEN];
	size_t len = data + 1 + padding;
	size_t sent = 0;
	ssize_t came = 0;
	ssize_t got = E3_IO_LATER;

	memset(inner, 0, sizeof(inner));
	memset(inner, 'x', data);
	inner[data] = (uint8_t) type;
	seal(pair, inner, len, sealed);
	len += HEADER_LEN + TAG_LEN;
	/* The socket takes little at a time. */
	do
	{
		ssize_t n = write(pair->client_fd, sealed + sent, len - sent);

		sent += n > 0 ? (size_t) n : 0;
		while ((got = pair->e3.ops->read(&pair->e3, inner, sizeof(inner))) > 0)
			came += got;
	} while (sent < len && got == E3_IO_LATER);
	return got == E3_IO_GONE ? E3_IO_GONE : came;
}

static void
a_record_has_16_kib_at_most(void **state)
{
	TlsPair *pair = *state;

	assert_int_equal(take_record(pair, DATA, 100, 0), 100);
	assert_int_equal(take_record(pair, DATA, RECORD_MAX, 0), RECORD_MAX);
	assert_int_equal(take_record(pair, DATA, 1, RECORD_MAX - 1), 1);
	assert_int_equal(take_record(pair, DATA, RECORD_MAX + 1, 0), E3_IO_GONE);
}

static void
a_record_is_not_padded_beyond_that(void **state)
{
	assert_int_equal(take_record(*state, DATA, 1, RECORD_MAX + 300), E3_IO_GONE);
}

#define EMPTY_MAX 32 /* in a row: OpenSSL's MAX_EMPTY_RECORDS */

static void
records_of_no_length_are_few(void **state)
{
	TlsPair *pair = *state;

	for (int round = 0; round < 3; round++)
	{
		for (int i = 0; i < EMPTY_MAX; i++)
			assert_int_equal(take_record(pair, DATA, 0, (size_t) i), E3_IO_LATER);
		assert_int_equal(take_record(pair, DATA, 7, 0), 7);
	}
	for (int i = 0; i < EMPTY_MAX; i++)
		assert_int_equal(take_record(pair, DATA, 0, 0), E3_IO_LATER);
	assert_int_equal(take_record(pair, DATA, 0, 0), E3_IO_GONE);
}

static void
a_record_of_padding_alone_is_refused(void **state)
{
	assert_int_equal(take_record(*state, 0, 0, 100), E3_IO_GONE);
}

static void
a_handshake_record_of_no_length_is_refused(void **state)
{
	assert_int_equal(take_record(*state, HANDSHAKE, 0, 0), E3_IO_GONE);
}

#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, help_tls_set_up, help_tls_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_record_has_16_kib_at_most),
		TEST(a_record_is_not_padded_beyond_that),
		TEST(records_of_no_length_are_few),
		TEST(a_record_of_padding_alone_is_refused),
		TEST(a_handshake_record_of_no_length_is_refused),
	};

	/* As E3 does. */
	(void) signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
