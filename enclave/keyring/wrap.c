/*
 * keyring/wrap.c
 *	  Wrapping and unwrapping of the keyring file.
 */
#include "keyring/wrap.h"

#include "base/file.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/random.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#define MAGIC "E3KR"
#define FILE_VERSION 1
#define KIND_PASSPHRASE 1
#define SALT_LEN 16
#define PASSPHRASE_MAX 4096

/*
 * N = 2^15, r = 8, p = 1: 32 MiB and about 0.1 s.  A file may ask for more, so
 * that the cost can be raised, but not for so much that it is an attack.
 */
#define SCRYPT_LOG2_N 15
#define SCRYPT_LOG2_N_MIN 14
#define SCRYPT_LOG2_N_MAX 18
#define SCRYPT_R 8
#define SCRYPT_R_MAX 16
#define SCRYPT_P 1
#define SCRYPT_P_MAX 4
#define SCRYPT_MEMORY_MAX (UINT64_C(600) << 20)

/* Places in the header. */
enum
{
	AT_VERSION = 4,
	AT_KIND = 5,
	AT_LOG2_N = 6,
	AT_R = 7,
	AT_P = 8,
	AT_ZERO = 9,
	AT_GENERATION = 12,
	AT_SALT = 20,
	AT_IV = 36
};

/* The passphrase and the key made of it; lies in the locked arena. */
typedef struct KekSecret
{
	char passphrase[PASSPHRASE_MAX + 1];
	size_t passphrase_len;
	uint8_t key[E3_AES_KEY_LEN];
} KekSecret;

static EvwStatus
read_passphrase(const E3Kek *kek, KekSecret *secret)
{
	EvwBuf text;

	evw_buf_fixed(&text, secret->passphrase, sizeof(secret->passphrase));
	/* One byte more than the maximum, for the newline. */
	if (e3_file_read(kek->passphrase_file, E3_FILE_CREDENTIAL, PASSPHRASE_MAX + 1,
					 &text) != E3_FILE_OK)
		return EVW_PASSPHRASE;
	if (text.len > 0 && secret->passphrase[text.len - 1] == '\n')
		text.len--;
	if (text.len == 0 || text.len > PASSPHRASE_MAX)
		return EVW_PASSPHRASE;
	secret->passphrase_len = text.len;
	return EVW_OK;
}

static EvwStatus
derive_key(const uint8_t *header, KekSecret *secret)
{
	if (EVP_PBE_scrypt(secret->passphrase, secret->passphrase_len, header + AT_SALT,
					   SALT_LEN, UINT64_C(1) << header[AT_LOG2_N], header[AT_R],
					   header[AT_P], SCRYPT_MEMORY_MAX, secret->key,
					   sizeof(secret->key)) == 1)
		return EVW_OK;
	ERR_clear_error();
	return EVW_OUT_OF_MEMORY;
}

/* A scratch with the key that the header and the passphrase give. */
static EvwStatus
make_scratch(const E3Kek *kek, const uint8_t *header, E3Scratch **scratch)
{
	KekSecret *secret = e3_secret_alloc(sizeof(*secret));
	EvwStatus status = secret != NULL ? read_passphrase(kek, secret) : EVW_OUT_OF_MEMORY;

	*scratch = NULL;
	if (status == EVW_OK)
		status = derive_key(header, secret);
	if (status == EVW_OK)
	{
		*scratch = e3_scratch_new();
		status =
			*scratch != NULL ? e3_aead_set_key(*scratch, secret->key) : EVW_OUT_OF_MEMORY;
	}
	e3_secret_free(secret, sizeof(*secret));
	return status;
}

static EvwStatus
fill_header(uint8_t header[E3_WRAP_HEADER], uint64_t generation)
{
	memset(header, 0, E3_WRAP_HEADER);
	memcpy(header, MAGIC, strlen(MAGIC));
	header[AT_VERSION] = FILE_VERSION;
	header[AT_KIND] = KIND_PASSPHRASE;
	header[AT_LOG2_N] = SCRYPT_LOG2_N;
	header[AT_R] = SCRYPT_R;
	header[AT_P] = SCRYPT_P;
	evw_put_be32(header + AT_GENERATION, (uint32_t) (generation >> 32));
	evw_put_be32(header + AT_GENERATION + 4, (uint32_t) generation);
	/* Salt and IV stand side by side. */
	return e3_random(header + AT_SALT, SALT_LEN + EVW_IV_LEN);
}

EvwStatus
e3_wrap_seal(const E3Kek *kek, uint64_t generation, EvwBytes payload, EvwBuf *file)
{
	uint8_t *at = evw_buf_extend(file, E3_WRAP_OVERHEAD + payload.len);
	E3Scratch *scratch = NULL;
	EvwStatus status;

	if (at == NULL)
		return EVW_OUT_OF_MEMORY;
	status = fill_header(at, generation);
	if (status == EVW_OK)
		status = make_scratch(kek, at, &scratch);
	if (status == EVW_OK)
		status =
			e3_aead_seal(scratch, at + E3_WRAP_HEADER, at + AT_IV,
						 (EvwBytes){at, E3_WRAP_HEADER}, (EvwBytes){NULL, 0}, payload);
	e3_scratch_free(scratch);
	return status;
}

static bool
has_magic(EvwBytes file)
{
	return file.len >= AT_SALT && memcmp(file.data, MAGIC, strlen(MAGIC)) == 0;
}

uint64_t
e3_wrap_claimed_generation(EvwBytes file)
{
	return has_magic(file) ? evw_get_be64(file.data + AT_GENERATION) : 0;
}

static bool
is_ours(EvwBytes file)
{
	const uint8_t *header = file.data;

	return file.len >= E3_WRAP_OVERHEAD && has_magic(file) &&
		   header[AT_VERSION] == FILE_VERSION && header[AT_KIND] == KIND_PASSPHRASE &&
		   header[AT_LOG2_N] >= SCRYPT_LOG2_N_MIN &&
		   header[AT_LOG2_N] <= SCRYPT_LOG2_N_MAX && header[AT_R] >= SCRYPT_R &&
		   header[AT_R] <= SCRYPT_R_MAX && header[AT_P] >= SCRYPT_P &&
		   header[AT_P] <= SCRYPT_P_MAX && header[AT_ZERO] == 0 &&
		   header[AT_ZERO + 1] == 0 && header[AT_ZERO + 2] == 0;
}

EvwStatus
e3_wrap_open(const E3Kek *kek, EvwBytes file, uint64_t *generation, EvwBuf *payload)
{
	EvwBytes header = {file.data, E3_WRAP_HEADER};
	EvwBytes sealed;
	E3Scratch *scratch;
	EvwStatus status;
	uint8_t *out;

	if (!is_ours(file))
		return EVW_KEYRING_FORMAT;
	sealed = (EvwBytes){file.data + E3_WRAP_HEADER, file.len - E3_WRAP_HEADER};
	out = evw_buf_extend(payload, sealed.len - EVW_TAG_LEN);
	if (out == NULL)
		return EVW_OUT_OF_MEMORY;
	status = make_scratch(kek, file.data, &scratch);
	if (status == EVW_OK)
		status = e3_aead_open(scratch, out, file.data + AT_IV, header, sealed);
	e3_scratch_free(scratch);
	*generation = evw_get_be64(file.data + AT_GENERATION);
	return status == EVW_DOES_NOT_OPEN ? EVW_KEYRING_UNSEAL : status;
}
