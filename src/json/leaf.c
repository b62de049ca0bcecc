/*
 * json/leaf.c
 *	  One scalar of a document: the bytes that are encrypted, the text of a ciphertext,
 *	  and back.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "client/report.h"
#include "json/leaf.h"
#include "wire/evstring.h"

#define PREFIX "ev:"
#define PREFIX_LEN (sizeof(PREFIX) - 1)
#define VERSION_LEN 4

static bool
begins(const JsonbValue *leaf, const char *prefix)
{
	size_t len = strlen(prefix);

	return leaf->type == jbvString && (size_t) leaf->val.string.len >= len &&
		   memcmp(leaf->val.string.val, prefix, len) == 0;
}

static bool
has_version(const JsonbValue *leaf)
{
	const char *version = leaf->val.string.val + PREFIX_LEN;
	EvwBytes name = {(const uint8_t *) version, VERSION_LEN};

	return (size_t) leaf->val.string.len > PREFIX_LEN + VERSION_LEN &&
		   version[VERSION_LEN] == ':' && evw_tag_named(name) != 0;
}

bool
evc_leaf_claims(const JsonbValue *leaf)
{
	int len = leaf->val.string.len;

	return begins(leaf, PREFIX) && len > PREFIX_LEN &&
		   (memcmp(leaf->val.string.val + len - 2, ":$", 2) == 0 || has_version(leaf) ||
			begins(leaf, PREFIX "debug:") || begins(leaf, PREFIX "key:"));
}

EvwStatus
evc_leaf_unseal(const JsonbValue *leaf, EvwBytes *envelope)
{
	size_t len;
	uint8_t *bytes;
	EvwStatus status;

	if (leaf->type != jbvString)
		return EVW_NOT_CIPHERTEXT;
	len = (size_t) leaf->val.string.len;
	/* What is longer than that is refused before anything is written. */
	bytes = palloc(evw_evstring_envelope_cap(Min(len, EVW_EVSTRING_MAX)));
	*envelope = (EvwBytes){bytes, 0};
	status = evw_evstring_parse(leaf->val.string.val, len, bytes, &envelope->len);
	if (status != EVW_OK)
		pfree(bytes);
	return status;
}

bool
evc_leaf_is_sealed(const JsonbValue *leaf)
{
	EvwBytes envelope;
	EvwStatus status;

	if (!begins(leaf, PREFIX))
		return false;
	status = evc_leaf_unseal(leaf, &envelope);
	if (status == EVW_OK)
		pfree(unconstify(uint8_t *, envelope.data));
	return status == EVW_OK || status == EVW_TEXT_DEBUG;
}

EvwDatatype
evc_leaf_encode(const JsonbValue *leaf, EvcPlain *plain)
{
	char *text;

	memset(plain, 0, sizeof(*plain));
	switch (leaf->type)
	{
		case jbvNumeric:
			text = DatumGetCString(
				DirectFunctionCall1(numeric_out, NumericGetDatum(leaf->val.numeric)));
			evc_plain_set(plain, text, text, strlen(text));
			return EVW_NUMBER;
		case jbvBool:
			evc_plain_set(plain, NULL, leaf->val.boolean ? "true" : "false",
						  leaf->val.boolean ? strlen("true") : strlen("false"));
			return EVW_BOOLEAN;
		default:
			Assert(leaf->type == jbvString);
			evc_plain_set(plain, NULL, leaf->val.string.val,
						  (size_t) leaf->val.string.len);
			evc_plain_to_utf8(plain);
			return EVW_STRING;
	}
}

static void
set_string(JsonbValue *leaf, const char *text, size_t len)
{
	leaf->type = jbvString;
	leaf->val.string.val = unconstify(char *, text);
	leaf->val.string.len = (int) len;
}

void
evc_leaf_seal(JsonbValue *leaf, EvwBytes bytes)
{
	EvwEnvelope envelope;
	EvwStatus status = evw_envelope_parse(bytes, &envelope);
	size_t len;
	char *text;

	if (status != EVW_OK)
		evc_report_status(status);
	len = evw_evstring_len(&envelope);
	text = palloc(len);
	evw_evstring_write(text, &envelope);
	set_string(leaf, text, len);
}

/* As to_jsonb: JSON has no NaN. */
static void
set_number(JsonbValue *leaf, Numeric number)
{
	const char *text;

	if (!numeric_is_nan(number) && !numeric_is_inf(number))
	{
		leaf->type = jbvNumeric;
		leaf->val.numeric = number;
		return;
	}
	text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));
	set_string(leaf, text, strlen(text));
}

/* The SDKs write exactly these two. */
static void
set_boolean(JsonbValue *leaf, EvwBytes bytes)
{
	leaf->type = jbvBool;
	leaf->val.boolean = evw_bytes_equal(bytes, "true");
	if (!leaf->val.boolean && !evw_bytes_equal(bytes, "false"))
		ereport(ERROR, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				errmsg("decrypted value is not valid for type boolean"));
}

void
evc_leaf_decode(JsonbValue *leaf, EvwBytes bytes, EvwDatatype datatype,
				EvcPlainType *number)
{
	EvcPlain plain = {.bytes = bytes};

	switch (datatype)
	{
		case EVW_NUMBER:
			leaf->type = jbvNull;
			if (!evw_bytes_equal(bytes, "null"))
				set_number(leaf, DatumGetNumeric(
									 evc_plaintype_decode(number, bytes, datatype)));
			break;
		case EVW_BOOLEAN:
			set_boolean(leaf, bytes);
			break;
		case EVW_STRING:
			/* What is made by it is part of the result. */
			evc_plain_to_server(&plain);
			set_string(leaf, (const char *) plain.bytes.data, plain.bytes.len);
			break;
	}
}
