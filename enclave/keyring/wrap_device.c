/*
 * keyring/wrap_device.c
 *	  Keyring files under a key that a device keeps.
 */
#include "keyring/wrap_private.h"

#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/hkdf.h"

#include <string.h>

#define FILE_VERSION 2
#define PURPOSE "E3 keyring file"

/* Places in the header. */
enum
{
	AT_BLOB_LEN = 6,
	AT_ZERO = 8
};

/* In the locked arena. */
typedef struct FileKey
{
	uint8_t secret[E3_CUSTODY_KEY_LEN + E3_WRAP_SALT_LEN];
	uint8_t key[E3_AES_KEY_LEN];
} FileKey;

size_t
e3_wrap_device_header(EvwBytes file)
{
	static const uint8_t zero[4];
	const uint8_t *header = file.data;
	size_t blob_len;

	if (file.len < E3_WRAP_OVERHEAD ||
		memcmp(header, E3_WRAP_MAGIC, strlen(E3_WRAP_MAGIC)) != 0 ||
		header[E3_WRAP_AT_VERSION] != FILE_VERSION ||
		(header[E3_WRAP_AT_KIND] != E3_CUSTODY_TPM &&
		 header[E3_WRAP_AT_KIND] != E3_CUSTODY_PKCS11 &&
		 header[E3_WRAP_AT_KIND] != E3_CUSTODY_KMS) ||
		memcmp(header + AT_ZERO, zero, sizeof(zero)) != 0)
		return 0;
	blob_len = (size_t) header[AT_BLOB_LEN] << 8 | header[AT_BLOB_LEN + 1];
	if (blob_len == 0 || blob_len > E3_CUSTODY_BLOB_MAX ||
		blob_len > file.len - E3_WRAP_OVERHEAD)
		return 0;
	return E3_WRAP_HEADER + blob_len;
}

EvwStatus
e3_wrap_device_begin(E3Custody *custody, EvwBuf *file, size_t *header)
{
	const uint8_t *key;
	EvwBytes blob;
	uint8_t *at;
	EvwStatus status = e3_custody_writing(custody, &blob, &key);

	if (status != EVW_OK)
		return status;
	*header = E3_WRAP_HEADER + blob.len;
	at = evw_buf_extend(file, *header);
	if (at == NULL)
		return EVW_OUT_OF_MEMORY;
	memset(at, 0, E3_WRAP_HEADER);
	memcpy(at, E3_WRAP_MAGIC, strlen(E3_WRAP_MAGIC));
	at[E3_WRAP_AT_VERSION] = FILE_VERSION;
	at[E3_WRAP_AT_KIND] = (uint8_t) e3_custody_kind(custody);
	at[AT_BLOB_LEN] = (uint8_t) (blob.len >> 8);
	at[AT_BLOB_LEN + 1] = (uint8_t) blob.len;
	memcpy(at + E3_WRAP_HEADER, blob.data, blob.len);
	return EVW_OK;
}

static EvwStatus
set_key(const uint8_t *custody_key, const uint8_t *salt, E3Scratch *scratch)
{
	FileKey *file = e3_secret_alloc(sizeof(*file));
	EvwStatus status;

	if (file == NULL)
		return EVW_OUT_OF_MEMORY;
	memcpy(file->secret, custody_key, E3_CUSTODY_KEY_LEN);
	memcpy(file->secret + E3_CUSTODY_KEY_LEN, salt, E3_WRAP_SALT_LEN);
	status = e3_hkdf((EvwBytes){file->secret, sizeof(file->secret)}, PURPOSE, file->key,
					 sizeof(file->key));
	if (status == EVW_OK)
		status = e3_aead_set_key(scratch, file->key);
	e3_secret_free(file, sizeof(*file));
	return status;
}

EvwStatus
e3_wrap_device_key(E3Custody *custody, EvwBytes header, E3Scratch *scratch)
{
	const EvwBytes blob = {header.data + E3_WRAP_HEADER, header.len - E3_WRAP_HEADER};
	const uint8_t *key;
	EvwStatus status = e3_custody_open(custody, blob, &key);

	return status == EVW_OK ? set_key(key, header.data + E3_WRAP_AT_SALT, scratch)
							: status;
}
