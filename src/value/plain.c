/*
 * value/plain.c
 *	  Plaintext between the server encoding and UTF-8.
 *
 * PostgreSQL's own conversion errors print the bytes that they stumble over;
 * here those are plaintext.  So everything is checked and converted without
 * errors of PostgreSQL's, and what is raised names encodings only.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "utils/ascii.h"
#include "utils/memutils.h"

#include "client/report.h"
#include "value/plain.h"
#include "wire/limits.h"

/* What is_valid_ascii takes lengths in, in all releases. */
#define ASCII_STRIDE 16

/* No encoding takes more than twice the bytes that UTF-8 takes. */
#define SERVER_TEXT_MAX (2 * (size_t) EVW_PLAINTEXT_MAX)

void
evc_plain_wipe_made(EvcPlain *plain)
{
	explicit_bzero(unconstify(uint8_t *, plain->bytes.data), plain->bytes.len);
	pfree(plain->made);
	plain->made = NULL;
}

void
evc_plain_set(EvcPlain *plain, void *made, const void *data, size_t len)
{
	evc_plain_wipe(plain);
	plain->made = made;
	plain->bytes.data = data;
	plain->bytes.len = len;
}

static bool
is_valid(EvwBytes bytes, int encoding)
{
	return pg_verify_mbstr(encoding, (const char *) bytes.data, (int) bytes.len, true);
}

/* What of the bytes comes after whole strides; all of them if those are not ASCII. */
static inline EvwBytes
after_ascii(EvwBytes bytes)
{
	size_t len = bytes.len - bytes.len % ASCII_STRIDE;

	return is_valid_ascii(bytes.data, (int) len)
			   ? (EvwBytes){bytes.data + len, bytes.len - len}
			   : bytes;
}

bool
evc_plain_is_ascii(EvwBytes bytes)
{
	EvwBytes rest = after_ascii(bytes);

	if (rest.len >= ASCII_STRIDE)
		return false;
	for (size_t i = 0; i < rest.len; i++)
		if (rest.data[i] == 0 || IS_HIGHBIT_SET(rest.data[i]))
			return false;
	return true;
}

/* Most values are ASCII, and most of them short; only the rest is looked at closely. */
bool
evc_plain_is_text(EvwBytes bytes)
{
	EvwBytes rest = after_ascii(bytes);

	return rest.len == 0 || is_valid(rest, PG_UTF8);
}

static Oid
conversion_between(int from, int to)
{
	Oid conversion = FindDefaultConversionProc(from, to);

	if (!OidIsValid(conversion))
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_FUNCTION),
				errmsg("default conversion function for encoding \"%s\" to \"%s\" does "
					   "not exist",
					   pg_encoding_to_char(from), pg_encoding_to_char(to)));
	return conversion;
}

/* Replaces the bytes, which are valid in "from".  False if "to" lacks a character. */
static bool
convert(EvcPlain *plain, int from, int to)
{
	Oid conversion = conversion_between(from, to);
	int len = (int) plain->bytes.len;
	size_t room = (size_t) len * MAX_CONVERSION_GROWTH + 2 * MAX_CONVERSION_GROWTH;
	char *text = MemoryContextAllocHuge(CurrentMemoryContext, room);
	int used =
		pg_do_encoding_conversion_buf(conversion, from, to,
									  unconstify(uint8_t *, plain->bytes.data), len,
									  (unsigned char *) text, (int) room, true);

	evc_plain_set(plain, text, text, strlen(text));
	return used == len;
}

/* What messages are about. */
typedef struct Subject
{
	const char *name;
	EvwStatus too_long;
	const char *hint;
} Subject;

static const Subject value_subject = {"value", EVW_VALUE_TOO_LONG,
									  "Values of type bytea are encrypted as they are."};
static const Subject context_subject =
	{"context", EVW_CONTEXT_TOO_LONG,
	 "A context is text, in UTF-8 whatever the server encoding."};

