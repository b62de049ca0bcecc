/*
 * config_custody.c
 *	  [keyring]: values that say who keeps its key, and what each custody needs.
 */
#include "config_private.h"

#include "base/parse.h"

#include <stdio.h>
#include <string.h>

bool
e3_config_read_custody(Parser *parser, const KeyInfo *key, const char *text,
					   E3CustodyKind *kind)
{
	if (e3_config_custody_kind(text, kind))
		return true;
	return e3_config_fail_key(parser, key, "must be " E3_CUSTODY_NAMES);
}

bool
e3_config_read_text(Parser *parser, const KeyInfo *key, const char *text, char *out)
{
	size_t len = strlen(text);

	if (len == 0 || len >= E3_CUSTODY_TEXT_MAX)
		return e3_config_fail(parser, "[%s] %s: must have 1 to %d bytes", key->section,
							  key->name, E3_CUSTODY_TEXT_MAX - 1);
	memcpy(out, text, len + 1);
	return true;
}

/* What needs no quoting, wherever it is put. */
bool
e3_config_read_word(Parser *parser, const KeyInfo *key, const char *text, char *out)
{
	static const char fit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
							  "0123456789-_./:@";

	if (text[strspn(text, fit)] != '\0')
		return e3_config_fail_key(parser, key,
								  "may have letters, digits and any of -_./:@ alone");
	return e3_config_read_text(parser, key, text, out);
}

static bool
has_port(const char *host)
{
	const char *colon = strrchr(host, ':');

	/* Those of an IPv6 address stand in brackets. */
	return colon != NULL && strchr(colon, ']') == NULL;
}

bool
e3_config_read_https(Parser *parser, const KeyInfo *key, const char *text,
					 EvwEndpoint *endpoint)
{
	static const char scheme[] = "https://";
	char with_port[EVW_ENDPOINT_TEXT_MAX + 1];
	const char *host = text + strlen(scheme);
	const char *cause = "must begin with https://";
	int len;

	if (strncmp(text, scheme, strlen(scheme)) == 0)
	{
		len = snprintf(with_port, sizeof(with_port), "%s%s", host,
					   has_port(host) ? "" : ":443");
		cause = len < (int) sizeof(with_port)
					? evw_endpoint_parse_host(endpoint, with_port, (size_t) len)
					: "is too long";
	}
	return cause == NULL || e3_config_fail_key(parser, key, cause);
}

bool
e3_config_read_pcrs(Parser *parser, const KeyInfo *key, char *text, uint32_t *pcrs)
{
	char *rest = text;
	char *word;

	while ((word = strsep(&rest, ",")) != NULL)
	{
		uint64_t pcr;
		const char *end;

		word = e3_config_trim(word);
		if (!e3_parse_digits(word, 10, &pcr, &end) || *end != '\0' ||
			pcr >= E3_CUSTODY_PCRS || (*pcrs >> pcr & 1) != 0)
			return e3_config_fail_key(parser, key,
									  "must be different numbers from 0 to 23, comma "
									  "separated");
		*pcrs |= UINT32_C(1) << pcr;
	}
	return true;
}

static const char *const names[] = {[E3_CUSTODY_PASSPHRASE] = "passphrase",
									[E3_CUSTODY_TPM] = "tpm",
									[E3_CUSTODY_PKCS11] = "pkcs11",
									[E3_CUSTODY_KMS] = "kms"};

#define N_NAMES (sizeof(names) / sizeof(names[0]))

const char *
e3_config_custody_name(E3CustodyKind kind)
{
	return (size_t) kind < N_NAMES ? names[kind] : NULL;
}

bool
e3_config_custody_kind(const char *name, E3CustodyKind *kind)
{
	for (size_t i = E3_CUSTODY_PASSPHRASE; i < N_NAMES; i++)
		if (strcmp(names[i], name) == 0)
		{
			*kind = (E3CustodyKind) i;
			return true;
		}
	return false;
}

static const char *
kms_lacks(const E3CustodyConfig *config)
{
	if (config->kms_endpoint.host[0] == '\0')
		return "kms_endpoint";
	if (config->kms_region[0] == '\0')
		return "kms_region";
	if (config->kms_key[0] == '\0')
		return "kms_key";
	return config->kms_credentials_file[0] == '\0' ? "kms_credentials_file" : NULL;
}

const char *
e3_config_custody_lacks(const E3CustodyConfig *config, E3CustodyKind kind)
{
	if (kind == E3_CUSTODY_TPM)
		return config->tpm_pcrs == 0 ? "tpm_pcrs" : NULL;
	if (kind == E3_CUSTODY_KMS)
		return kms_lacks(config);
	if (kind != E3_CUSTODY_PKCS11)
		return NULL;
	if (config->pkcs11_module[0] == '\0')
		return "pkcs11_module";
	if (config->pkcs11_token[0] == '\0')
		return "pkcs11_token";
	if (config->pkcs11_key[0] == '\0')
		return "pkcs11_key";
	return config->pkcs11_pin_file[0] == '\0' ? "pkcs11_pin_file" : NULL;
}
