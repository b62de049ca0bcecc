/*
 * unit/failing.c
 *	  Calls that fail.
 *
 * Whatever a function is like, all its arguments and its result are integers or
 * pointers, which travel in the same places: eight words are passed on.
 */
#include "wire_help.h"

#include "failing.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#define CALLS_MAX 2000

static atomic_uint countdown; /* 0: nothing fails */
static atomic_uint paused;
static const char *_Atomic failed;

static bool
fails(const char *name)
{
	unsigned left = atomic_load(&countdown);

	if (left == 0 || atomic_load(&paused) > 0)
		return false;
	while (!atomic_compare_exchange_weak(&countdown, &left, left - 1))
		if (left == 0)
			return false;
	if (left > 1)
		return false;
	atomic_store(&failed, name);
	errno = EIO;
	return true;
}

void
failing_pause(void)
{
	atomic_fetch_add(&paused, 1);
}

void
failing_resume(void)
{
	atomic_fetch_sub(&paused, 1);
}

static bool
is_among(const char *name, const char *names)
{
	size_t len = strlen(name);

	for (const char *at = names; (at = strstr(at, name)) != NULL; at += len)
		if ((at == names || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

unsigned
failing_each(FailingAct act, void *context, const char *harmless)
{
	for (unsigned n = 1; n < CALLS_MAX; n++)
	{
		const char *name;
		bool good;

		atomic_store(&failed, NULL);
		atomic_store(&countdown, n);
		good = act(context);
		atomic_store(&countdown, 0);
		name = atomic_load(&failed);
		if (name == NULL)
		{
			assert_true(good);
			return n - 1;
		}
		if (good && !is_among(name, harmless))
			fail_msg("call %u, %s, failed and was not noticed", n, name);
	}
	fail_msg("it never ends");
	return 0;
}

#define FAILS(name, result)                                                              \
	extern long __real_##name(long, long, long, long, long, long, long, long);           \
	extern long __wrap_##name(long, long, long, long, long, long, long, long);           \
	long __wrap_##name(long a, long b, long c, long d, long e, long f, long g, long h)   \
	{                                                                                    \
		return fails(#name) ? (result) : __real_##name(a, b, c, d, e, f, g, h);          \
	}

/* What the system is asked for. */
FAILS(malloc, 0)
FAILS(calloc, 0)
FAILS(realloc, 0)
FAILS(fdopen, 0)
FAILS(mmap, -1)
FAILS(mlock, -1)
FAILS(madvise, -1)
FAILS(pthread_mutex_init, ENOMEM)
FAILS(pthread_create, EAGAIN)
FAILS(eventfd, -1)
FAILS(open, -1)
FAILS(fstat, -1)
FAILS(read, -1)
FAILS(pread, -1)
FAILS(write, -1)
FAILS(pwrite, -1)
FAILS(fchmod, -1)
FAILS(fsync, -1)
FAILS(fdatasync, -1)
FAILS(ftruncate, -1)
FAILS(flock, -1)
FAILS(linkat, -1)
FAILS(rename, -1)

/* OpenSSL. */
FAILS(CRYPTO_secure_zalloc, 0)
FAILS(RAND_priv_bytes, 0)
FAILS(EVP_MD_CTX_new, 0)
FAILS(EVP_MD_fetch, 0)
FAILS(EVP_MD_up_ref, 0)
FAILS(EVP_Digest, 0)
FAILS(EVP_DigestInit_ex, 0)
FAILS(EVP_DigestInit_ex2, 0)
FAILS(EVP_DigestUpdate, 0)
FAILS(EVP_DigestFinal_ex, 0)
FAILS(EVP_DigestSignInit, 0)
FAILS(EVP_DigestSign, 0)
FAILS(HMAC, 0)
FAILS(EVP_KDF_fetch, 0)
FAILS(EVP_KDF_CTX_new, 0)
FAILS(EVP_KDF_derive, 0)
FAILS(EVP_CIPHER_fetch, 0)
FAILS(EVP_CIPHER_CTX_new, 0)
FAILS(EVP_CIPHER_CTX_ctrl, 0)
FAILS(EVP_CipherInit_ex2, 0)
FAILS(EVP_CipherUpdate, 0)
FAILS(EVP_CipherFinal_ex, 0)
FAILS(BN_new, 0)
FAILS(BN_secure_new, 0)
FAILS(BN_bin2bn, 0)
FAILS(BN_bn2binpad, -1)
FAILS(BN_rand, 0)
FAILS(BN_CTX_secure_new, 0)
FAILS(BN_CTX_get, 0)
FAILS(EC_GROUP_new_by_curve_name, 0)
FAILS(EC_POINT_new, 0)
FAILS(EC_POINT_mul, 0)
FAILS(EC_POINT_oct2point, 0)
FAILS(EC_POINT_point2oct, 0)
FAILS(EC_POINT_get_affine_coordinates, 0)
FAILS(EC_POINT_copy, 0)
FAILS(EVP_PKEY_Q_keygen, 0)
FAILS(BIO_new, 0)
FAILS(BIO_new_mem_buf, 0)
FAILS(PEM_read_bio_X509, 0)
FAILS(PEM_read_bio_PrivateKey, 0)
FAILS(PEM_write_bio_X509, 0)
FAILS(PEM_write_bio_PrivateKey, 0)
FAILS(PEM_X509_INFO_read_bio, 0)
FAILS(X509_new, 0)
FAILS(X509_set_version, 0)
FAILS(X509_set_pubkey, 0)
FAILS(X509_set_issuer_name, 0)
FAILS(X509_gmtime_adj, 0)
FAILS(X509_NAME_add_entry_by_NID, 0)
FAILS(X509_add_ext, 0)
FAILS(X509_sign, 0)
FAILS(X509_STORE_add_cert, 0)
FAILS(X509_STORE_add_crl, 0)
FAILS(X509_verify, 0)
FAILS(X509_verify_cert, 0)
FAILS(X509_digest, 0)
FAILS(X509_STORE_new, 0)
FAILS(X509_STORE_CTX_new, 0)
FAILS(X509_STORE_CTX_init, 0)
FAILS(OPENSSL_sk_new_null, 0)
FAILS(OPENSSL_sk_push, 0)
FAILS(i2d_X509, -1)
FAILS(d2i_X509, 0)
FAILS(d2i_ECDSA_SIG, 0)
FAILS(i2d_ECDSA_SIG, -1)
FAILS(ECDSA_SIG_new, 0)
FAILS(ECDSA_SIG_set0, 0)
FAILS(EVP_DigestVerifyInit, 0)
FAILS(EVP_DigestVerifyUpdate, 0)
FAILS(EVP_DigestVerifyFinal, 0)
FAILS(EVP_PKEY_get_group_name, 0)
FAILS(SSL_CTX_new, 0)
FAILS(SSL_CTX_use_certificate, 0)
FAILS(SSL_CTX_use_PrivateKey, 0)
FAILS(SSL_CTX_check_private_key, 0)
FAILS(SSL_CTX_set_ciphersuites, 0)
FAILS(SSL_CTX_add_client_CA, 0)
FAILS(SSL_new, 0)
FAILS(SSL_set_fd, 0)
FAILS(SSL_export_keying_material, 0)

/* Takes a tenth of a second as it should: here it need not be hard. */
extern int __real_EVP_PBE_scrypt(const char *, size_t, const unsigned char *, size_t,
								 uint64_t, uint64_t, uint64_t, uint64_t, unsigned char *,
								 size_t);
extern int __wrap_EVP_PBE_scrypt(const char *, size_t, const unsigned char *, size_t,
								 uint64_t, uint64_t, uint64_t, uint64_t, unsigned char *,
								 size_t);

int
__wrap_EVP_PBE_scrypt(const char *pass, size_t pass_len, const unsigned char *salt,
					  size_t salt_len, uint64_t n, uint64_t r, uint64_t p,
					  uint64_t memory, unsigned char *key, size_t key_len)
{
	(void) n;
	return fails("EVP_PBE_scrypt") ? 0
								   : __real_EVP_PBE_scrypt(pass, pass_len, salt, salt_len,
														   2, r, p, memory, key, key_len);
}
