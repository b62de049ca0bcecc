/*
 * wire/evstring.c
 *	  The text form of a ciphertext, parsed and written.
 */
#include "wire/evstring.h"

#include "wire/base64.h"

#include <string.h>

#define IV_CHARS 16
#define POINT_CHARS 44
#define SEGMENTS_MIN 3 /* IV, EPK, CT */
#define SEGMENTS_MAX 5 /* VERSION, TYPE before them */
#define VERSION_CHARS 4

typedef struct Segment
{
	const char *text;
	size_t len;
} Segment;

size_t
evw_evstring_envelope_cap(size_t len)
{
	return EVW_ENVELOPE_HEAD + evw_base64_decoded_len(len) + 3;
}

static bool
starts_with(const char *text, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len >= n && memcmp(text, prefix, n) == 0;
}

/* What is between "ev:" and ":$". */
static EvwStatus
strip_frame(const char *text, size_t len, Segment *inner)
{
	if (!starts_with(text, len, "ev:"))
		return EVW_TEXT_NO_PREFIX;
	if (starts_with(text, len, "ev:debug:"))
		return EVW_TEXT_DEBUG;
	if (starts_with(text, len, "ev:key:"))
		return EVW_TEXT_API_KEY;
	if (len > EVW_EVSTRING_MAX)
		return EVW_TEXT_TOO_LONG;
	if (len < 5 || text[len - 2] != ':' || text[len - 1] != '$')
		return EVW_TEXT_NO_TERMINATOR;
	inner->text = text + 3;
	inner->len = len - 5;
	return EVW_OK;
}

/* Splits at ':'; more than SEGMENTS_MAX segments count as SEGMENTS_MAX + 1. */
static int
split(Segment inner, Segment *segments)
{
	int count = 0;
	const char *end = inner.text + inner.len;
	const char *at = inner.text;

	for (;;)
	{
		const char *colon = memchr(at, ':', (size_t) (end - at));

		if (count == SEGMENTS_MAX)
			return SEGMENTS_MAX + 1;
		segments[count].text = at;
		segments[count].len = (size_t) ((colon != NULL ? colon : end) - at);
		count++;
		if (colon == NULL)
			return count;
		at = colon + 1;
	}
}

static bool
parse_datatype(Segment segment, EvwEnvelope *envelope)
{
	EvwBytes name = {(const uint8_t *) segment.text, segment.len};

	for (int datatype = EVW_STRING; datatype <= EVW_BOOLEAN; datatype++)
		if (evw_bytes_equal(name, evw_datatype_name((EvwDatatype) datatype)))
		{
			envelope->datatype = (EvwDatatype) datatype;
			envelope->names_string = datatype == EVW_STRING;
			return true;
		}
	return false;
}

/* The optional segments before the IV: VERSION, TYPE, both or none. */
static EvwStatus
parse_optional(const Segment *segments, int count, EvwEnvelope *envelope)
{
	int next = 0;

	envelope->tag = EVW_TAG_NONE;
	if (count == 2 || (count == 1 && segments[0].len == VERSION_CHARS))
	{
		EvwBytes name = {(const uint8_t *) segments[0].text, segments[0].len};

		envelope->tag = (EvwTag) evw_tag_named(name);
		if (envelope->tag == 0)
			return EVW_TEXT_VERSION;
		next = 1;
	}
	if (next < count && !parse_datatype(segments[next], envelope))
		return EVW_TEXT_DATATYPE;
	return EVW_OK;
}

static EvwStatus
parse_fixed(Segment segment, uint8_t *out, size_t chars, EvwStatus wrong_length)
{
	if (segment.len != chars)
		return wrong_length;
	return evw_base64_decode(out, segment.text, segment.len) ? EVW_OK : EVW_TEXT_BASE64;
}

/* Takes off correct padding and notes it. */
static EvwStatus
strip_padding(Segment *segment, EvwEnvelope *envelope)
{
	size_t padding = 0;

	while (padding < segment->len && padding < 3 &&
		   segment->text[segment->len - 1 - padding] == '=')
		padding++;
	if (padding == 0)
		return EVW_OK;
	if (padding > 2 || segment->len % 4 != 0)
		return EVW_TEXT_BASE64;
	segment->len -= padding;
	envelope->padded = true;
	return EVW_OK;
}

