/*
 * attest/document.c
 *	  COSE_Sign1 and the payload of an attestation document.
 */
#include "attest/document.h"

#include "attest/cbor.h"

#include <string.h>

/* RFC 9052 and RFC 9053: a tagged COSE_Sign1; the parameter alg; ES384 and ES512. */
#define COSE_SIGN1_TAG 18
#define HEADER_ALG 1
#define ES384_NEGATIVE 34 /* -35 */
#define ES512_NEGATIVE 35 /* -36 */

typedef enum Field
{
	FIELD_MODULE_ID,
	FIELD_DIGEST,
	FIELD_TIMESTAMP,
	FIELD_PCRS,
	FIELD_CERTIFICATE,
	FIELD_CABUNDLE,
	FIELD_PUBLIC_KEY,
	FIELD_USER_DATA,
	FIELD_NONCE,
	N_FIELDS
} Field;

static const char *const field_names[N_FIELDS] = {"module_id",	 "digest",
												  "timestamp",	 "pcrs",
												  "certificate", "cabundle",
												  "public_key",	 "user_data",
												  "nonce"};

/* Fields that every document has. */
#define REQUIRED ((1u << FIELD_PUBLIC_KEY) - 1)

static void
read_module_id(EvcCborReader *reader, EvcDocument *document)
{
	EvwBytes text = evc_cbor_expect(reader, EVC_CBOR_TEXT, EVC_VERDICT_FIELD_KIND).bytes;

	if (text.len == 0 || text.len > EVC_MODULE_ID_MAX)
		evc_cbor_fail(reader, EVC_VERDICT_FIELD_LENGTH);
	/* It is shown; NSM has made nothing but ASCII here. */
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < 0x20 || text.data[i] > 0x7e)
			evc_cbor_fail(reader, EVC_VERDICT_FIELD_KIND);
	document->module_id = text;
}

static void
read_digest(EvcCborReader *reader)
{
	EvwBytes text = evc_cbor_expect(reader, EVC_CBOR_TEXT, EVC_VERDICT_FIELD_KIND).bytes;

	if (!evw_bytes_equal(text, "SHA384"))
		evc_cbor_fail(reader, EVC_VERDICT_DIGEST);
}

static void
read_timestamp(EvcCborReader *reader, EvcDocument *document)
{
	uint64_t number =
		evc_cbor_expect(reader, EVC_CBOR_UINT, EVC_VERDICT_FIELD_KIND).number;

	if (number == 0 || number > EVC_TIMESTAMP_MAX)
		evc_cbor_fail(reader, EVC_VERDICT_TIMESTAMP);
	document->timestamp_ms = number;
}

static void
read_pcrs(EvcCborReader *reader, EvcDocument *document)
{
	uint64_t count = evc_cbor_expect(reader, EVC_CBOR_MAP, EVC_VERDICT_FIELD_KIND).number;

	if (count == 0 || count > EVC_PCRS_MAX)
		evc_cbor_fail(reader, EVC_VERDICT_PCR_COUNT);
	for (uint64_t i = 0; i < count && reader->verdict == EVC_VERDICT_GOOD; i++)
	{
		uint64_t index =
			evc_cbor_expect(reader, EVC_CBOR_UINT, EVC_VERDICT_PCR_INDEX).number;
		EvwBytes value;

		if (index >= EVC_PCRS_MAX)
			evc_cbor_fail(reader, EVC_VERDICT_PCR_INDEX);
		else if (document->pcrs[index].data != NULL)
			evc_cbor_fail(reader, EVC_VERDICT_DUPLICATE_KEY);
		value = evc_cbor_expect(reader, EVC_CBOR_BYTES, EVC_VERDICT_FIELD_KIND).bytes;
		if (value.len != 32 && value.len != 48 && value.len != 64)
			evc_cbor_fail(reader, EVC_VERDICT_PCR_LENGTH);
		if (reader->verdict == EVC_VERDICT_GOOD)
			document->pcrs[index] = value;
	}
}

static EvwBytes
read_certificate(EvcCborReader *reader)
{
	EvwBytes der = evc_cbor_expect(reader, EVC_CBOR_BYTES, EVC_VERDICT_FIELD_KIND).bytes;

	if (der.len == 0 || der.len > EVC_CERTIFICATE_MAX)
		evc_cbor_fail(reader, EVC_VERDICT_FIELD_LENGTH);
	return der;
}

static void
read_bundle(EvcCborReader *reader, EvcDocument *document)
{
	uint64_t count =
		evc_cbor_expect(reader, EVC_CBOR_ARRAY, EVC_VERDICT_FIELD_KIND).number;

	if (count == 0 || count > EVC_BUNDLE_MAX)
		evc_cbor_fail(reader, EVC_VERDICT_BUNDLE_COUNT);
	if (reader->verdict != EVC_VERDICT_GOOD)
		return;
	document->n_bundle = (uint32_t) count;
	for (uint32_t i = 0; i < document->n_bundle; i++)
		document->bundle[i] = read_certificate(reader);
}

