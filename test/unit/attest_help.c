/*
 * unit/attest_help.c
 *	  Documents of the test's own authority, their CBOR written by libcbor.
 */
#include "attest_help.h"

#include <cbor.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <string.h>

static const uint8_t nonce[32] = "nonce of thirty-two bytes, once";
static const uint8_t binding[32] = "what binds it to the connection";

EvwBytes
attest_nonce(void)
{
	return (EvwBytes){nonce, sizeof(nonce)};
}

EvwBytes
attest_binding(void)
{
	return (EvwBytes){binding, sizeof(binding)};
}

void
attest_pcr(int index, uint8_t value[48])
{
	memset(value, index + 1, 48);
}

void
attest_spec(AttestSpec *spec)
{
	static const char *const names[] = {"root", "region", "host", "enclave"};
	static const char *const basic[] = {"critical,CA:TRUE", "critical,CA:TRUE,pathlen:1",
										"critical,CA:TRUE,pathlen:0",
										"critical,CA:FALSE"};

	*spec = (AttestSpec){
		.n_authorities_sent = ATTEST_LEAF,
		.timestamp_ms = ATTEST_NOW * UINT64_C(1000),
		.pcrs = 0xffff,
		.head = BYTES("\x84"),
		.protected_bytes = BYTES("\xa1\x01\x38\x22"),
		.unprotected = BYTES("\xa0"),
		.signature_len = EVC_ES384_LEN,
		.flip_signature = -1,
	};
	for (int i = 0; i < ATTEST_CERTIFICATES; i++)
		spec->certificates[i] = (AttestCertificate){
			.curve = "P-384",
			.name = names[i],
			.issuer = names[i > 0 ? i - 1 : 0],
			.digest = EVP_sha384,
			.from = ATTEST_NOW - ATTEST_HOUR,
			.to = ATTEST_NOW + ATTEST_HOUR,
			.basic = basic[i],
			.usage = i < ATTEST_LEAF ? "critical,keyCertSign,cRLSign"
									 : "critical,digitalSignature",
		};
}

/* Certificates. */

static void
set_name(X509_NAME *name, const char *text)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
												(const uint8_t *) text, -1, -1, 0),
					 1);
}

static void
add_extension(X509 *certificate, X509_EXTENSION *extension)
{
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static void
add_extensions(X509 *certificate, const AttestCertificate *spec)
{
	if (spec->basic != NULL)
		add_extension(certificate, X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
													   spec->basic));
	if (spec->usage != NULL)
		add_extension(certificate,
					  X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, spec->usage));
	if (spec->other != NULL)
	{
		ASN1_OBJECT *object = OBJ_txt2obj("1.2.3.4.5", 1);
		ASN1_OCTET_STRING *bytes = ASN1_OCTET_STRING_new();

		ASN1_OCTET_STRING_set(bytes, (const uint8_t *) spec->other,
							  (int) strlen(spec->other));
		add_extension(certificate, X509_EXTENSION_create_by_OBJ(NULL, object, 1, bytes));
		ASN1_OCTET_STRING_free(bytes);
		ASN1_OBJECT_free(object);
	}
}

/* Its DER, which help_release frees. */
static EvwBytes
make_certificate(const AttestCertificate *spec, EVP_PKEY *key, EVP_PKEY *issuer)
{
	X509 *certificate = X509_new();
	EVP_PKEY *stranger = EVP_EC_gen("P-384");
	uint8_t der[4096] = {0};
	uint8_t *end = der;
	EvwBytes copy;

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7);
	set_name(X509_get_subject_name(certificate), spec->name);
	set_name(X509_get_issuer_name(certificate), spec->issuer);
	ASN1_TIME_set(X509_getm_notBefore(certificate), spec->from);
	ASN1_TIME_set(X509_getm_notAfter(certificate), spec->to);
	X509_set_pubkey(certificate, key);
	add_extensions(certificate, spec);
	assert_true(X509_sign(certificate, spec->forged ? stranger : issuer, spec->digest()) >
				0);
	assert_true(i2d_X509(certificate, &end) > 0);
	copy = help_exact((EvwBytes){der, (size_t) (end - der) + spec->extra_bytes});
	EVP_PKEY_free(stranger);
	X509_free(certificate);
	return copy;
}

