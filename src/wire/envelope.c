/*
 * wire/envelope.c
 *	  The binary form of a ciphertext.
 */
#include "wire/envelope.h"

#include <string.h>

#define FLAG_DATATYPE 0x03
#define FLAG_NAMES_STRING 0x04
#define FLAG_PADDED 0x08
#define FLAGS_ALL (FLAG_DATATYPE | FLAG_NAMES_STRING | FLAG_PADDED)

#define AT_HINT 2
#define AT_POINT (AT_HINT + EVW_HINT_LEN)
#define AT_IV (AT_POINT + EVW_POINT_LEN)

#define K1 EVW_CURVE_SECP256K1
#define P256 EVW_CURVE_P256

static const EvwTagInfo tag_infos[] = {
	[EVW_TAG_NONE] = {"", K1, false, false, EVW_AAD_NONE, 0},
	[EVW_TAG_RFVC] = {"RFVC", K1, false, false, EVW_AAD_NONE, 0},
	[EVW_TAG_T1JL] = {"T1JL", P256, false, false, EVW_AAD_NONE, 0},
	[EVW_TAG_TK9D] = {"Tk9D", P256, true, false, EVW_AAD_APP, 0},
	[EVW_TAG_QLJV] = {"QlJV", K1, true, true, EVW_AAD_APP, 0},
	[EVW_TAG_TENZ] = {"TENZ", P256, true, true, EVW_AAD_APP, 0},
	[EVW_TAG_S0LS] = {"S0lS", K1, true, true, EVW_AAD_V2, 0},
	[EVW_TAG_QKTC] = {"QkTC", P256, true, true, EVW_AAD_V2, 1},
	[EVW_TAG_RVZS] = {"RVZS", P256, true, true, EVW_AAD_CONTEXT, 2},
	[EVW_TAG_RVZL] = {"RVZL", K1, true, true, EVW_AAD_CONTEXT, 3},
};

#define N_TAGS (sizeof(tag_infos) / sizeof(tag_infos[0]))

const EvwTagInfo *
evw_tag_info(uint32_t tag)
{
	return tag >= EVW_TAG_NONE && tag < N_TAGS ? &tag_infos[tag] : NULL;
}

uint32_t
evw_tag_named(EvwBytes name)
{
	for (uint32_t tag = EVW_TAG_RFVC; tag < N_TAGS; tag++)
		if (evw_bytes_equal(name, tag_infos[tag].name))
			return tag;
	return 0;
}

const char *
evw_datatype_name(EvwDatatype datatype)
{
	static const char *const names[] = {"string", "number", "boolean"};

	return names[datatype];
}

/* Unpadded base64 of n bytes leaves room for padding unless 3 divides n. */
static bool
flags_fit(uint8_t flags, size_t sealed_len)
{
	uint8_t datatype = flags & FLAG_DATATYPE;

	if ((flags & ~FLAGS_ALL) != 0 || datatype > EVW_BOOLEAN)
		return false;
	if ((flags & FLAG_NAMES_STRING) != 0 && datatype != EVW_STRING)
		return false;
	return (flags & FLAG_PADDED) == 0 || sealed_len % 3 != 0;
}

EvwStatus
evw_envelope_check(EvwBytes bytes, EvwDatatype *datatype)
{
	uint8_t flags;
	uint8_t sign;

	if (bytes.len < EVW_ENVELOPE_MIN || bytes.len > EVW_ENVELOPE_MAX)
		return EVW_NOT_CIPHERTEXT;
	flags = bytes.data[1];
	sign = bytes.data[AT_POINT];
	if (bytes.data[0] < EVW_TAG_NONE || bytes.data[0] >= N_TAGS ||
		!flags_fit(flags, bytes.len - EVW_ENVELOPE_HEAD) || (sign != 2 && sign != 3))
		return EVW_NOT_CIPHERTEXT;
	*datatype = (EvwDatatype) (flags & FLAG_DATATYPE);
	return EVW_OK;
}

EvwStatus
evw_envelope_parse(EvwBytes bytes, EvwEnvelope *envelope)
{
	EvwStatus status = evw_envelope_check(bytes, &envelope->datatype);
	uint8_t flags;

	if (status != EVW_OK)
		return status;
	flags = bytes.data[1];
	envelope->tag = (EvwTag) bytes.data[0];
	envelope->info = evw_tag_info(bytes.data[0]);
	envelope->names_string = (flags & FLAG_NAMES_STRING) != 0;
	envelope->padded = (flags & FLAG_PADDED) != 0;
	envelope->hint = bytes.data + AT_HINT;
	envelope->epk = bytes.data + AT_POINT;
	envelope->iv = bytes.data + AT_IV;
	envelope->sealed.data = bytes.data + EVW_ENVELOPE_HEAD;
	envelope->sealed.len = bytes.len - EVW_ENVELOPE_HEAD;
	return EVW_OK;
}

void
evw_envelope_write_head(uint8_t *out, const EvwEnvelope *envelope)
{
	out[0] = (uint8_t) envelope->tag;
	out[1] =
		(uint8_t) (envelope->datatype | (envelope->names_string ? FLAG_NAMES_STRING : 0) |
				   (envelope->padded ? FLAG_PADDED : 0));
	memcpy(out + AT_HINT, envelope->hint, EVW_HINT_LEN);
	memcpy(out + AT_POINT, envelope->epk, EVW_POINT_LEN);
	memcpy(out + AT_IV, envelope->iv, EVW_IV_LEN);
}

bool
evw_hint_known(const uint8_t *hint)
{
	static const uint8_t unknown[EVW_HINT_LEN];

	return memcmp(hint, unknown, EVW_HINT_LEN) != 0;
}