static EvwStatus
parse_sealed(Segment segment, uint8_t *out, EvwEnvelope *envelope)
{
	EvwStatus status = strip_padding(&segment, envelope);

	if (status != EVW_OK)
		return status;
	envelope->sealed = (EvwBytes){out, evw_base64_decoded_len(segment.len)};
	if (envelope->sealed.len > EVW_ENVELOPE_MAX - EVW_ENVELOPE_HEAD)
		return EVW_TEXT_TOO_LONG;
	if (!evw_base64_decode(out, segment.text, segment.len))
		return EVW_TEXT_BASE64;
	return envelope->sealed.len >= EVW_TAG_LEN ? EVW_OK : EVW_TEXT_SHORT;
}

EvwStatus
evw_evstring_parse(const char *text, size_t len, uint8_t *out, size_t *out_len)
{
	static const uint8_t no_hint[EVW_HINT_LEN];
	uint8_t iv[EVW_IV_LEN];
	uint8_t epk[EVW_POINT_LEN];
	EvwEnvelope envelope = {.hint = no_hint, .epk = epk, .iv = iv};
	Segment segments[SEGMENTS_MAX];
	Segment inner;
	EvwStatus status = strip_frame(text, len, &inner);
	int count;

	if (status != EVW_OK)
		return status;
	count = split(inner, segments);
	if (count < SEGMENTS_MIN || count > SEGMENTS_MAX)
		return EVW_TEXT_SEGMENTS;
	status = parse_optional(segments, count - SEGMENTS_MIN, &envelope);
	if (status == EVW_OK)
		status = parse_fixed(segments[count - 3], iv, IV_CHARS, EVW_TEXT_IV_LENGTH);
	if (status == EVW_OK)
		status = parse_fixed(segments[count - 2], epk, POINT_CHARS, EVW_TEXT_POINT);
	if (status == EVW_OK && epk[0] != 2 && epk[0] != 3)
		status = EVW_TEXT_POINT;
	if (status == EVW_OK)
		status = parse_sealed(segments[count - 1], out + EVW_ENVELOPE_HEAD, &envelope);
	if (status != EVW_OK)
		return status;
	evw_envelope_write_head(out, &envelope);
	*out_len = EVW_ENVELOPE_HEAD + envelope.sealed.len;
	return EVW_OK;
}

static const char *
datatype_segment(const EvwEnvelope *envelope)
{
	if (envelope->datatype == EVW_STRING && !envelope->names_string)
		return "";
	return evw_datatype_name(envelope->datatype);
}

/* Number of '=' after the last segment. */
static size_t
padding_of(const EvwEnvelope *envelope)
{
	return envelope->padded ? 3 - envelope->sealed.len % 3 : 0;
}

static size_t
segment_len(const char *text)
{
	return *text != '\0' ? strlen(text) + 1 : 0;
}

size_t
evw_evstring_len(const EvwEnvelope *envelope)
{
	return 3 + segment_len(envelope->info->name) +
		   segment_len(datatype_segment(envelope)) + IV_CHARS + 1 + POINT_CHARS + 1 +
		   evw_base64_encoded_len(envelope->sealed.len) + padding_of(envelope) + 2;
}

static char *
put_segment(char *out, const char *text)
{
	size_t len = strlen(text);

	if (len == 0)
		return out;
	memcpy(out, text, len);
	out[len] = ':';
	return out + len + 1;
}

static char *
put_base64(char *out, EvwBytes bytes)
{
	evw_base64_encode(out, bytes);
	return out + evw_base64_encoded_len(bytes.len);
}

void
evw_evstring_write(char *out, const EvwEnvelope *envelope)
{
	out = put_segment(out, "ev");
	out = put_segment(out, envelope->info->name);
	out = put_segment(out, datatype_segment(envelope));
	out = put_base64(out, (EvwBytes){envelope->iv, EVW_IV_LEN});
	*out++ = ':';
	out = put_base64(out, (EvwBytes){envelope->epk, EVW_POINT_LEN});
	*out++ = ':';
	out = put_base64(out, envelope->sealed);
	memset(out, '=', padding_of(envelope));
	out += padding_of(envelope);
	memcpy(out, ":$", 2);
}
