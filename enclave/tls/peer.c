/*
 * tls/peer.c
 *	  Who a client certificate names.
 */
#include "tls/private.h"

#include <openssl/x509v3.h>

#include <string.h>

/* A client is one: a pattern names nobody. */
static bool
take_name(const GENERAL_NAME *name, E3Identity *identity)
{
	const ASN1_STRING *text =
		name->type == GEN_DNS ? name->d.dNSName : name->d.uniformResourceIdentifier;
	E3IdentityKind kind = name->type == GEN_DNS ? E3_IDENTITY_DNS : E3_IDENTITY_URI;
	int len = ASN1_STRING_length(text);

	return len > 0 &&
		   e3_identity_name(identity, kind, (const char *) ASN1_STRING_get0_data(text),
							(size_t) len) &&
		   strchr(identity->name, '*') == NULL;
}

bool
e3_tls_peer_name(X509 *certificate, E3Identity *identity)
{
	GENERAL_NAMES *names =
		X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	bool found = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
	{
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type != GEN_DNS && name->type != GEN_URI)
			continue;
		found = take_name(name, identity);
		break;
	}
	GENERAL_NAMES_free(names);
	return found;
}
