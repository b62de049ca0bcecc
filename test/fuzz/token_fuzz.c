/*
 * fuzz/token_fuzz.c
 *	  Credentials: bytes from outside as a whole token, and as the claims of one that its
 *	  issuer has signed.  The first is never accepted; what is of the second is within its
 *	  bounds.
 */
#include "fuzz.h"

#include "policy/token.h"

#include <cjose/cjose.h>
#include <stdlib.h>
#include <string.h>

#define NOW_S 1700000000

static uint8_t private_key[32] = {0x2a, 0x4f, 0x3c, 0x1d, 0x5e, 0x6b, 0x7a, 0x89,
								  0x90, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
								  0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
								  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};

static const char pem[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAESzQVsDgveTsPC2SwoNYe9xMk6wJM\n"
	"PPIwPrNZHP8gKAPqCDWkOhySGkZ3bW5m6yV2W8bA5oECUCvR8oDWck9vDA==\n"
	"-----END PUBLIC KEY-----\n";

static E3Issuer issuer = {.issuer = "i", .lifetime_s = 600};
static cjose_jwk_t *signer;
static cjose_header_t *header;

static void
set_up(void)
{
	cjose_jwk_ec_keyspec key = {.crv = CJOSE_JWK_EC_P_256,
								.d = private_key,
								.dlen = sizeof(private_key)};

	issuer.keys[0] = e3_token_key_new((EvwBytes){(const uint8_t *) pem, strlen(pem)});
	issuer.n_keys = 1;
	signer = cjose_jwk_create_EC_spec(&key, NULL);
	header = cjose_header_new(NULL);
	FUZZ_CHECK(issuer.keys[0] != NULL && signer != NULL && header != NULL);
	FUZZ_CHECK(cjose_header_set(header, CJOSE_HDR_ALG, CJOSE_HDR_ALG_ES256, NULL));
}

static EvwStatus
verify(EvwBytes token, E3Claims *claims)
{
	const char *cause = NULL;
	EvwStatus status = e3_token_verify(&issuer, 1, token, NOW_S, claims, &cause);

	FUZZ_CHECK(cause != NULL);
	return status;
}

static void
check_bounds(const E3Claims *claims)
{
	FUZZ_CHECK(claims->issuer == 0 && claims->subject[0] != '\0');
	FUZZ_CHECK(claims->n_apps > 0 && claims->n_apps <= E3_TOKEN_APPS_MAX);
	FUZZ_CHECK(claims->rights != 0 && claims->rights < 1u << E3_RIGHTS);
	FUZZ_CHECK(claims->not_before_s <= NOW_S && claims->expires_s > NOW_S);
	FUZZ_CHECK(claims->expires_s - claims->not_before_s <= issuer.lifetime_s);
}

static void
try_claims(const uint8_t *data, size_t size)
{
	cjose_jws_t *token = cjose_jws_sign(signer, header, data, size, NULL);
	E3Claims claims;
	const char *text;
	EvwStatus status;

	FUZZ_CHECK(token != NULL && cjose_jws_export(token, &text, NULL));
	status = verify((EvwBytes){(const uint8_t *) text, strlen(text)}, &claims);
	if (status == EVW_OK)
		check_bounds(&claims);
	else
		FUZZ_CHECK(status == EVW_CREDENTIAL_INVALID || status == EVW_CREDENTIAL_EXPIRED);
	cjose_jws_release(token);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	E3Claims claims;

	if (signer == NULL)
		set_up();
	FUZZ_CHECK(verify((EvwBytes){data, size}, &claims) == EVW_CREDENTIAL_INVALID);
	if (size > 0)
		try_claims(data, size);
	return 0;
}
