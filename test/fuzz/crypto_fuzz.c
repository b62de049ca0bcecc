/*
 * fuzz/crypto_fuzz.c
 *	  Ciphertexts and points from outside: whatever the bytes, all libraries say
 *	  the same, and streams what whole messages say.
 *
 * The first byte says where the message is cut; then come 33 bytes that may be a
 * point, an IV, a tag and the rest.
 */
#include "fuzz.h"

#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/library.h"

#include <stdlib.h>
#include <string.h>

#define CROWD 4
#define FIXED (1 + EVW_POINT_LEN + EVW_IV_LEN + EVW_TAG_LEN)
#define TEXT_MAX 8192

static const uint8_t private_key[E3_PRIVATE_LEN] = {1, 2, 3};
static E3KeyPair *pairs[2]; /* by curve */

/* OpenSSL's, and the fastest there is. */
static E3Scratch *scratches[2];

static void
set_up(void)
{
	char cause[E3_LIBRARY_TEXT_MAX];

	FUZZ_CHECK(e3_secret_init(1 << 20) == EVW_OK);
	FUZZ_CHECK(e3_library_choose("openssl", "openssl", cause) == EVW_OK);
	scratches[0] = e3_scratch_new();
	FUZZ_CHECK(e3_library_choose("auto", "auto", cause) == EVW_OK);
	scratches[1] = e3_scratch_new();
	FUZZ_CHECK(scratches[0] != NULL && scratches[1] != NULL);
	for (int i = 0; i < 2; i++)
		FUZZ_CHECK(e3_key_pair_from_private((EvwCurve) i, private_key, &pairs[i]) ==
				   EVW_OK);
}

/* The same point several times, since some libraries do several at once. */
static void
agree(const uint8_t *point, const E3KeyPair *pair)
{
	const E3KeyPair *crowd[CROWD] = {pair, pair, pair, pair};
	const uint8_t *epks[CROWD] = {point, point, point, point};
	E3Agreement agreements[2][CROWD];
	EvwStatus statuses[2][CROWD];

	for (int i = 0; i < 2; i++)
		e3_agree_with_many(scratches[i], CROWD, crowd, epks, agreements[i], statuses[i]);
	FUZZ_CHECK(statuses[0][0] == EVW_OK || statuses[0][0] == EVW_DOES_NOT_OPEN);
	for (int i = 0; i < CROWD; i++)
	{
		FUZZ_CHECK(statuses[1][i] == statuses[0][0]);
		FUZZ_CHECK(memcmp(&agreements[1][i], &agreements[0][0], sizeof(E3Agreement)) ==
				   0);
	}
}

/* Seals by one library, in pieces, what another seals whole. */
static void
seal(const uint8_t *iv, EvwBytes aad, EvwBytes text, size_t cut)
{
	static uint8_t whole[TEXT_MAX + EVW_TAG_LEN];
	static uint8_t pieces[TEXT_MAX + EVW_TAG_LEN];
	E3AeadStream *stream;

	FUZZ_CHECK(e3_aead_seal(scratches[0], whole, iv, aad, (EvwBytes){NULL, 0}, text) ==
			   EVW_OK);
	FUZZ_CHECK(e3_aead_stream_begin(scratches[1], &stream, private_key, iv, aad,
									E3_AEAD_SEAL) == EVW_OK);
	FUZZ_CHECK(e3_aead_stream_update(stream, pieces, (EvwBytes){text.data, cut}) ==
			   EVW_OK);
	FUZZ_CHECK(e3_aead_stream_update(stream, pieces + cut,
									 (EvwBytes){text.data + cut, text.len - cut}) ==
			   EVW_OK);
	FUZZ_CHECK(e3_aead_stream_tag(stream, pieces + text.len) == EVW_OK);
	e3_aead_stream_free(stream);
	FUZZ_CHECK(memcmp(whole, pieces, text.len + EVW_TAG_LEN) == 0);
	FUZZ_CHECK(e3_aead_open(scratches[1], pieces, iv, aad,
							(EvwBytes){whole, text.len + EVW_TAG_LEN}) == EVW_OK);
	FUZZ_CHECK(text.len == 0 || memcmp(pieces, text.data, text.len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[TEXT_MAX];
	const uint8_t *iv = data + 1 + EVW_POINT_LEN;
	EvwBytes aad;
	EvwBytes text;

	if (pairs[0] == NULL)
		set_up();
	if (size < FIXED || size > TEXT_MAX)
		return 0;
	for (int i = 0; i < 2; i++)
	{
		agree(data + 1, pairs[i]);
		FUZZ_CHECK(e3_aead_set_key(scratches[i], private_key) == EVW_OK);
	}
	aad = (EvwBytes){data + 1, EVW_POINT_LEN};
	text = (EvwBytes){data + FIXED - EVW_TAG_LEN, size - FIXED + EVW_TAG_LEN};
	/* No tag is guessed. */
	for (int i = 0; i < 2; i++)
		FUZZ_CHECK(e3_aead_open(scratches[i], out, iv, aad, text) == EVW_DOES_NOT_OPEN);
	seal(iv, aad, text, data[0] < text.len ? data[0] : text.len);
	return 0;
}