/* Bytes, or null, which is as if it were not there. */
static EvwBytes
read_optional(EvcCborReader *reader, size_t min)
{
	EvcCborItem item = evc_cbor_next(reader);

	if (item.kind == EVC_CBOR_NULL)
		return (EvwBytes){NULL, 0};
	if (item.kind != EVC_CBOR_BYTES)
		evc_cbor_fail(reader, EVC_VERDICT_FIELD_KIND);
	else if (item.bytes.len < min || item.bytes.len > EVC_FIELD_MAX)
		evc_cbor_fail(reader, EVC_VERDICT_FIELD_LENGTH);
	return item.bytes;
}

static void
read_field(EvcCborReader *reader, int field, EvcDocument *document)
{
	switch ((Field) field)
	{
		case FIELD_MODULE_ID:
			read_module_id(reader, document);
			break;
		case FIELD_DIGEST:
			read_digest(reader);
			break;
		case FIELD_TIMESTAMP:
			read_timestamp(reader, document);
			break;
		case FIELD_PCRS:
			read_pcrs(reader, document);
			break;
		case FIELD_CERTIFICATE:
			document->certificate = read_certificate(reader);
			break;
		case FIELD_CABUNDLE:
			read_bundle(reader, document);
			break;
		case FIELD_PUBLIC_KEY:
			document->public_key = read_optional(reader, 1);
			break;
		case FIELD_USER_DATA:
			document->user_data = read_optional(reader, 0);
			break;
		case FIELD_NONCE:
			document->nonce = read_optional(reader, 0);
			break;
		case N_FIELDS:
			break;
	}
}

/* Of the key that is read; fails if it is no field, or one that is in "seen". */
static int
find_field(EvcCborReader *reader, EvcCborItem key, unsigned seen)
{
	if (key.kind != EVC_CBOR_TEXT)
	{
		evc_cbor_fail(reader, EVC_VERDICT_NOT_A_MAP);
		return -1;
	}
	for (int i = 0; i < N_FIELDS; i++)
		if (evw_bytes_equal(key.bytes, field_names[i]))
		{
			if (seen & 1u << i)
				evc_cbor_fail(reader, EVC_VERDICT_DUPLICATE_KEY);
			return i;
		}
	evc_cbor_fail(reader, EVC_VERDICT_UNKNOWN_FIELD);
	return -1;
}

static EvcVerdict
parse_payload(EvcDocument *document)
{
	EvcCborReader reader;
	EvcCborItem map;
	unsigned seen = 0;

	evc_cbor_open(&reader, document->payload);
	map = evc_cbor_next(&reader);
	if (map.kind != EVC_CBOR_MAP && map.kind != EVC_CBOR_MAP_OPEN)
		evc_cbor_fail(&reader, EVC_VERDICT_NOT_A_MAP);
	for (uint64_t i = 0; reader.verdict == EVC_VERDICT_GOOD; i++)
	{
		EvcCborItem key;
		int field;

		if (map.kind == EVC_CBOR_MAP && i == map.number)
			break;
		key = evc_cbor_next(&reader);
		if (map.kind == EVC_CBOR_MAP_OPEN && key.kind == EVC_CBOR_BREAK)
			break;
		field = find_field(&reader, key, seen);
		if (reader.verdict != EVC_VERDICT_GOOD)
			break;
		seen |= 1u << field;
		read_field(&reader, field, document);
	}
	if (evc_cbor_finish(&reader) == EVC_VERDICT_GOOD && (seen & REQUIRED) != REQUIRED)
		return EVC_VERDICT_MISSING_FIELD;
	return reader.verdict;
}

/* {1: -35} */
static EvcVerdict
parse_protected(EvwBytes header)
{
	EvcCborReader reader;
	EvcCborItem algorithm;

	evc_cbor_open(&reader, header);
	if (evc_cbor_expect(&reader, EVC_CBOR_MAP, EVC_VERDICT_PROTECTED_HEADER).number !=
			1 ||
		evc_cbor_expect(&reader, EVC_CBOR_UINT, EVC_VERDICT_PROTECTED_HEADER).number !=
			HEADER_ALG)
		evc_cbor_fail(&reader, EVC_VERDICT_PROTECTED_HEADER);
	algorithm = evc_cbor_next(&reader);
	if (algorithm.kind == EVC_CBOR_NEGATIVE && algorithm.number == ES512_NEGATIVE)
		evc_cbor_fail(&reader, EVC_VERDICT_ALGORITHM_P521);
	if (algorithm.kind != EVC_CBOR_NEGATIVE || algorithm.number != ES384_NEGATIVE)
		evc_cbor_fail(&reader, EVC_VERDICT_ALGORITHM);
	return evc_cbor_finish(&reader) == EVC_VERDICT_TRAILING_BYTES
			   ? EVC_VERDICT_PROTECTED_HEADER
			   : reader.verdict;
}