typedef struct Chain
{
	EVP_PKEY *keys[ATTEST_CERTIFICATES];
	EvwBytes ders[ATTEST_CERTIFICATES];
} Chain;

static void
make_chain(Chain *chain, const AttestSpec *spec)
{
	for (int i = 0; i < ATTEST_CERTIFICATES; i++)
	{
		chain->keys[i] = EVP_EC_gen(spec->certificates[i].curve);
		assert_non_null(chain->keys[i]);
		chain->ders[i] = make_certificate(&spec->certificates[i], chain->keys[i],
										  chain->keys[i > 0 ? i - 1 : 0]);
	}
}

static void
free_chain(Chain *chain)
{
	for (int i = 0; i < ATTEST_CERTIFICATES; i++)
	{
		EVP_PKEY_free(chain->keys[i]);
		help_release(chain->ders[i]);
	}
}

/* CBOR. */

typedef size_t (*Encoder)(size_t number, unsigned char *at, size_t size);

static void
put(EvwBuf *buf, Encoder encode, size_t number)
{
	uint8_t head[9];

	evw_buf_append(buf, head, encode(number, head, sizeof(head)));
}

static void
put_uint(EvwBuf *buf, uint64_t number)
{
	uint8_t head[9];

	evw_buf_append(buf, head, cbor_encode_uint(number, head, sizeof(head)));
}

static void
put_raw(EvwBuf *buf, EvwBytes raw)
{
	evw_buf_append(buf, raw.data, raw.len);
}

static void
put_bytes(EvwBuf *buf, EvwBytes bytes)
{
	put(buf, cbor_encode_bytestring_start, bytes.len);
	put_raw(buf, bytes);
}

static void
put_text(EvwBuf *buf, const char *text)
{
	put(buf, cbor_encode_string_start, strlen(text));
	evw_buf_append(buf, text, strlen(text));
}

/* The name of a field; false if it is left out, or has been written as the test wants. */
static bool
begin_field(EvwBuf *buf, const AttestSpec *spec, const char *name)
{
	bool changed = spec->field.name != NULL && strcmp(spec->field.name, name) == 0;

	if (changed && spec->field.raw.data == NULL)
		return false;
	put_text(buf, name);
	if (changed)
		put_raw(buf, spec->field.raw);
	return !changed;
}

static void
put_pcrs(EvwBuf *buf, const AttestSpec *spec)
{
	static const uint8_t zero[48];
	uint8_t value[48];

	put(buf, cbor_encode_map_start, (size_t) __builtin_popcount(spec->pcrs));
	for (int i = 0; i < EVC_PCRS_MAX; i++)
	{
		if (!(spec->pcrs & UINT32_C(1) << i))
			continue;
		attest_pcr(i, value);
		put_uint(buf, (uint64_t) i);
		put_bytes(buf, (EvwBytes){spec->zero & UINT32_C(1) << i ? zero : value, 48});
	}
}

/* Where QEMU has 64 zeros. */
static EvwBytes
certificate_of(const AttestSpec *spec, EvwBytes der)
{
	static const uint8_t zero[64];

	return spec->emulated ? (EvwBytes){zero, sizeof(zero)} : der;
}

static void
put_fields(EvwBuf *buf, const AttestSpec *spec, const Chain *chain)
{
	if (begin_field(buf, spec, "module_id"))
		put_text(buf, "i-0123456789abcdef0-enc0123456789abcdef");
	if (begin_field(buf, spec, "digest"))
		put_text(buf, "SHA384");
	if (begin_field(buf, spec, "timestamp"))
		put_uint(buf, spec->timestamp_ms);
	if (begin_field(buf, spec, "pcrs"))
		put_pcrs(buf, spec);
	if (begin_field(buf, spec, "certificate"))
		put_bytes(buf, certificate_of(spec, chain->ders[ATTEST_LEAF]));
	if (begin_field(buf, spec, "cabundle"))
	{
		put(buf, cbor_encode_array_start, (size_t) spec->n_authorities_sent);
		for (int i = 0; i < spec->n_authorities_sent; i++)
			put_bytes(buf, certificate_of(spec, chain->ders[i]));
	}
	if (begin_field(buf, spec, "public_key"))
		put_raw(buf, BYTES("\xf6"));
	if (begin_field(buf, spec, "user_data"))
		put_bytes(buf, attest_binding());
	if (begin_field(buf, spec, "nonce"))
		put_bytes(buf, attest_nonce());
}

