/*
 * fuzz/token_fuzz.c
 *	  Credentials: bytes from outside as a whole token, and as the claims of one that
 *	  is well-formed but not signed.  Nothing is ever accepted.
 */
#include "fuzz.h"

#include "policy/token.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static const char pem[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n"
	"6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n"
	"-----END PUBLIC KEY-----\n";

static EvwStatus
verify(const E3Issuer *issuer, EvwBytes token)
{
	E3Claims claims;
	const char *cause = NULL;
	EvwStatus status = e3_token_verify(issuer, 1, token, 1700000000, &claims, &cause);

	FUZZ_CHECK(cause != NULL);
	return status;
}

/* As claims, between a header and a signature. */
static void
verify_wrapped(const E3Issuer *issuer, const uint8_t *data, size_t size)
{
	static const char head[] = "eyJhbGciOiJFUzI1NiJ9.";
	static const char tail[] = ".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
							   "AAAAAAAAAAAAAAAAAAAAAAAA"
							   "AAAAAA";
	char *text = malloc(sizeof(head) + sizeof(tail) + size * 4 / 3 + 8);
	char *claims = text + strlen(head);
	int len = EVP_EncodeBlock((unsigned char *) claims, data, (int) size);

	memcpy(text, head, strlen(head));
	for (int i = 0; i < len; i++)
		claims[i] = (char) (claims[i] == '+' ? '-' : claims[i] == '/' ? '_' : claims[i]);
	while (len > 0 && claims[len - 1] == '=')
		len--;
	memcpy(claims + len, tail, sizeof(tail));
	FUZZ_CHECK(verify(issuer, (EvwBytes){(uint8_t *) text, strlen(text)}) ==
			   EVW_CREDENTIAL_INVALID);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static E3Issuer issuer = {.issuer = "i", .lifetime_s = 600};

	if (issuer.n_keys == 0)
	{
		issuer.keys[0] = e3_token_key_new((EvwBytes){(const uint8_t *) pem, strlen(pem)});
		FUZZ_CHECK(issuer.keys[0] != NULL);
		issuer.n_keys = 1;
	}
	FUZZ_CHECK(verify(&issuer, (EvwBytes){data, size}) == EVW_CREDENTIAL_INVALID);
	verify_wrapped(&issuer, data, size);
	return 0;
}
