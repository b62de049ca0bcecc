/*
 * attest/cbor.c
 *	  A strict walk over CBOR.
 */
#include "attest/cbor.h"

#include <cbor.h>

/* Callbacks: libcbor calls one of them for each item that it decodes. */

static void
take_number(void *context, EvcCborKind kind, uint64_t number)
{
	EvcCborItem *item = context;

	item->kind = kind;
	item->number = number;
}

#define TAKE_NUMBER(name, type, kind)                                                    \
	static void name(void *context, type number)                                         \
	{                                                                                    \
		take_number(context, kind, number);                                              \
	}
TAKE_NUMBER(take_uint8, uint8_t, EVC_CBOR_UINT)
TAKE_NUMBER(take_uint16, uint16_t, EVC_CBOR_UINT)
TAKE_NUMBER(take_uint32, uint32_t, EVC_CBOR_UINT)
TAKE_NUMBER(take_uint64, uint64_t, EVC_CBOR_UINT)
TAKE_NUMBER(take_negint8, uint8_t, EVC_CBOR_NEGATIVE)
TAKE_NUMBER(take_negint16, uint16_t, EVC_CBOR_NEGATIVE)
TAKE_NUMBER(take_negint32, uint32_t, EVC_CBOR_NEGATIVE)
TAKE_NUMBER(take_negint64, uint64_t, EVC_CBOR_NEGATIVE)
TAKE_NUMBER(take_array, size_t, EVC_CBOR_ARRAY)
TAKE_NUMBER(take_map, size_t, EVC_CBOR_MAP)
TAKE_NUMBER(take_tag, uint64_t, EVC_CBOR_TAG)
#undef TAKE_NUMBER

#define TAKE_KIND(name, kind)                                                            \
	static void name(void *context)                                                      \
	{                                                                                    \
		take_number(context, kind, 0);                                                   \
	}
TAKE_KIND(take_map_open, EVC_CBOR_MAP_OPEN)
TAKE_KIND(take_null, EVC_CBOR_NULL)
TAKE_KIND(take_break, EVC_CBOR_BREAK)
#undef TAKE_KIND

static void
take_bytes(void *context, cbor_data data, size_t len)
{
	EvcCborItem *item = context;

	*item = (EvcCborItem){EVC_CBOR_BYTES, len, {data, len}};
}

static void
take_text(void *context, cbor_data data, size_t len)
{
	EvcCborItem *item = context;

	*item = (EvcCborItem){EVC_CBOR_TEXT, len, {data, len}};
}

static struct cbor_callbacks
make_callbacks(void)
{
	struct cbor_callbacks callbacks = cbor_empty_callbacks;

	callbacks.uint8 = take_uint8;
	callbacks.uint16 = take_uint16;
	callbacks.uint32 = take_uint32;
	callbacks.uint64 = take_uint64;
	callbacks.negint8 = take_negint8;
	callbacks.negint16 = take_negint16;
	callbacks.negint32 = take_negint32;
	callbacks.negint64 = take_negint64;
	callbacks.byte_string = take_bytes;
	callbacks.string = take_text;
	callbacks.array_start = take_array;
	callbacks.map_start = take_map;
	callbacks.indef_map_start = take_map_open;
	callbacks.tag = take_tag;
	callbacks.null = take_null;
	callbacks.indef_break = take_break;
	return callbacks;
}

void
evc_cbor_open(EvcCborReader *reader, EvwBytes bytes)
{
	*reader = (EvcCborReader){.at = bytes.data, .end = bytes.data + bytes.len};
}

void
evc_cbor_fail(EvcCborReader *reader, EvcVerdict verdict)
{
	if (reader->verdict == EVC_VERDICT_GOOD)
		reader->verdict = verdict;
}

/* Does the head have as many bytes as it needs for this number? */
static bool
is_shortest(uint8_t first, uint64_t number)
{
	switch (first & 0x1f)
	{
		case 24:
			return number >= 24;
		case 25:
			return number > UINT8_MAX;
		case 26:
			return number > UINT16_MAX;
		case 27:
			return number > UINT32_MAX;
		default:
			return true;
	}
}

/* Strings and arrays (major types 2, 3 and 4) of indefinite length. */
static bool
is_indefinite(uint8_t first)
{
	return first == 0x5f || first == 0x7f || first == 0x9f;
}

/* Major type 6 in one byte; libcbor 0.8 takes most of these for reserved. */
static bool
is_small_tag(uint8_t first)
{
	return first >= 0xc0 && first < 0xd8;
}

EvcCborItem
evc_cbor_next(EvcCborReader *reader)
{
	const struct cbor_callbacks callbacks = make_callbacks();
	EvcCborItem item = {.kind = EVC_CBOR_OTHER};
	struct cbor_decoder_result result;
	uint8_t first;

	if (reader->verdict == EVC_VERDICT_GOOD && reader->at == reader->end)
		reader->verdict = EVC_VERDICT_TRUNCATED;
	if (reader->verdict != EVC_VERDICT_GOOD)
		return (EvcCborItem){.kind = EVC_CBOR_NONE};
	first = *reader->at;
	if (is_indefinite(first))
	{
		reader->verdict = EVC_VERDICT_INDEFINITE;
		return (EvcCborItem){.kind = EVC_CBOR_NONE};
	}
	if (is_small_tag(first))
	{
		reader->at++;
		return (EvcCborItem){.kind = EVC_CBOR_TAG, .number = first & 0x1f};
	}
	result = cbor_stream_decode(reader->at, (size_t) (reader->end - reader->at),
								&callbacks, &item);
	if (result.status == CBOR_DECODER_NEDATA)
		reader->verdict = EVC_VERDICT_TRUNCATED;
	else if (result.status != CBOR_DECODER_FINISHED)
		reader->verdict = EVC_VERDICT_MALFORMED;
	else if (item.kind != EVC_CBOR_OTHER && !is_shortest(first, item.number))
		reader->verdict = EVC_VERDICT_NOT_SHORTEST;
	if (reader->verdict != EVC_VERDICT_GOOD)
		return (EvcCborItem){.kind = EVC_CBOR_NONE};
	reader->at += result.read;
	return item;
}

EvcCborItem
evc_cbor_expect(EvcCborReader *reader, EvcCborKind kind, EvcVerdict otherwise)
{
	EvcCborItem item = evc_cbor_next(reader);

	if (item.kind == kind)
		return item;
	evc_cbor_fail(reader, otherwise);
	return (EvcCborItem){.kind = EVC_CBOR_NONE};
}

EvcVerdict
evc_cbor_finish(EvcCborReader *reader)
{
	if (reader->at != reader->end)
		evc_cbor_fail(reader, EVC_VERDICT_TRAILING_BYTES);
	return reader->verdict;
}

size_t
evc_cbor_bytes_head(uint8_t head[EVC_CBOR_HEAD_MAX], size_t len)
{
	return cbor_encode_bytestring_start(len, head, EVC_CBOR_HEAD_MAX);
}
