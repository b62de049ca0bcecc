/*
 * unit/failing_crypto_test.c
 *	  Memory that is not to be had and calls of OpenSSL that fail, one after another:
 *	  each is noticed, and nothing is left behind.
 */
#include "e3_help.h"

#include "attest/attester.h"
#include "attest/root.h"
#include "attest/verify.h"
#include "base/secret.h"
#include "cert/cert.h"
#include "crypto/aead.h"
#include "crypto/agree.h"
#include "crypto/hkdf.h"
#include "crypto/hmac.h"
#include "crypto/kdf.h"
#include "crypto/library.h"
#include "crypto/sha256.h"
#include "failing.h"
#include "keyring/audit_key.h"
#include "keyring/derived.h"
#include "keyring/keyring.h"
#include "keyring/payload.h"
#include "keyring/request_keys.h"
#include "tls_help.h"
#include "wire/attest.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LEN 100

static const uint8_t key[E3_AES_KEY_LEN] = {1, 2, 3};
static const uint8_t iv[EVW_IV_LEN] = {4, 5, 6};
static const EvwBytes aad = {key, 5};
static uint8_t text[LEN];

/* ---- algorithms ---- */

static bool
open_sealed(E3Scratch *scratch, const uint8_t *sealed)
{
	uint8_t out[LEN];

	return e3_aead_open(scratch, out, iv, aad, (EvwBytes){sealed, LEN + EVW_TAG_LEN}) ==
			   EVW_OK &&
		   memcmp(out, text, LEN) == 0;
}

static bool
seal_stream(E3Scratch *scratch, const uint8_t *sealed)
{
	uint8_t out[LEN + EVW_TAG_LEN];
	E3AeadStream *stream;
	bool good =
		e3_aead_stream_begin(scratch, &stream, key, iv, aad, E3_AEAD_SEAL) == EVW_OK;

	good = good && e3_aead_stream_update(stream, out, (EvwBytes){text, LEN}) == EVW_OK &&
		   e3_aead_stream_tag(stream, out + LEN) == EVW_OK &&
		   memcmp(out, sealed, sizeof(out)) == 0;
	e3_aead_stream_free(stream);
	return good;
}

static bool
seal_many(E3Scratch *scratch)
{
	uint8_t out[2][LEN + EVW_TAG_LEN];
	const E3AeadItem items[] = {{.out = out[0], .iv = iv, .in = {text, LEN}},
								{.out = out[1], .iv = iv, .in = {text, LEN}}};

	return e3_aead_seal_many(scratch, aad, (EvwBytes){NULL, 0}, items, 2) == EVW_OK &&
		   memcmp(out[0], out[1], sizeof(out[0])) == 0;
}

static bool
use_ciphers(E3Scratch *scratch)
{
	uint8_t sealed[LEN + EVW_TAG_LEN];

	return e3_aead_set_key(scratch, key) == EVW_OK &&
		   e3_aead_seal(scratch, sealed, iv, aad, (EvwBytes){NULL, 0},
						(EvwBytes){text, LEN}) == EVW_OK &&
		   open_sealed(scratch, sealed) && seal_stream(scratch, sealed) &&
		   seal_many(scratch);
}

static bool
use_hashes(E3Scratch *scratch)
{
	uint8_t out[E3_SHA256_LEN];
	E3Hmac *hmac;
	bool good;

	if (e3_sha256(scratch, aad, out) != EVW_OK ||
		e3_hkdf(aad, "purpose", out, sizeof(out)) != EVW_OK)
		return false;
	hmac = e3_hmac_new(scratch, aad);
	good = hmac != NULL && e3_hmac_begin(hmac) == EVW_OK &&
		   e3_hmac_update(hmac, aad) == EVW_OK && e3_hmac_end(hmac, out) == EVW_OK;
	e3_hmac_free(hmac);
	return good;
}

static bool
agree(E3Scratch *scratch, EvwCurve curve, const E3KeyPair *pair)
{
	uint8_t epk[EVW_POINT_LEN];
	uint8_t out[E3_AES_KEY_LEN];
	E3Agreement ours;
	E3Agreement theirs;

	return e3_agree_ephemeral(scratch, pair, epk, &ours) == EVW_OK &&
		   e3_agree_with(scratch, pair, epk, &theirs) == EVW_OK &&
		   memcmp(ours.z, theirs.z, sizeof(ours.z)) == 0 &&
		   e3_kdf_x963(scratch, curve, &ours, out) == EVW_OK;
}

static bool
use_pairs(E3Scratch *scratch)
{
	bool good = true;

	for (int i = 0; good && i < 2; i++)
	{
		E3KeyPair *pair = e3_key_pair_generate((EvwCurve) i);
		E3KeyPair *again = NULL;
		uint8_t private_key[E3_PRIVATE_LEN] = {0};

		good = pair != NULL;
		if (good)
			e3_key_pair_private(pair, private_key);
		good = good &&
			   e3_key_pair_from_private((EvwCurve) i, private_key, &again) == EVW_OK &&
			   memcmp(e3_key_pair_public(pair), e3_key_pair_public(again),
					  EVW_POINT_LEN) == 0 &&
			   agree(scratch, (EvwCurve) i, again);
		e3_key_pair_free(again);
		e3_key_pair_free(pair);
	}
	return good;
}