static EvcVerdict
parse_cose(EvwBytes bytes, EvcDocument *document)
{
	EvcCborReader reader;
	EvcCborItem item;
	EvcVerdict verdict;

	evc_cbor_open(&reader, bytes);
	item = evc_cbor_next(&reader);
	if (item.kind == EVC_CBOR_TAG && item.number == COSE_SIGN1_TAG)
		item = evc_cbor_next(&reader);
	if (item.kind != EVC_CBOR_ARRAY || item.number != 4)
		evc_cbor_fail(&reader, EVC_VERDICT_NOT_COSE_SIGN1);
	document->protected_header =
		evc_cbor_expect(&reader, EVC_CBOR_BYTES, EVC_VERDICT_NOT_COSE_SIGN1).bytes;
	item = evc_cbor_next(&reader);
	if (item.kind != EVC_CBOR_MAP && item.kind != EVC_CBOR_MAP_OPEN)
		evc_cbor_fail(&reader, EVC_VERDICT_NOT_COSE_SIGN1);
	if (item.kind == EVC_CBOR_MAP_OPEN || item.number != 0)
		evc_cbor_fail(&reader, EVC_VERDICT_UNPROTECTED_HEADER);
	document->payload =
		evc_cbor_expect(&reader, EVC_CBOR_BYTES, EVC_VERDICT_NOT_COSE_SIGN1).bytes;
	document->signature =
		evc_cbor_expect(&reader, EVC_CBOR_BYTES, EVC_VERDICT_NOT_COSE_SIGN1).bytes;
	verdict = evc_cbor_finish(&reader);
	if (verdict != EVC_VERDICT_GOOD)
		return verdict;
	return document->payload.len > EVC_PAYLOAD_MAX ? EVC_VERDICT_PAYLOAD_TOO_LONG
												   : EVC_VERDICT_GOOD;
}

static EvcVerdict
check_signature_form(const EvcDocument *document)
{
	EvcVerdict verdict = parse_protected(document->protected_header);

	if (verdict != EVC_VERDICT_GOOD)
		return verdict;
	return document->signature.len == EVC_ES384_LEN ? EVC_VERDICT_GOOD
													: EVC_VERDICT_SIGNATURE_LENGTH;
}

static bool
is_zero(EvwBytes bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.data[i] != 0)
			return false;
	return true;
}

/* {1: -1}, an algorithm that is none, and zeros. */
static EvcVerdict
check_no_signature(const EvcDocument *document)
{
	return evw_bytes_equal(document->protected_header, "\xa1\x01\x20") &&
				   is_zero(document->signature)
			   ? EVC_VERDICT_GOOD
			   : EVC_VERDICT_SIGNATURE;
}

static EvcVerdict
check_no_certificates(const EvcDocument *document)
{
	bool zero = is_zero(document->certificate);

	for (uint32_t i = 0; i < document->n_bundle; i++)
		zero = zero && is_zero(document->bundle[i]);
	return zero ? EVC_VERDICT_GOOD : EVC_VERDICT_SIGNATURE;
}

static EvcVerdict
parse(EvwBytes bytes, EvcVerdict (*signature)(const EvcDocument *document),
	  EvcDocument *document)
{
	EvcVerdict verdict;

	*document = (EvcDocument){0};
	if (bytes.len == 0)
		return EVC_VERDICT_TRUNCATED;
	if (bytes.len > EVW_EVIDENCE_MAX)
		return EVC_VERDICT_TOO_LONG;
	verdict = parse_cose(bytes, document);
	if (verdict == EVC_VERDICT_GOOD)
		verdict = signature(document);
	if (verdict == EVC_VERDICT_GOOD)
		verdict = parse_payload(document);
	if (verdict != EVC_VERDICT_GOOD)
		*document = (EvcDocument){0};
	return verdict;
}

EvcVerdict
evc_document_parse(EvwBytes bytes, EvcDocument *document)
{
	return parse(bytes, check_signature_form, document);
}

EvcVerdict
evc_document_parse_unsigned(EvwBytes bytes, EvcDocument *document)
{
	EvcVerdict verdict = parse(bytes, check_no_signature, document);

	if (verdict == EVC_VERDICT_GOOD)
		verdict = check_no_certificates(document);
	if (verdict != EVC_VERDICT_GOOD)
		*document = (EvcDocument){0};
	return verdict;
}
