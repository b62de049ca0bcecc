/*
 * rpc/key_mix.c
 *	  The versions that are mixed up, with the rule that is not theirs.
 */
#include "rpc/key_mix.h"

#define K1 EVW_CURVE_SECP256K1

/* As in wire/envelope.c but for the KDF. */
static const EvwTagInfo mixed_infos[] = {
	[EVW_TAG_RFVC] = {"RFVC", K1, true, false, EVW_AAD_NONE, 0},
	[EVW_TAG_QLJV] = {"QlJV", K1, false, true, EVW_AAD_APP, 0},
	[EVW_TAG_S0LS] = {"S0lS", K1, false, true, EVW_AAD_V2, 0},
};

bool
e3_key_mix(const EvwEnvelope *envelope, EvwEnvelope *mixed)
{
	size_t tag = envelope->tag;

	if (tag >= sizeof(mixed_infos) / sizeof(mixed_infos[0]) ||
		mixed_infos[tag].name[0] == '\0')
		return false;
	*mixed = *envelope;
	mixed->info = &mixed_infos[tag];
	return true;
}