static bool
use_all(void *context)
{
	E3Scratch *scratch = e3_scratch_new();
	bool good = scratch != NULL && use_ciphers(scratch) && use_hashes(scratch) &&
				use_pairs(scratch);

	(void) context;
	e3_scratch_free(scratch);
	return good;
}

static void
every_call_of_algorithms_may_fail(void **state)
{
	(void) state;
	assert_true(help_choose("openssl", "openssl"));
	assert_true(failing_each(use_all, NULL, "") > 60);
	assert_true(help_choose("auto", "auto"));
	assert_true(failing_each(use_all, NULL, "") > 20);
}

static bool
choose(void *context)
{
	int *log_fds = context;
	char cause[E3_LIBRARY_TEXT_MAX] = "";
	EvwStatus status;

	/* Its log says so hundreds of times. */
	assert_int_equal(dup2(log_fds[1], STDERR_FILENO), STDERR_FILENO);
	status = e3_library_choose("openssl", "openssl", cause);
	assert_int_equal(dup2(log_fds[0], STDERR_FILENO), STDERR_FILENO);
	assert_true((status == EVW_OK) == (cause[0] == '\0'));
	return status == EVW_OK;
}

static void
a_library_that_fails_its_self_test_is_not_chosen(void **state)
{
	int log_fds[] = {dup(STDERR_FILENO), open("/dev/null", O_WRONLY | O_CLOEXEC)};

	(void) state;
	/* What has been changed must not open, and some points must not be taken. */
	assert_true(failing_each(choose, log_fds, "EVP_CipherFinal_ex EC_POINT_oct2point") >
				40);
	close(log_fds[0]);
	close(log_fds[1]);
	assert_true(help_choose("auto", "auto"));
}

/* ---- keys ---- */

/* One app with a version and an index key, of which both become the keyring's. */
static EvwStatus
fill_keyring(E3Keyring *keyring)
{
	const EvwBytes app = BYTES("app");
	E3KeyVersion version = {.version = 1};
	E3IndexKey index = {.version = 1, .bytes = 9};
	EvwStatus status;

	for (int i = 0; i < 2; i++)
		version.pairs[i] = e3_key_pair_generate((EvwCurve) i);
	if (version.pairs[0] == NULL || version.pairs[1] == NULL)
	{
		e3_key_version_free(&version);
		return EVW_OUT_OF_MEMORY;
	}
	status = e3_keyring_add(keyring, app, &version);
	if (status != EVW_OK)
		return status;
	index.secret = e3_secret_alloc(E3_INDEX_SECRET_LEN);
	if (index.secret == NULL)
		return EVW_OUT_OF_MEMORY;
	status = e3_keyring_add_index(keyring, app, &index);
	return status == EVW_OK
			   ? e3_keyring_set_audit(keyring, (EvwBytes){key, E3_AUDIT_MAC_LEN})
			   : status;
}

static E3Keyring *
make_keyring(void)
{
	E3Keyring *keyring = e3_keyring_new();

	if (keyring == NULL || fill_keyring(keyring) == EVW_OK)
		return keyring;
	e3_keyring_release(keyring);
	return NULL;
}

/* As they are kept, and as they come back. */
static bool
copy_keyring(const E3Keyring *keyring)
{
	E3Keyring *copy = e3_keyring_new();
	E3AuditKey *audit_key = e3_keyring_audit_key(keyring);
	EvwBuf payload;
	bool good;

	e3_buf_init(&payload);
	e3_payload_write(&payload, keyring);
	good = copy != NULL && audit_key != NULL && payload.status == EVW_OK &&
		   e3_payload_read((EvwBytes){payload.data, payload.len}, copy) == EVW_OK &&
		   e3_keyring_has_audit_key(copy, audit_key) && e3_keyring_equal(copy, keyring);
	e3_buf_release(&payload);
	e3_secret_free(audit_key, sizeof(*audit_key));
	if (copy != NULL)
		e3_keyring_release(copy);
	return good;
}

static bool
keep_keys(void *context)
{
	E3Keyring *keyring = make_keyring();
	bool good = keyring != NULL && copy_keyring(keyring);
	E3KeyringHolder *holder = NULL;

	(void) context;
	if (good)
		holder = e3_keyring_holder_new(keyring);
	e3_keyring_holder_free(holder);
	if (keyring != NULL && holder == NULL)
		e3_keyring_release(keyring);
	return good && holder != NULL;
}

static bool
make_caches(void *context)
{
	E3DerivedKeys *derived = e3_derived_new(64, 32, 64);
	E3RequestKeys *request_keys = e3_request_keys_new(4);
	bool good = derived != NULL && request_keys != NULL;

	(void) context;
	e3_request_keys_free(request_keys);
	e3_derived_free(derived);
	return good;
}

static void
every_call_of_keys_may_fail(void **state)
{
	(void) state;
	assert_true(failing_each(keep_keys, NULL, "") > 40);
	assert_true(failing_each(make_caches, NULL, "") > 5);
}

