/*
 * crypto/library.c
 *	  The lists of backends, fastest first, and the choice among them.
 */
#include "crypto/library.h"

#include "base/log.h"
#include "crypto/scratch_private.h"
#include "crypto/selftest.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

/* Which is faster is known (docs/operations.md): nothing is measured at start. */
static const E3AeadBackend *const aeads[] = {
#ifdef E3_WITH_IPSEC_MB
	&e3_aead_ipsec_mb,
#endif
	&e3_aead_openssl,
};

static const E3AgreeBackend *const agrees[] = {
#ifdef E3_WITH_CRYPTO_MB
	&e3_agree_crypto_mb,
#endif
#ifdef E3_WITH_SECP256K1
	&e3_agree_secp256k1,
#endif
	&e3_agree_openssl,
};

#define N_AEADS (sizeof(aeads) / sizeof(aeads[0]))
#define N_AGREES (sizeof(agrees) / sizeof(agrees[0]))

static const E3Backends openssl_alone = {&e3_aead_openssl,
										 {&e3_agree_openssl, &e3_agree_openssl}};

static E3Backends chosen = {&e3_aead_openssl, {&e3_agree_openssl, &e3_agree_openssl}};
static char names[E3_LIBRARY_TEXT_MAX];

E3Scratch *
e3_scratch_new(void)
{
	return e3_scratch_new_of(&chosen);
}

size_t
e3_library_schedule_len(void)
{
	return chosen.aead->schedule_len;
}

/* Writes the setting and what is wrong with its wish; hands the status on. */
static EvwStatus
refuse(char *cause, const char *setting, const char *wish, const char *why,
	   EvwStatus status)
{
	(void) snprintf(cause, E3_LIBRARY_TEXT_MAX, "[crypto] %s: %s %s", setting, wish, why);
	return status;
}

static void
warn_failed(const char *name)
{
	e3_log(E3_LOG_ERROR, "selftest_failed", "backend=\"%s\"", name);
}

static EvwStatus
choose_aead(const char *wish, E3Backends *backends, char *cause)
{
	bool any = strcmp(wish, "auto") == 0;
	const char *why = "is not part of this build";
	EvwStatus status = EVW_CONFIG;
	char text[E3_LIBRARY_TEXT_MAX];

	for (size_t i = 0; i < N_AEADS; i++)
	{
		if (!any && strcmp(wish, aeads[i]->name) != 0)
			continue;
		backends->aead = aeads[i];
		if (!aeads[i]->describe(text, sizeof(text)))
			why = "cannot work on this CPU";
		else if (e3_selftest_aead(backends))
			return EVW_OK;
		else
		{
			warn_failed(text);
			why = "fails its self-test";
			status = EVW_CRYPTO_FAILED;
		}
	}
	return refuse(cause, "aead", wish, why, status);
}

/* Sets *other where the one found is not OpenSSL. */
static EvwStatus
choose_agreement(const char *wish, EvwCurve curve, E3Backends *backends, char *cause,
				 bool *other)
{
	bool any = strcmp(wish, "openssl") != 0;
	bool fall_back = strcmp(wish, "library") != 0;
	char text[E3_LIBRARY_TEXT_MAX];

	for (size_t i = 0; i < N_AGREES; i++)
	{
		if (!agrees[i]->serves[curve] || (!any && agrees[i] != &e3_agree_openssl) ||
			!agrees[i]->describe(text, sizeof(text)))
			continue;
		backends->agree[curve] = agrees[i];
		*other |= agrees[i] != &e3_agree_openssl;
		if (e3_selftest_agree(backends, curve))
			return EVW_OK;
		warn_failed(text);
		if (!fall_back)
			break;
	}
	return refuse(cause, "agreement", wish, "fails its self-test", EVW_CRYPTO_FAILED);
}

static EvwStatus
choose_agreements(const char *wish, E3Backends *backends, char *cause)
{
	EvwStatus status = EVW_OK;
	bool other = false;

	if (strcmp(wish, "auto") != 0 && strcmp(wish, "openssl") != 0 &&
		strcmp(wish, "library") != 0)
		return refuse(cause, "agreement", wish, "is not known", EVW_CONFIG);
	for (int curve = 0; status == EVW_OK && curve < E3_CURVES; curve++)
		status = choose_agreement(wish, (EvwCurve) curve, backends, cause, &other);
	if (status == EVW_OK && strcmp(wish, "library") == 0 && !other)
		return refuse(cause, "agreement", wish,
					  "is not to be had: this build has none for this CPU", EVW_CONFIG);
	return status;
}

/* What the backend says of itself, after a comma, unless it was said already. */
static void
add_name(bool (*describe)(char *, size_t))
{
	char text[E3_LIBRARY_TEXT_MAX];
	size_t len = strlen(names);

	if (!describe(text, sizeof(text)) || strstr(names, text) != NULL)
		return;
	if (len > 0 && len + 2 < sizeof(names))
	{
		memcpy(names + len, ", ", 3);
		len += 2;
	}
	(void) snprintf(names + len, sizeof(names) - len, "%.*s",
					(int) (sizeof(names) - len - 1), text);
}

static void
write_names(void)
{
	names[0] = '\0';
	/* It derives keys, draws random bytes and hashes whoever does the rest. */
	if (chosen.aead != &e3_aead_openssl)
		add_name(e3_agree_openssl.describe);
	add_name(chosen.aead->describe);
	for (int curve = 0; curve < E3_CURVES; curve++)
		add_name(chosen.agree[curve]->describe);
}

EvwStatus
e3_library_choose(const char *aead, const char *agreement,
				  char cause[E3_LIBRARY_TEXT_MAX])
{
	E3Backends backends = openssl_alone;
	EvwStatus status = choose_aead(aead, &backends, cause);

	if (status == EVW_OK)
		status = choose_agreements(agreement, &backends, cause);
	if (status != EVW_OK)
		return status;
	chosen = backends;
	write_names();
	return EVW_OK;
}

const char *
e3_library_names(void)
{
	if (names[0] == '\0')
		write_names();
	return names;
}
