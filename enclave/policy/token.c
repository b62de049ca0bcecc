/*
 * policy/token.c
 *	  Credentials: what a token must look like and say.
 *
 *	  form -> header -> whose it claims to be -> signature -> claims
 *
 * cjose verifies, jansson reads the claims.
 */
#include "policy/token.h"

#include "policy/token_key.h"

#include <jansson.h>
#include <string.h>

static const char *const right_names[] = {
	[E3_RIGHT_ENCRYPT] = "encrypt",			[E3_RIGHT_DECRYPT] = "decrypt",
	[E3_RIGHT_BLIND_INDEX] = "blind_index", [E3_RIGHT_REENCRYPT] = "reencrypt",
	[E3_RIGHT_ADMINISTER] = "administer",
};

const char *
e3_right_name(E3Right right)
{
	return right_names[right];
}

E3Right
e3_right_named(const char *name)
{
	int right = 0;

	while (right < E3_RIGHTS && strcmp(right_names[right], name) != 0)
		right++;
	return (E3Right) right;
}

/* ---- form ---- */

/* Value of a character of base64url, or -1. */
static int
digit_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

/* Base64url without padding whose unused bits are zero: it has one spelling. */
static bool
is_canonical(EvwBytes text)
{
	static const int unused[] = {0, 0, 15, 3};
	int last = 0;

	for (size_t i = 0; i < text.len; i++)
	{
		last = digit_of(text.data[i]);
		if (last < 0)
			return false;
	}
	return text.len > 0 && text.len % 4 != 1 && (last & unused[text.len % 4]) == 0;
}

/* Three parts with dots between them. */
static bool
has_form(EvwBytes token)
{
	int parts = 0;

	if (token.len > EVW_CREDENTIAL_MAX)
		return false;
	for (size_t at = 0; at <= token.len; parts++)
	{
		const uint8_t *start = token.data + at;
		const uint8_t *dot = memchr(start, '.', token.len - at);
		size_t len = dot != NULL ? (size_t) (dot - start) : token.len - at;

		if (parts == 3 || !is_canonical((EvwBytes){start, len}))
			return false;
		at += len + 1;
	}
	return parts == 3;
}

/* ---- claims ---- */