/* ---- certificates ---- */

static bool
load_tls(void *context)
{
	char cause[E3_TLS_CAUSE_MAX] = "";
	E3TlsContext *tls = e3_tls_context_new(context, cause);
	bool good = tls != NULL;

	assert_true(good || cause[0] != '\0');
	e3_tls_context_release(tls);
	return good;
}

static void
every_call_of_tls_may_fail(void **state)
{
	E3TlsFiles files = help_tls_files(help_dir, "server");

	(void) state;
	assert_true(failing_each(load_tls, &files, "") > 15);
}

static bool
make_cert(void *context)
{
	const E3CertWish ca_wish = {.subject = "ca", .use = E3_CERT_CA, .seconds = 3600};
	const E3CertWish wish = {"e3", "DNS:localhost", E3_CERT_SERVER, 3600};
	E3Cert *ca = e3_cert_new(NULL, &ca_wish);
	E3Cert *cert = ca != NULL ? e3_cert_new(ca, &wish) : NULL;
	EvwBuf pem;
	bool good;

	(void) context;
	e3_buf_init(&pem);
	good = cert != NULL && e3_cert_write(cert, &pem) && e3_cert_write_key(cert, &pem) &&
		   e3_cert_write_der(cert, &pem);
	e3_buf_release(&pem);
	e3_cert_free(cert);
	e3_cert_free(ca);
	return good;
}

static void
every_call_of_certificates_may_fail(void **state)
{
	(void) state;
	assert_true(failing_each(make_cert, NULL, "") > 20);
}

typedef struct Evidence
{
	E3AttestSetup setup;
	EvcExpectations expect;
} Evidence;

static bool
read_root(void *context)
{
	Evidence *with = context;

	return evc_root_read(with->setup.root, with->expect.root) == NULL;
}

static bool
is_good(const EvwBuf *document, const Evidence *with)
{
	EvcAttested attested;

	return evc_attest_verify((EvwBytes){document->data, document->len}, &with->expect,
							 &attested) == EVC_VERDICT_GOOD;
}

static bool
make_document(void *context)
{
	const Evidence *with = context;
	const E3Claim claim = {.nonce = aad};
	char cause[E3_ATTEST_CAUSE_MAX] = "";
	E3Attester *attester;
	EvwBuf document;
	bool good;
	EvwStatus status = e3_attester_new(&with->setup, &attester, cause);

	assert_true(status != EVW_UNSUPPORTED || cause[0] != '\0');
	assert_true((status == EVW_OK) == (attester != NULL));
	e3_buf_init(&document);
	if (status == EVW_OK)
		status = e3_attester_make(attester, &claim, &document);
	good = status == EVW_OK && is_good(&document, with);
	e3_buf_release(&document);
	e3_attester_free(attester);
	return good;
}

static void
every_call_of_evidence_may_fail(void **state)
{
	const E3CertWish wishes[] =
		{{.subject = "root", .use = E3_CERT_EVIDENCE_ROOT, .seconds = 3600},
		 {.subject = "issuer", .use = E3_CERT_EVIDENCE_ISSUER, .seconds = 3600}};
	E3Cert *root = e3_cert_new(NULL, &wishes[0]);
	E3Cert *issuer = e3_cert_new(root, &wishes[1]);
	Evidence evidence = {.setup = {.kind = EVW_EVIDENCE_SOFTWARE,
								   .root = help_path(help_dir, "root.crt", 1),
								   .certificate = help_path(help_dir, "issuer.crt", 2),
								   .key = help_path(help_dir, "issuer.key", 3),
								   .signer_seconds = 3600,
								   .config = help_path(help_dir, "root.crt", 1),
								   .policy = ""}};
	EvcExpectations *expect = &evidence.expect;

	(void) state;
	*expect = (EvcExpectations){.root_given = true,
								.unchecked = EVC_UNCHECKED_BINDING,
								.now = time(NULL),
								.skew_s = 60,
								.max_age_s = EVC_AGE_MAX,
								.nonce = aad};
	/* There is no policy: the digest of nothing. */
	expect->policy.set = 1u << 2;
	expect->policy.lengths[2] = 48;
	assert_int_equal(EVP_Digest("", 0, expect->policy.values[2], NULL, EVP_sha384(),
								NULL),
					 1);
	help_tls_write(help_dir, "root", root);
	help_tls_write(help_dir, "issuer", issuer);
	/* There must not be a second one. */
	assert_true(failing_each(read_root, &evidence, "PEM_read_bio_X509") > 5);
	assert_true(failing_each(make_document, &evidence, "madvise") > 60);
	e3_cert_free(issuer);
	e3_cert_free(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_of_algorithms_may_fail),
		cmocka_unit_test(a_library_that_fails_its_self_test_is_not_chosen),
		cmocka_unit_test(every_call_of_keys_may_fail),
		cmocka_unit_test(every_call_of_tls_may_fail),
		cmocka_unit_test(every_call_of_certificates_may_fail),
		cmocka_unit_test(every_call_of_evidence_may_fail),
	};

	return cmocka_run_group_tests(tests, help_arena_and_certs, NULL);
}
