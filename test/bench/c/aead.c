/*
 * aead.c
 *	  AES-256-GCM by OpenSSL's EVP, as NIST SP 800-38D has it with random IVs.
 */
#include "aead.h"

#include <openssl/rand.h>

#define KEY_LEN 32

bool
aead_init(BenchAead *aead)
{
	uint8_t key[KEY_LEN];

	for (int i = 0; i < KEY_LEN; i++)
		key[i] = (uint8_t) i;
	aead->seal = EVP_CIPHER_CTX_new();
	aead->open = EVP_CIPHER_CTX_new();
	aead->next = AEAD_IVS;
	return aead->seal != NULL && aead->open != NULL &&
		   EVP_EncryptInit_ex(aead->seal, EVP_aes_256_gcm(), NULL, key, NULL) == 1 &&
		   EVP_DecryptInit_ex(aead->open, EVP_aes_256_gcm(), NULL, key, NULL) == 1;
}

bool
aead_seal(BenchAead *aead, uint8_t *out, const uint8_t *value, size_t len)
{
	const uint8_t *iv;
	uint8_t *sealed = out + AEAD_IV_LEN;
	int done;

	if (aead->next == AEAD_IVS)
	{
		if (RAND_bytes(aead->ivs, sizeof(aead->ivs)) != 1)
			return false;
		aead->next = 0;
	}
	iv = aead->ivs + aead->next++ * AEAD_IV_LEN;
	for (int i = 0; i < AEAD_IV_LEN; i++)
		out[i] = iv[i];
	return EVP_EncryptInit_ex(aead->seal, NULL, NULL, NULL, iv) == 1 &&
		   EVP_EncryptUpdate(aead->seal, sealed, &done, value, (int) len) == 1 &&
		   EVP_EncryptFinal_ex(aead->seal, sealed + done, &done) == 1 &&
		   EVP_CIPHER_CTX_ctrl(aead->seal, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN,
							   sealed + len) == 1;
}

bool
aead_open(BenchAead *aead, uint8_t *out, const uint8_t *sealed, size_t len)
{
	uint8_t tag[AEAD_TAG_LEN];
	int done;

	if (len < AEAD_ADDED)
		return false;
	len -= AEAD_ADDED;
	for (int i = 0; i < AEAD_TAG_LEN; i++)
		tag[i] = sealed[AEAD_IV_LEN + len + (size_t) i];
	return EVP_DecryptInit_ex(aead->open, NULL, NULL, NULL, sealed) == 1 &&
		   EVP_DecryptUpdate(aead->open, out, &done, sealed + AEAD_IV_LEN, (int) len) ==
			   1 &&
		   EVP_CIPHER_CTX_ctrl(aead->open, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_LEN, tag) ==
			   1 &&
		   EVP_DecryptFinal_ex(aead->open, out + done, &done) == 1;
}
