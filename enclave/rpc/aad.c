/*
 * rpc/aad.c
 *	  Additional authenticated data: laid out once, cut per version.
 */
#include "rpc/aad.h"

#include <string.h>

#define AT_EPK 1
#define AT_APP (AT_EPK + EVW_POINT_LEN)

void
e3_aad_prepare(E3Aad *aad, const uint8_t *epk, const E3KeyPair *app)
{
	aad->bytes[0] = 0;
	memcpy(aad->bytes + AT_EPK, epk, EVW_POINT_LEN);
	memcpy(aad->bytes + AT_APP, e3_key_pair_public(app), EVW_POINT_LEN);
}

EvwStatus
e3_aad_bind(E3Aad *aad, E3Scratch *scratch, EvwBytes context)
{
	return e3_sha256(scratch, context, aad->bytes + E3_AAD_V2);
}

EvwBytes
e3_aad_for(E3Aad *aad, const EvwTagInfo *info, EvwDatatype datatype)
{
	uint8_t config = (uint8_t) (datatype << 4 | info->scheme);

	switch (info->aad)
	{
		case EVW_AAD_NONE:
			return (EvwBytes){NULL, 0};
		case EVW_AAD_APP:
			return (EvwBytes){aad->bytes + AT_APP, EVW_POINT_LEN};
		default:
			/* Not written anew where it stays: see crypto/aead.h. */
			if (aad->bytes[0] != config)
				aad->bytes[0] = config;
			return (EvwBytes){aad->bytes,
							  info->aad == EVW_AAD_CONTEXT ? E3_AAD_MAX : E3_AAD_V2};
	}
}
