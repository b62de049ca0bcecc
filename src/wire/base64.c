/*
 * wire/base64.c
 *	  Strict, unpadded base64.
 */
#include "wire/base64.h"

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define BAD 0xff

/* Value of each character below 128, BAD for those outside the alphabet. */
static const uint8_t values[128] = {
	BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD,
	BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD,
	BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, 62,	BAD, BAD, BAD, 63,
	52,	 53,  54,  55,	56,	 57,  58,  59,	60,	 61,  BAD, BAD, BAD, BAD, BAD, BAD,
	BAD, 0,	  1,   2,	3,	 4,	  5,   6,	7,	 8,	  9,   10,	11,	 12,  13,  14,
	15,	 16,  17,  18,	19,	 20,  21,  22,	23,	 24,  25,  BAD, BAD, BAD, BAD, BAD,
	BAD, 26,  27,  28,	29,	 30,  31,  32,	33,	 34,  35,  36,	37,	 38,  39,  40,
	41,	 42,  43,  44,	45,	 46,  47,  48,	49,	 50,  51,  BAD, BAD, BAD, BAD, BAD,
};

size_t
evw_base64_encoded_len(size_t len)
{
	return len / 3 * 4 + (len % 3 == 0 ? 0 : len % 3 + 1);
}

size_t
evw_base64_decoded_len(size_t len)
{
	return len / 4 * 3 + (len % 4 == 0 ? 0 : len % 4 - 1);
}

void
evw_base64_encode(char *out, EvwBytes bytes)
{
	const uint8_t *at = bytes.data;
	size_t left = bytes.len;

	for (; left >= 3; left -= 3, at += 3)
	{
		uint32_t group = (uint32_t) at[0] << 16 | (uint32_t) at[1] << 8 | at[2];

		*out++ = alphabet[group >> 18];
		*out++ = alphabet[group >> 12 & 63];
		*out++ = alphabet[group >> 6 & 63];
		*out++ = alphabet[group & 63];
	}
	if (left == 0)
		return;
	*out++ = alphabet[at[0] >> 2];
	if (left == 1)
	{
		*out = alphabet[(at[0] & 3) << 4];
		return;
	}
	*out++ = alphabet[(at[0] & 3) << 4 | at[1] >> 4];
	*out = alphabet[(at[1] & 15) << 2];
}

static uint8_t
value_of(char c)
{
	unsigned char byte = (unsigned char) c;

	return byte < 128 ? values[byte] : BAD;
}

/* The last 2 or 3 characters: 1 or 2 bytes, the bits beyond them zero. */
static bool
decode_rest(uint8_t *out, const char *text, size_t len)
{
	uint8_t a = value_of(text[0]);
	uint8_t b = value_of(text[1]);
	uint8_t c = len == 3 ? value_of(text[2]) : 0;

	if ((a | b | c) & 0xc0)
		return false;
	*out++ = (uint8_t) (a << 2 | b >> 4);
	if (len == 2)
		return (b & 15) == 0;
	*out = (uint8_t) (b << 4 | c >> 2);
	return (c & 3) == 0;
}

bool
evw_base64_decode(uint8_t *out, const char *text, size_t len)
{
	if (len % 4 == 1)
		return false;
	for (; len >= 4; len -= 4, text += 4)
	{
		uint8_t a = value_of(text[0]);
		uint8_t b = value_of(text[1]);
		uint8_t c = value_of(text[2]);
		uint8_t d = value_of(text[3]);

		if ((a | b | c | d) & 0xc0)
			return false;
		*out++ = (uint8_t) (a << 2 | b >> 4);
		*out++ = (uint8_t) (b << 4 | c >> 2);
		*out++ = (uint8_t) (c << 6 | d);
	}
	return len == 0 || decode_rest(out, text, len);
}
