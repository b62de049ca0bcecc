/*
 * keyring/wrap.c
 *	  Wrapping and unwrapping of the keyring file.
 */
#include "keyring/wrap_private.h"

#include "base/file.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/random.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#define FILE_VERSION 1
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

/* Places in the header of a passphrase. */
enum
{
	AT_LOG2_N = 6,
	AT_R = 7,
	AT_P = 8,
	AT_ZERO = 9
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
	if (EVP_PBE_scrypt(secret->passphrase, secret->passphrase_len,
					   header + E3_WRAP_AT_SALT, E3_WRAP_SALT_LEN,
					   UINT64_C(1) << header[AT_LOG2_N], header[AT_R], header[AT_P],
					   SCRYPT_MEMORY_MAX, secret->key, sizeof(secret->key)) == 1)
		return EVW_OK;
	ERR_clear_error();
	return EVW_OUT_OF_MEMORY;
}

/* Sets the key that the header and the passphrase give. */
static EvwStatus
set_passphrase_key(const E3Kek *kek, const uint8_t *header, E3Scratch *scratch)
{
	KekSecret *secret = e3_secret_alloc(sizeof(*secret));
	EvwStatus status = secret != NULL ? read_passphrase(kek, secret) : EVW_OUT_OF_MEMORY;

	if (status == EVW_OK)
		status = derive_key(header, secret);
	if (status == EVW_OK)
		status = e3_aead_set_key(scratch, secret->key);
	e3_secret_free(secret, sizeof(*secret));
	return status;
}

static bool
by_device(const E3Kek *kek)
{
	return kek->custody != NULL && e3_custody_kind(kek->custody) != E3_CUSTODY_PASSPHRASE;
}

/* A scratch with the file's key. */
static EvwStatus
make_scratch(const E3Kek *kek, EvwBytes header, E3Scratch **scratch)
{
	*scratch = e3_scratch_new();
	if (*scratch == NULL)
		return EVW_OUT_OF_MEMORY;
	return by_device(kek) ? e3_wrap_device_key(kek->custody, header, *scratch)
						  : set_passphrase_key(kek, header.data, *scratch);
}

static EvwStatus
begin_passphrase(EvwBuf *file, size_t *header)
{
	uint8_t *at = evw_buf_extend(file, E3_WRAP_HEADER);

	if (at == NULL)
		return EVW_OUT_OF_MEMORY;
	memset(at, 0, E3_WRAP_HEADER);
	memcpy(at, E3_WRAP_MAGIC, strlen(E3_WRAP_MAGIC));
	at[E3_WRAP_AT_VERSION] = FILE_VERSION;
	at[E3_WRAP_AT_KIND] = E3_CUSTODY_PASSPHRASE;
	at[AT_LOG2_N] = SCRYPT_LOG2_N;
	at[AT_R] = SCRYPT_R;
	at[AT_P] = SCRYPT_P;
	*header = E3_WRAP_HEADER;
	return EVW_OK;
}

static EvwStatus
fill_header(uint8_t *header, uint64_t generation)
{
	evw_put_be32(header + E3_WRAP_AT_GENERATION, (uint32_t) (generation >> 32));
	evw_put_be32(header + E3_WRAP_AT_GENERATION + 4, (uint32_t) generation);
	/* Salt and IV stand side by side. */
	return e3_random(header + E3_WRAP_AT_SALT, E3_WRAP_SALT_LEN + EVW_IV_LEN);
}

/* Of a file that has its header whole, and room behind it. */
static EvwStatus
seal_payload(const E3Kek *kek, uint8_t *file, size_t header_len, EvwBytes payload)
{
	const EvwBytes header = {file, header_len};
	E3Scratch *scratch;
	EvwStatus status = make_scratch(kek, header, &scratch);

	if (status == EVW_OK)
		status = e3_aead_seal(scratch, file + header_len, file + E3_WRAP_AT_IV, header,
							  (EvwBytes){NULL, 0}, payload);
	e3_scratch_free(scratch);
	return status;
}

