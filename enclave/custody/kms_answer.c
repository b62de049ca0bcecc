/*
 * custody/kms_answer.c
 *	  What a KMS answers: JSON with bytes in base64, or an error with a name.
 */
#include "custody/kms_private.h"

#include "base/secret.h"
#include "wire/base64.h"

#include <jansson.h>
#include <string.h>

#define HTTP_OK 200
#define HTTP_SERVER_ERROR 500

/* Of an error, for the cause: its name, and what it says. */
#define NAME_MAX_LEN 48
#define SAYS_MAX_LEN 120

void
e3_kms_base64(EvwBuf *out, EvwBytes bytes)
{
	size_t len = evw_base64_encoded_len(bytes.len);
	char *at = (char *) evw_buf_extend(out, len);

	if (at == NULL)
		return;
	evw_base64_encode(at, bytes);
	evw_buf_append(out, "==", (4 - len % 4) % 4);
}

/* Padded, as the KMS writes it, and in one spelling alone. */
static bool
append_decoded(const char *text, size_t len, EvwBuf *out)
{
	size_t padding = 0;
	uint8_t *at;

	if (len == 0 || len % 4 != 0)
		return false;
	while (padding < 2 && text[len - 1] == '=')
	{
		len--;
		padding++;
	}
	if (len % 4 == 1 || evw_base64_decoded_len(len) >= E3_CUSTODY_BLOB_MAX)
		return false;
	at = evw_buf_extend(out, evw_base64_decoded_len(len));
	return at != NULL && evw_base64_decode(at, text, len);
}

/* Null and empty are none: AWS's interface has either where a recipient was named. */
static bool
has_plaintext(const json_t *json)
{
	const json_t *plaintext = json_object_get(json, "Plaintext");

	if (plaintext == NULL || json_is_null(plaintext))
		return false;
	return !json_is_string(plaintext) || json_string_length(plaintext) > 0;
}

static EvwStatus
take_bytes(const json_t *json, const char *name, EvwBuf *out, E3CustodyCause *cause)
{
	const json_t *value = json_object_get(json, name);
	size_t before = out->len;

	if (has_plaintext(json))
		return e3_custody_fail(cause, EVW_CUSTODY_REFUSED,
							   "the KMS pays no heed to evidence: it answers in plain");
	if (json_is_string(value) &&
		append_decoded(json_string_value(value), json_string_length(value), out))
		return EVW_OK;
	out->len = before;
	return out->status != EVW_OK
			   ? out->status
			   : e3_custody_fail(cause, EVW_CUSTODY_REFUSED,
								 "the KMS's answer has no good %s", name);
}

/* What is fit for a line of a log, and short. */
static void
clean(const json_t *value, const char *otherwise, char *out, size_t max)
{
	const char *text = json_is_string(value) ? json_string_value(value) : otherwise;
	size_t len = strnlen(text, max);

	for (size_t i = 0; i < len; i++)
		out[i] = text[i] < ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\'
					 ? '?'
					 : text[i];
	out[len] = '\0';
}

/* AWS's name of an error, without the name space that may stand before it. */
static const char *
short_name(const char *name)
{
	const char *hash = strrchr(name, '#');

	return hash != NULL ? hash + 1 : name;
}

static EvwStatus
take_error(long http, const json_t *json, E3CustodyCause *cause)
{
	const json_t *message = json_object_get(json, "message");
	char whole[2 * NAME_MAX_LEN + 1];
	char says[SAYS_MAX_LEN + 1];
	const char *name;
	bool in_trouble;

	if (message == NULL)
		message = json_object_get(json, "Message");
	clean(json_object_get(json, "__type"), "", whole, sizeof(whole) - 1);
	clean(message, "", says, sizeof(says) - 1);
	name = short_name(whole);
	in_trouble = http >= HTTP_SERVER_ERROR || strcmp(name, "ThrottlingException") == 0;
	return e3_custody_fail(cause, in_trouble ? EVW_CUSTODY_ABSENT : EVW_CUSTODY_REFUSED,
						   "the KMS answers %ld %.*s%s%s", http, NAME_MAX_LEN, name,
						   says[0] != '\0' ? ": " : "", says);
}

EvwStatus
e3_kms_answer_read(long http, EvwBytes body, const char *name, EvwBuf *out,
				   E3CustodyCause *cause)
{
	json_t *json =
		json_loadb((const char *) body.data, body.len, JSON_REJECT_DUPLICATES, NULL);
	EvwStatus status;

	if (http != HTTP_OK)
		status = take_error(http, json, cause);
	else if (!json_is_object(json))
		status = e3_custody_fail(cause, EVW_CUSTODY_REFUSED,
								 "the KMS's answer is not a JSON object");
	else
		status = take_bytes(json, name, out, cause);
	json_decref(json);
	return status;
}