/* Copies a string of 1 to size - 1 printable ASCII characters. */
static bool
copy_text(const json_t *from, char *out, size_t size)
{
	size_t len = json_string_length(from);
	const char *text = json_string_value(from);

	if (text == NULL || len == 0 || len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	memcpy(out, text, len + 1);
	return true;
}

/* Seconds since 1970 up to the year 9999, whole. */
static bool
read_time(const json_t *claims, const char *name, int64_t *seconds)
{
	const json_t *value = json_object_get(claims, name);

	if (!json_is_integer(value))
		return false;
	*seconds = json_integer_value(value);
	return *seconds >= 0 && *seconds <= INT64_C(253402300799);
}

/* Calls for each string of an array, or for the one there is instead of an array. */
static bool
each_string(const json_t *value, bool (*take)(const char *text, size_t len, E3Claims *),
			E3Claims *claims)
{
	size_t count = json_is_array(value) ? json_array_size(value) : 1;

	for (size_t i = 0; i < count; i++)
	{
		const json_t *one = json_is_array(value) ? json_array_get(value, i) : value;

		if (!json_is_string(one) ||
			!take(json_string_value(one), json_string_length(one), claims))
			return false;
	}
	return count > 0;
}

static bool
take_app(const char *text, size_t len, E3Claims *claims)
{
	if (claims->n_apps == E3_TOKEN_APPS_MAX || len == 0 || len > EVW_APP_MAX ||
		strlen(text) != len)
		return false;
	memcpy(claims->apps[claims->n_apps++], text, len + 1);
	return true;
}

static bool
take_right(const char *text, size_t len, E3Claims *claims)
{
	E3Right right = strlen(text) == len ? e3_right_named(text) : E3_RIGHTS;

	if (right == E3_RIGHTS)
		return false;
	claims->rights |= 1u << right;
	return true;
}

static bool
is_for_audience(const json_t *claims, const E3Issuer *issuer)
{
	const json_t *audience = json_object_get(claims, "aud");

	if (issuer->audience[0] == '\0')
		return audience == NULL;
	if (json_is_string(audience))
		return strcmp(json_string_value(audience), issuer->audience) == 0;
	for (size_t i = 0; i < json_array_size(audience); i++)
	{
		const json_t *one = json_array_get(audience, i);

		if (json_is_string(one) && strcmp(json_string_value(one), issuer->audience) == 0)
			return true;
	}
	return false;
}

static const char *
read_times(const json_t *json, const E3Issuer *issuer, E3Claims *claims)
{
	int64_t issued_s;
	int64_t expires_s;
	int64_t not_before_s;

	if (!read_time(json, "exp", &expires_s) || !read_time(json, "iat", &issued_s))
		return "exp and iat must be whole numbers of seconds";
	not_before_s = issued_s;
	if (json_object_get(json, "nbf") != NULL && !read_time(json, "nbf", &not_before_s))
		return "nbf must be a whole number of seconds";
	if (not_before_s < issued_s)
		not_before_s = issued_s;
	if (expires_s <= issued_s || expires_s - issued_s > issuer->lifetime_s)
		return "it lives longer than the issuer's max_lifetime_s";
	claims->not_before_s = not_before_s - issuer->skew_s;
	claims->expires_s = expires_s + issuer->skew_s;
	return NULL;
}

/* NULL, or what is wrong. */
static const char *
read_claims(const json_t *json, const E3Issuer *issuer, E3Claims *claims)
{
	if (!copy_text(json_object_get(json, "sub"), claims->subject,
				   sizeof(claims->subject)))
		return "sub must be a text of 1 to 127 printable characters";
	if (!is_for_audience(json, issuer))
		return "aud is not the issuer's audience";
	if (!each_string(json_object_get(json, "app"), take_app, claims))
		return "app must name 1 to 16 apps";
	if (!each_string(json_object_get(json, "operations"), take_right, claims))
		return "operations must name operations";
	return read_times(json, issuer, claims);
}

/* ---- the whole ---- */

static const E3Issuer *
find_issuer(const E3Issuer *issuers, uint32_t n_issuers, const json_t *claims)
{
	const char *name = json_string_value(json_object_get(claims, "iss"));

	for (uint32_t i = 0; name != NULL && i < n_issuers; i++)
		if (strcmp(issuers[i].issuer, name) == 0)
			return &issuers[i];
	return NULL;
}

static bool
is_signed(E3SignedToken *token, const E3Issuer *issuer)
{
	for (uint32_t i = 0; i < issuer->n_keys; i++)
		if (issuer->keys[i] != NULL && e3_signed_token_verify(token, issuer->keys[i]))
			return true;
	return false;
}

static const char *
verify(E3SignedToken *token, const json_t *json, const E3Issuer *issuers,
	   uint32_t n_issuers, E3Claims *claims)
{
	const E3Issuer *issuer = find_issuer(issuers, n_issuers, json);

	if (issuer == NULL)
		return "iss is no issuer of the policy";
	if (!is_signed(token, issuer))
		return "it is not signed by a key of its issuer";
	claims->issuer = (uint32_t) (issuer - issuers);
	return read_claims(json, issuer, claims);
}

EvwStatus
e3_token_verify(const E3Issuer *issuers, uint32_t n_issuers, EvwBytes token,
				int64_t now_s, E3Claims *claims, const char **cause)
{
	E3SignedToken *parsed;
	json_t *json;
	EvwBytes payload;

	memset(claims, 0, sizeof(*claims));
	*cause = "it is not a JWT in compact form";
	if (!has_form(token))
		return EVW_CREDENTIAL_INVALID;
	parsed = e3_signed_token_parse(token, cause, &payload);
	if (parsed == NULL)
		return EVW_CREDENTIAL_INVALID;
	json = json_loadb((const char *) payload.data, payload.len, JSON_REJECT_DUPLICATES,
					  NULL);
	*cause = json_is_object(json) ? verify(parsed, json, issuers, n_issuers, claims)
								  : "its claims are not a JSON object";
	json_decref(json);
	e3_signed_token_free(parsed);
	if (*cause != NULL)
		return EVW_CREDENTIAL_INVALID;
	return e3_token_time(claims, now_s, cause);
}

EvwStatus
e3_token_time(const E3Claims *claims, int64_t now_s, const char **cause)
{
	*cause = "it is not valid yet";
	if (now_s < claims->not_before_s)
		return EVW_CREDENTIAL_INVALID;
	*cause = "exp has passed";
	return now_s < claims->expires_s ? EVW_OK : EVW_CREDENTIAL_EXPIRED;
}

bool
e3_token_covers(const E3Claims *claims, E3Right right, EvwBytes app)
{
	if (!(claims->rights & 1u << right))
		return false;
	if (right == E3_RIGHT_ADMINISTER)
		return true;
	for (uint32_t i = 0; i < claims->n_apps; i++)
		if (evw_bytes_equal(app, claims->apps[i]))
			return true;
	return false;
}
