/*
 * engine/c/bare.c
 *	  What encryption and decryption cost without a server around them.
 *
 * usage: bare SECONDS AEAD AGREEMENT
 *
 * A request of 4,096 values of 32 bytes: its frame is copied in, its values are
 * sealed under one key (a key agreement for each request) or opened under one that
 * is at hand, and the reply's frame is copied out.  Prints nanoseconds a value.
 */
#include "loop.h"

#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/iv.h"
#include "crypto/library.h"
#include "crypto/random.h"
#include "rpc/aad.h"
#include "rpc/metadata.h"

#include <string.h>

#define VALUES 4096
#define VALUE_LEN 32
#define RUN 32 /* values that are sealed, or opened, together */
#define LENGTHS (4 * VALUES)
#define ENVELOPE_LEN (EVW_ENVELOPE_MIN + E3_METADATA_ENCODED_MAX + VALUE_LEN)

/* Both buffers are as long as the longer of the two directions needs. */
#define BUFFER_LEN (LENGTHS + VALUES * ENVELOPE_LEN)

typedef struct Bare
{
	E3Scratch *scratch;
	E3KeyPair *app;
	const EvwTagInfo *info;
	uint8_t *key;
	uint8_t epk[EVW_POINT_LEN];
	uint8_t metadata_bytes[E3_METADATA_ENCODED_MAX];
	EvwBytes metadata;
	E3MetadataSeen seen;
	E3Aad aad;
	uint8_t frame[BUFFER_LEN]; /* the request, as the client has it */
	size_t frame_len;
	uint8_t in[BUFFER_LEN];
	uint8_t out[BUFFER_LEN];
	size_t out_len;
	uint8_t taken[BUFFER_LEN]; /* the reply, as the client gets it */
} Bare;

static void
agree(Bare *bare)
{
	E3Agreement agreement;

	loop_need(e3_agree_ephemeral(bare->scratch, bare->app, bare->epk, &agreement) ==
				  EVW_OK,
			  "agreement");
	loop_need(e3_kdf_key(bare->scratch, bare->info, &agreement, bare->key) == EVW_OK,
			  "KDF");
	e3_aad_prepare(&bare->aad, bare->epk, bare->app);
}

static void
encrypt(void *state)
{
	Bare *bare = state;
	EvwEnvelope head = {.tag = EVW_TAG_QKTC,
						.info = bare->info,
						.hint = e3_key_pair_hint(bare->app),
						.epk = bare->epk};
	uint8_t ivs[RUN][EVW_IV_LEN];
	uint8_t iv_base[EVW_IV_LEN];
	E3AeadItem items[RUN];
	uint8_t *out = bare->out + LENGTHS;
	size_t length = EVW_ENVELOPE_MIN + bare->metadata.len + VALUE_LEN;

	memcpy(bare->in, bare->frame, bare->frame_len);
	agree(bare);
	loop_need(e3_random(iv_base, sizeof(iv_base)) == EVW_OK &&
				  e3_aead_set_key(bare->scratch, bare->key) == EVW_OK,
			  "key");
	for (uint32_t i = 0; i < VALUES; i++, out += length)
	{
		if (i % RUN == 0)
			e3_iv_fill(ivs, iv_base, i, RUN);
		head.iv = ivs[i % RUN];
		evw_envelope_write_head(out, &head);
		evw_put_le32(bare->out + (size_t) 4 * i, (uint32_t) length);
		items[i % RUN] =
			(E3AeadItem){.out = out + EVW_ENVELOPE_HEAD,
						 .iv = head.iv,
						 .in = {bare->in + LENGTHS + (size_t) i * VALUE_LEN, VALUE_LEN}};
		if (i % RUN == RUN - 1)
			loop_need(e3_aead_seal_many(bare->scratch,
										e3_aad_for(&bare->aad, bare->info, EVW_STRING),
										bare->metadata, items, RUN) == EVW_OK,
					  "seal");
	}
	bare->out_len = LENGTHS + VALUES * length;
	memcpy(bare->taken, bare->out, bare->out_len);
}

/* What has been opened becomes the values that "number" begins. */
static uint8_t *
take_out(Bare *bare, const E3AeadItem *items, uint32_t number, uint8_t *out)
{
	for (uint32_t i = 0; i < RUN; i++)
	{
		E3Metadata metadata;

		loop_need(items[i].status == EVW_OK, "open");
		loop_need(e3_metadata_decode_next(&bare->seen,
										  (EvwBytes){items[i].out,
													 items[i].in.len - EVW_TAG_LEN},
										  &metadata) == EVW_OK,
				  "metadata");
		memmove(out, metadata.body.data, metadata.body.len);
		evw_put_le32(bare->out + (size_t) 4 * (number + i), (uint32_t) metadata.body.len);
		out += metadata.body.len;
	}
	return out;
}

static void
decrypt(void *state)
{
	Bare *bare = state;
	uint8_t *out = bare->out + LENGTHS;
	uint8_t *opened = out;
	const uint8_t *at = bare->in + LENGTHS;
	E3AeadItem items[RUN];

	memcpy(bare->in, bare->frame, bare->frame_len);
	loop_need(e3_aead_set_key(bare->scratch, bare->key) == EVW_OK, "key");
	for (uint32_t i = 0; i < VALUES; i++)
	{
		EvwBytes value = {at, evw_get_le32(bare->in + (size_t) 4 * i)};
		EvwEnvelope envelope;

		at += value.len;
		loop_need(evw_envelope_parse(value, &envelope) == EVW_OK, "envelope");
		items[i % RUN] =
			(E3AeadItem){.out = opened, .iv = envelope.iv, .in = envelope.sealed};
		opened += envelope.sealed.len - EVW_TAG_LEN;
		if (i % RUN != RUN - 1)
			continue;
		e3_aead_open_many(bare->scratch,
						  e3_aad_for(&bare->aad, bare->info, envelope.datatype), items,
						  RUN);
		out = take_out(bare, items, i + 1 - RUN, out);
		opened = out;
	}
	memcpy(bare->taken, bare->out, (size_t) (out - bare->out));
}

int
main(int argc, char **argv)
{
	static Bare bare;
	char cause[E3_LIBRARY_TEXT_MAX] = "";

	loop_need(argc == 4, "usage: bare SECONDS AEAD AGREEMENT");
	loop_need(e3_secret_init(1 << 20) == EVW_OK, "locked memory");
	loop_need(e3_library_choose(argv[2], argv[3], cause) == EVW_OK, cause);
	bare.scratch = e3_scratch_new();
	bare.app = e3_key_pair_generate(EVW_CURVE_P256);
	bare.key = e3_secret_alloc(E3_AES_KEY_LEN);
	bare.info = evw_tag_info(EVW_TAG_QKTC);
	loop_need(bare.scratch != NULL && bare.app != NULL && bare.key != NULL, "memory");
	bare.metadata = e3_metadata_encode(bare.metadata_bytes, (EvwBytes){NULL, 0},
									   (uint32_t) time(NULL));
	bare.frame_len = LENGTHS + VALUES * VALUE_LEN;
	loop_run("encrypt", strtod(argv[1], NULL), VALUES, encrypt, &bare);
	/* What came out goes in again. */
	memcpy(bare.frame, bare.out, bare.out_len);
	bare.frame_len = bare.out_len;
	loop_run("decrypt", strtod(argv[1], NULL), VALUES, decrypt, &bare);
	e3_scratch_free(bare.scratch);
	e3_key_pair_free(bare.app);
	e3_secret_free(bare.key, E3_AES_KEY_LEN);
	return 0;
}