EvwStatus
e3_wrap_seal(const E3Kek *kek, uint64_t generation, EvwBytes payload, EvwBuf *file)
{
	size_t begins = file->len;
	size_t header;
	EvwStatus status = by_device(kek) ? e3_wrap_device_begin(kek->custody, file, &header)
									  : begin_passphrase(file, &header);

	if (status == EVW_OK)
		status = fill_header(file->data + begins, generation);
	if (status == EVW_OK && evw_buf_extend(file, payload.len + EVW_TAG_LEN) == NULL)
		status = EVW_OUT_OF_MEMORY;
	if (status == EVW_OK)
		status = seal_payload(kek, file->data + begins, header, payload);
	return status;
}

static bool
has_magic(EvwBytes file)
{
	return file.len >= E3_WRAP_AT_SALT &&
		   memcmp(file.data, E3_WRAP_MAGIC, strlen(E3_WRAP_MAGIC)) == 0;
}

uint64_t
e3_wrap_claimed_generation(EvwBytes file)
{
	return has_magic(file) ? evw_get_be64(file.data + E3_WRAP_AT_GENERATION) : 0;
}

static bool
is_passphrase(EvwBytes file)
{
	const uint8_t *header = file.data;

	return file.len >= E3_WRAP_OVERHEAD && has_magic(file) &&
		   header[E3_WRAP_AT_VERSION] == FILE_VERSION &&
		   header[E3_WRAP_AT_KIND] == E3_CUSTODY_PASSPHRASE &&
		   header[AT_LOG2_N] >= SCRYPT_LOG2_N_MIN &&
		   header[AT_LOG2_N] <= SCRYPT_LOG2_N_MAX && header[AT_R] >= SCRYPT_R &&
		   header[AT_R] <= SCRYPT_R_MAX && header[AT_P] >= SCRYPT_P &&
		   header[AT_P] <= SCRYPT_P_MAX && header[AT_ZERO] == 0 &&
		   header[AT_ZERO + 1] == 0 && header[AT_ZERO + 2] == 0;
}

bool
e3_wrap_kind(EvwBytes file, E3CustodyKind *kind)
{
	bool ours = is_passphrase(file) || e3_wrap_device_header(file) > 0;

	if (ours)
		*kind = (E3CustodyKind) file.data[E3_WRAP_AT_KIND];
	return ours;
}

/* Length of the header of a file that this key-encryption key may open. */
static EvwStatus
find_header(const E3Kek *kek, EvwBytes file, size_t *header)
{
	E3CustodyKind wanted =
		by_device(kek) ? e3_custody_kind(kek->custody) : E3_CUSTODY_PASSPHRASE;
	E3CustodyKind kind;

	if (!e3_wrap_kind(file, &kind))
		return EVW_KEYRING_FORMAT;
	*header = by_device(kek) ? e3_wrap_device_header(file) : E3_WRAP_HEADER;
	return kind == wanted ? EVW_OK : EVW_CUSTODY;
}

EvwStatus
e3_wrap_open(const E3Kek *kek, EvwBytes file, uint64_t *generation, EvwBuf *payload)
{
	size_t header;
	EvwBytes sealed;
	E3Scratch *scratch;
	EvwStatus status = find_header(kek, file, &header);
	uint8_t *out;

	if (status != EVW_OK)
		return status;
	sealed = (EvwBytes){file.data + header, file.len - header};
	out = evw_buf_extend(payload, sealed.len - EVW_TAG_LEN);
	if (out == NULL)
		return EVW_OUT_OF_MEMORY;
	status = make_scratch(kek, (EvwBytes){file.data, header}, &scratch);
	if (status == EVW_OK)
		status = e3_aead_open(scratch, out, file.data + E3_WRAP_AT_IV,
							  (EvwBytes){file.data, header}, sealed);
	e3_scratch_free(scratch);
	*generation = evw_get_be64(file.data + E3_WRAP_AT_GENERATION);
	return status == EVW_DOES_NOT_OPEN ? EVW_KEYRING_UNSEAL : status;
}