static void
check_server_text(EvwBytes text, int encoding, const Subject *subject)
{
	if (text.len > SERVER_TEXT_MAX)
		evc_report_status(subject->too_long);
	if (!is_valid(text, encoding))
		ereport(ERROR, errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				errmsg("%s is not valid text of encoding \"%s\"", subject->name,
					   pg_encoding_to_char(encoding)),
				errhint("%s", subject->hint));
}

/*
 * Do the bytes come back from UTF-8 as they were?  Some encodings of several
 * bytes have more than one code for a character.
 */
static bool
comes_back(EvwBytes utf8, EvwBytes text, int encoding)
{
	EvcPlain back = {utf8, NULL};
	bool same = convert(&back, PG_UTF8, encoding) && back.bytes.len == text.len &&
				memcmp(back.bytes.data, text.data, text.len) == 0;

	evc_plain_wipe(&back);
	return same;
}

typedef enum Conversion
{
	CONVERTED,
	NO_EQUIVALENT,
	NOT_REVERSIBLE
} Conversion;

/* Other than CONVERTED leaves "plain" as it was. */
static Conversion
convert_to_utf8(EvcPlain *plain, int from)
{
	EvcPlain utf8 = {plain->bytes, NULL};
	Conversion result = CONVERTED;

	if (!convert(&utf8, from, PG_UTF8))
		result = NO_EQUIVALENT;
	else if (pg_encoding_max_length(from) > 1 &&
			 !comes_back(utf8.bytes, plain->bytes, from))
		result = NOT_REVERSIBLE;
	if (result == CONVERTED)
		evc_plain_set(plain, utf8.made, utf8.bytes.data, utf8.bytes.len);
	else
		evc_plain_wipe(&utf8);
	return result;
}

pg_noreturn static void
report_untranslatable(Conversion why, int encoding, const Subject *subject)
{
	const char *server = pg_encoding_to_char(encoding);
	const char *utf8 = pg_encoding_to_char(PG_UTF8);

	ereport(ERROR, errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
			why == NO_EQUIVALENT
				? errmsg("%s has a character of encoding \"%s\" that has no "
						 "equivalent in encoding \"%s\"",
						 subject->name, server, utf8)
				: errmsg("%s has a character of encoding \"%s\" that does not "
						 "survive conversion to encoding \"%s\" and back",
						 subject->name, server, utf8),
			errhint("%s", subject->hint));
}

static void
to_utf8(EvcPlain *plain, const Subject *subject)
{
	int server = GetDatabaseEncoding();
	Conversion result;

	/* So is what comes from most databases, and nothing is to be done. */
	if (server == PG_UTF8 && plain->bytes.len <= SERVER_TEXT_MAX &&
		evc_plain_is_text(plain->bytes))
		return;
	/* SQL_ASCII says nothing about the bytes, so they must be UTF-8 already. */
	if (server == PG_SQL_ASCII)
		server = PG_UTF8;
	check_server_text(plain->bytes, server, subject);
	if (server == PG_UTF8 || evc_plain_is_ascii(plain->bytes))
		return;
	result = convert_to_utf8(plain, server);
	if (result == CONVERTED)
		return;
	evc_plain_wipe(plain);
	report_untranslatable(result, server, subject);
}

void
evc_plain_to_utf8(EvcPlain *plain)
{
	to_utf8(plain, &value_subject);
}

void
evc_plain_context_to_utf8(EvcPlain *plain)
{
	to_utf8(plain, &context_subject);
}

void
evc_plain_to_server(EvcPlain *plain)
{
	int server = GetDatabaseEncoding();

	if (!evc_plain_is_text(plain->bytes))
		ereport(ERROR, errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				errmsg("decrypted value is not text"),
				errhint("Read it with decrypt_as(..., NULL::bytea)."));
	if (server == PG_UTF8 || server == PG_SQL_ASCII || convert(plain, PG_UTF8, server))
		return;
	evc_plain_wipe(plain);
	ereport(ERROR, errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
			errmsg("decrypted value has a character that has no equivalent in encoding "
				   "\"%s\"",
				   pg_encoding_to_char(server)),
			errhint("Read it with decrypt_as(..., NULL::bytea), or in a database of "
					"encoding \"%s\".",
					pg_encoding_to_char(PG_UTF8)));
}
