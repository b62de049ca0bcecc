/*
 * attest/software.c
 *	  Evidence without hardware: an authority of the operator's own vouches for it.
 *
 *	  root --> certificate, whose key E3 has --> signer, which E3 makes and renews
 *
 * It proves that whoever answers has that key, and says what E3 measured of itself; who
 * can take the key can say anything.  For development, and to be ready for hardware.
 */
#include "attest/backend.h"

#include "attest/cbor_write.h"
#include "attest/measure.h"
#include "base/clock.h"
#include "base/secret.h"
#include "cert/cert.h"
#include "wire/attest.h"
#include "wire/limits.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_S 1000000
#define US_PER_MS 1000

/* COSE (RFC 9052, RFC 9053). */
#define COSE_SIGN1_TAG 18
#define COSE_ALGORITHM 1
#define COSE_ES384 34 /* -35 */

typedef struct Software
{
	E3Cert *root;
	E3Cert *issuer;
	uint32_t signer_seconds;
	EvwBuf root_der;
	EvwBuf issuer_der;
	pthread_mutex_t lock; /* over what changes, which is below */
	E3Cert *signer;
	EvwBuf signer_der;
	int64_t made_at;  /* seconds since 1970 */
	int64_t renew_at; /* the same */
	E3Measurements measurements;
} Software;

static int64_t
now_s(void)
{
	return (int64_t) (e3_clock_unix_us() / US_PER_S);
}

/*
 * Half way to its end: whoever has been shown a document has time to ask again.  And when
 * the clock has been set back, as otherwise the signer might not be valid yet.
 */
static bool
is_current(const Software *software, int64_t now)
{
	return software->signer != NULL && now >= software->made_at &&
		   now < software->renew_at;
}

static bool
renew_signer(Software *software)
{
	const E3CertWish wish = {.subject = "evcrypt e3 evidence",
							 .use = E3_CERT_EVIDENCE_SIGNER,
							 .seconds = software->signer_seconds};
	const int64_t now = now_s();
	E3Cert *signer;
	EvwBuf der;

	if (is_current(software, now))
		return true;
	e3_buf_init(&der);
	signer = e3_cert_new(software->issuer, &wish);
	if (signer == NULL || !e3_cert_write_der(signer, &der))
	{
		e3_cert_free(signer);
		e3_buf_release(&der);
		return false;
	}
	e3_cert_free(software->signer);
	e3_buf_release(&software->signer_der);
	software->signer = signer;
	software->signer_der = der;
	software->made_at = now;
	software->renew_at = now + (software->signer_seconds + 1) / 2;
	return true;
}

static EvwBytes
bytes_of(const EvwBuf *buf)
{
	return (EvwBytes){buf->data, buf->len};
}

static void
write_pcrs(EvwBuf *buf, const E3Measurements *measurements)
{
	e3_cbor_map(buf, E3_PCRS);
	for (uint32_t i = 0; i < E3_PCRS; i++)
	{
		e3_cbor_uint(buf, i);
		e3_cbor_bytes(buf, (EvwBytes){measurements->pcrs[i], E3_PCR_LEN});
	}
}

static void
write_optional(EvwBuf *buf, const char *name, EvwBytes bytes)
{
	if (bytes.data == NULL)
		return;
	e3_cbor_text(buf, name);
	e3_cbor_bytes(buf, bytes);
}

static void
write_payload(EvwBuf *buf, const Software *software, const E3Claim *claim)
{
	size_t optional = (size_t) (claim->public_key.data != NULL) +
					  (claim->user_data.data != NULL) + (claim->nonce.data != NULL);

	e3_cbor_map(buf, 6 + optional);
	e3_cbor_text(buf, "module_id");
	e3_cbor_text(buf, "evcrypt-e3");
	e3_cbor_text(buf, "digest");
	e3_cbor_text(buf, "SHA384");
	e3_cbor_text(buf, "timestamp");
	e3_cbor_uint(buf, e3_clock_unix_us() / US_PER_MS);
	e3_cbor_text(buf, "pcrs");
	write_pcrs(buf, &software->measurements);
	e3_cbor_text(buf, "certificate");
	e3_cbor_bytes(buf, bytes_of(&software->signer_der));
	e3_cbor_text(buf, "cabundle");
	e3_cbor_array(buf, 2);
	e3_cbor_bytes(buf, bytes_of(&software->root_der));
	e3_cbor_bytes(buf, bytes_of(&software->issuer_der));
	write_optional(buf, "public_key", claim->public_key);
	write_optional(buf, "user_data", claim->user_data);
	write_optional(buf, "nonce", claim->nonce);
}

static void
write_protected(EvwBuf *buf)
{
	e3_cbor_map(buf, 1);
	e3_cbor_uint(buf, COSE_ALGORITHM);
	e3_cbor_negative(buf, COSE_ES384);
}