static void
put_payload(EvwBuf *buf, const AttestSpec *spec, const Chain *chain)
{
	bool one_less = spec->field.name != NULL && spec->field.raw.data == NULL;

	if (spec->payload_len > 0)
	{
		memset(evw_buf_extend(buf, spec->payload_len), 0, spec->payload_len);
		return;
	}
	if (spec->open)
		put_raw(buf, BYTES("\xbf"));
	else
		put(buf, cbor_encode_map_start, 9 - one_less + spec->n_more);
	put_fields(buf, spec, chain);
	put_raw(buf, spec->more);
	if (spec->open)
		put_raw(buf, BYTES("\xff"));
	put_raw(buf, spec->after_payload);
}

/* ES384 of a Sig_structure: r and s, 48 bytes each. */
static void
sign(uint8_t signature[EVC_ES384_LEN], EVP_PKEY *key, EvwBytes protected_bytes,
	 EvwBytes payload)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t der[160];
	const uint8_t *at = der;
	size_t len = sizeof(der);
	ECDSA_SIG *pair;
	EvwBuf buf;

	help_buf_init(&buf);
	put(&buf, cbor_encode_array_start, 4);
	put_text(&buf, "Signature1");
	put_bytes(&buf, protected_bytes);
	put_bytes(&buf, BYTES(""));
	put_bytes(&buf, payload);
	EVP_DigestSignInit(context, NULL, EVP_sha384(), NULL, key);
	assert_int_equal(EVP_DigestSign(context, der, &len, buf.data, buf.len), 1);
	pair = d2i_ECDSA_SIG(NULL, &at, (long) len);
	if (EVP_PKEY_get_bits(key) == 384)
	{
		BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, EVC_ES384_LEN / 2);
		BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + EVC_ES384_LEN / 2,
					 EVC_ES384_LEN / 2);
	}
	ECDSA_SIG_free(pair);
	EVP_MD_CTX_free(context);
	help_buf_free(&buf);
}

static void
put_document(EvwBuf *buf, const AttestSpec *spec, const Chain *chain, EvwBytes payload)
{
	uint8_t signature[4 * EVC_ES384_LEN] = {0};
	EVP_PKEY *other = EVP_EC_gen("P-384");

	if (!spec->emulated)
		sign(signature, spec->other_signer ? other : chain->keys[ATTEST_LEAF],
			 spec->protected_bytes, payload);
	if (spec->flip_signature >= 0)
		signature[spec->flip_signature] ^= 1;
	put_raw(buf, spec->head);
	put_bytes(buf, spec->protected_bytes);
	put_raw(buf, spec->unprotected);
	put_bytes(buf, payload);
	put_bytes(buf, (EvwBytes){signature, spec->signature_len});
	put_raw(buf, spec->after);
	EVP_PKEY_free(other);
}

void
attest_make(const AttestSpec *spec, EvwBuf *buf, EvcExpectations *expect)
{
	EvwBuf payload;
	Chain chain;

	make_chain(&chain, spec);
	help_buf_init(&payload);
	put_payload(&payload, spec, &chain);
	help_buf_init(buf);
	put_document(buf, spec, &chain, help_buf_bytes(&payload));
	*expect = (EvcExpectations){
		.root_given = true,
		.now = ATTEST_NOW,
		.skew_s = EVC_SKEW_DEFAULT,
		.max_age_s = EVC_AGE_MAX,
		.nonce = attest_nonce(),
		.binding = attest_binding(),
		.policy = {.set = 0x11f},
	};
	for (int i = 0; i <= 8; i++)
	{
		attest_pcr(i, expect->policy.values[i]);
		expect->policy.lengths[i] = 48;
	}
	SHA256(chain.ders[0].data, chain.ders[0].len, expect->root);
	help_buf_free(&payload);
	free_chain(&chain);
}