/* RFC 9052, 4.4: what is signed. */
static bool
sign(const Software *software, EvwBytes header, EvwBytes payload,
	 uint8_t signature[E3_ES384_LEN])
{
	EvwBuf buf;
	bool good;

	e3_buf_init(&buf);
	e3_cbor_array(&buf, 4);
	e3_cbor_text(&buf, "Signature1");
	e3_cbor_bytes(&buf, header);
	e3_cbor_bytes(&buf, (EvwBytes){NULL, 0});
	e3_cbor_bytes(&buf, payload);
	good =
		buf.status == EVW_OK && e3_cert_sign(software->signer, bytes_of(&buf), signature);
	e3_buf_release(&buf);
	return good;
}

static bool
write_document(EvwBuf *document, const Software *software, EvwBytes payload)
{
	uint8_t room[8];
	uint8_t signature[E3_ES384_LEN];
	EvwBuf header;

	evw_buf_fixed(&header, room, sizeof(room));
	write_protected(&header);
	if (header.status != EVW_OK || !sign(software, bytes_of(&header), payload, signature))
		return false;
	e3_cbor_tag(document, COSE_SIGN1_TAG);
	e3_cbor_array(document, 4);
	e3_cbor_bytes(document, bytes_of(&header));
	e3_cbor_map(document, 0);
	e3_cbor_bytes(document, payload);
	e3_cbor_bytes(document, (EvwBytes){signature, sizeof(signature)});
	return true;
}

static EvwStatus
make(void *state, const E3Claim *claim, EvwBuf *document)
{
	Software *software = state;
	EvwStatus status = EVW_EVIDENCE_FAILED;
	EvwBuf payload;

	e3_buf_init(&payload);
	pthread_mutex_lock(&software->lock);
	if (renew_signer(software))
	{
		write_payload(&payload, software, claim);
		if (payload.status == EVW_OK &&
			write_document(document, software, bytes_of(&payload)))
			status = EVW_OK;
	}
	pthread_mutex_unlock(&software->lock);
	e3_buf_release(&payload);
	return status;
}

static bool
measure(void *state, const E3AttestSetup *setup, char cause[E3_ATTEST_CAUSE_MAX])
{
	Software *software = state;
	E3Measurements measurements;

	if (!e3_measure(setup->config, setup->policy, &measurements, cause))
		return false;
	pthread_mutex_lock(&software->lock);
	software->measurements = measurements;
	pthread_mutex_unlock(&software->lock);
	return true;
}

static void
close_software(void *state)
{
	Software *software = state;

	e3_cert_free(software->root);
	e3_cert_free(software->issuer);
	e3_cert_free(software->signer);
	e3_buf_release(&software->root_der);
	e3_buf_release(&software->issuer_der);
	e3_buf_release(&software->signer_der);
	(void) pthread_mutex_destroy(&software->lock);
	free(software);
}

static bool
load(Software *software, const E3AttestSetup *setup, char cause[E3_ATTEST_CAUSE_MAX])
{
	software->root = e3_cert_read(setup->root, NULL);
	software->issuer = e3_cert_read(setup->certificate, setup->key);
	if (software->root == NULL)
		(void) snprintf(cause, E3_ATTEST_CAUSE_MAX, "%s: is not a certificate",
						setup->root);
	else if (software->issuer == NULL)
		(void) snprintf(cause, E3_ATTEST_CAUSE_MAX,
						"%.*s: is not a certificate whose key is %.*s", PATH_MAX / 2,
						setup->certificate, PATH_MAX / 2, setup->key);
	else if (!e3_cert_is_of(software->root, software->root) ||
			 !e3_cert_is_of(software->issuer, software->root))
		(void) snprintf(cause, E3_ATTEST_CAUSE_MAX,
						"%.*s: is not by the root %.*s, or not on P-384", PATH_MAX / 2,
						setup->certificate, PATH_MAX / 2, setup->root);
	else if (!e3_cert_write_der(software->root, &software->root_der) ||
			 !e3_cert_write_der(software->issuer, &software->issuer_der))
		(void) snprintf(cause, E3_ATTEST_CAUSE_MAX, "out of memory");
	else
		return measure(software, setup, cause);
	return false;
}

static void *
open_software(const E3AttestSetup *setup, char cause[E3_ATTEST_CAUSE_MAX])
{
	Software *software = calloc(1, sizeof(Software));

	(void) snprintf(cause, E3_ATTEST_CAUSE_MAX, "out of memory");
	if (software == NULL)
		return NULL;
	e3_buf_init(&software->root_der);
	e3_buf_init(&software->issuer_der);
	e3_buf_init(&software->signer_der);
	software->signer_seconds = setup->signer_seconds;
	if (pthread_mutex_init(&software->lock, NULL) != 0)
	{
		free(software);
		return NULL;
	}
	if (load(software, setup, cause))
		return software;
	close_software(software);
	return NULL;
}

const E3AttestBackend e3_attest_software = {
	.kind = EVW_EVIDENCE_SOFTWARE,
	.open = open_software,
	.close = close_software,
	.make = make,
	.measure = measure,
};
