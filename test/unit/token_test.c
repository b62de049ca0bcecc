/*
 * unit/token_test.c
 *	  Credentials: what is accepted, and that nothing that differs is.
 */
#include "token_help.h"

#include "policy/principal.h"

#include "base/clock.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1700000000
#define HEADER "{\"alg\":\"ES256\"}"
#define TIMES "\"iat\":1699999990,\"exp\":1700000010"
#define WHO "\"iss\":\"i\",\"sub\":\"s\""
#define WHAT "\"app\":\"a\",\"operations\":[\"decrypt\"]"
#define GOOD "{" WHO "," TIMES "," WHAT "}"

/* Files that libraries have opened. */
static int n_opened;

/* Sanitizers have one of their own. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
int
open(const char *path, int flags, ...)
{
	int (*next)(const char *, int, ...) =
		(int (*)(const char *, int, ...)) dlsym(RTLD_NEXT, "open");
	va_list more;
	int mode;

	va_start(more, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(more, int) : 0;
	va_end(more);
	n_opened++;
	return next(path, flags, mode);
}
#endif

typedef struct Fixture
{
	E3Issuer issuer;
	EVP_PKEY *key;
	EVP_PKEY *other;
} Fixture;

static int
set_up(void **state)
{
	Fixture *fixture = calloc(1, sizeof(*fixture));
	EvwBytes pem;

	fixture->issuer =
		(E3Issuer){.issuer = "i", .lifetime_s = 600, .skew_s = 5, .n_keys = 1};
	fixture->other = token_key("P-256", &pem);
	help_release(pem);
	fixture->key = token_key("P-256", &pem);
	fixture->issuer.keys[0] = e3_token_key_new(pem);
	assert_non_null(fixture->issuer.keys[0]);
	help_release(pem);
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	Fixture *fixture = *state;

	e3_token_key_free(fixture->issuer.keys[0]);
	EVP_PKEY_free(fixture->key);
	EVP_PKEY_free(fixture->other);
	free(fixture);
	return 0;
}

static EvwStatus
verify_at(const Fixture *fixture, EvwBytes token, int64_t now_s, E3Claims *claims,
		  const char **cause)
{
	EvwBytes exact = help_exact(token);
	EvwStatus status = e3_token_verify(&fixture->issuer, 1, exact, now_s, claims, cause);

	help_release(exact);
	return status;
}

static EvwStatus
verify(const Fixture *fixture, EvwBytes token)
{
	E3Claims claims;
	const char *cause;

	return verify_at(fixture, token, NOW, &claims, &cause);
}

/* jansson would look for a secret of its hash tables in /dev/urandom, which an E3 that
 * has shut itself off cannot open, and go on with the time of day.  Once in a process:
 * this test is the first. */
static void
no_file_is_wanted(void **state)
{
	const Fixture *fixture = *state;

	n_opened = 0;
	assert_status(verify(fixture, token_make(fixture->key, HEADER, GOOD)), EVW_OK);
	assert_int_equal(n_opened, 0);
}

static void
expect_cause(const Fixture *fixture, const char *header, const char *claims_json,
			 const char *shall)
{
	EvwBytes token = token_make(fixture->key, header, claims_json);
	E3Claims claims;
	const char *cause;

	assert_status(verify_at(fixture, token, NOW, &claims, &cause),
				  EVW_CREDENTIAL_INVALID);
	if (strcmp(cause, shall) != 0)
		fail_msg("%s %s: %s, not %s", header, claims_json, cause, shall);
}

static void
a_good_one_is_read(void **state)
{
	const Fixture *fixture = *state;
	E3Claims claims;
	const char *cause;
	EvwBytes token =
		token_make(fixture->key, "{\"typ\":\"jwt\",\"kid\":\"x\",\"alg\":\"ES256\"}",
				   "{" WHO "," TIMES ",\"app\":[\"a\",\"b\"],\"operations\":[\"decrypt\","
				   "\"encrypt\"],\"more\":{}}");

	assert_status(verify_at(fixture, token, NOW, &claims, &cause), EVW_OK);
	assert_string_equal(claims.subject, "s");
	assert_int_equal(claims.n_apps, 2);
	assert_int_equal(claims.not_before_s, 1699999985);
	assert_int_equal(claims.expires_s, 1700000015);
	assert_true(
		e3_token_covers(&claims, E3_RIGHT_DECRYPT, (EvwBytes){(uint8_t *) "b", 1}));
	assert_false(
		e3_token_covers(&claims, E3_RIGHT_DECRYPT, (EvwBytes){(uint8_t *) "c", 1}));
	assert_false(
		e3_token_covers(&claims, E3_RIGHT_REENCRYPT, (EvwBytes){(uint8_t *) "a", 1}));
}

static void
times_count_with_the_skew(void **state)
{
	const Fixture *fixture = *state;
	E3Claims claims;
	const char *cause;
	EvwBytes token = token_make(fixture->key, HEADER, GOOD);

	assert_status(verify_at(fixture, token, 1699999985, &claims, &cause), EVW_OK);
	assert_status(verify_at(fixture, token, 1699999984, &claims, &cause),
				  EVW_CREDENTIAL_INVALID);
	assert_status(verify_at(fixture, token, 1700000014, &claims, &cause), EVW_OK);
	assert_status(verify_at(fixture, token, 1700000015, &claims, &cause),
				  EVW_CREDENTIAL_EXPIRED);
}

/* Signed well, but not what it must be. */
static void
wrong_headers_and_claims(void **state)
{
	static const char *const cases[][3] = {
		{"{\"alg\":\"none\"}", GOOD, "alg is not ES256"},
		{"{\"alg\":\"es256\"}", GOOD, "its header is malformed"},
		{"{\"alg\":\"HS256\"}", GOOD, "alg is not ES256"},
		{"{\"alg\":\"ES384\"}", GOOD, "alg is not ES256"},
		{"{\"alg\":\"ES256\",\"typ\":\"JOSE\"}", GOOD, "typ is not JWT"},
		{"{\"alg\":\"ES256\",\"typ\":1}", GOOD, "typ is not JWT"},
		{"{\"alg\":\"ES256\",\"crit\":[]}", GOOD, "its header has crit"},
		{HEADER, "[]", "its claims are not a JSON object"},
		{HEADER, GOOD "x", "its claims are not a JSON object"},
		{HEADER, "{" WHO "," WHO "," TIMES "," WHAT "}",
		 "its claims are not a JSON object"},
		{HEADER, "{" TIMES "," WHAT "}", "iss is no issuer of the policy"},
		{HEADER, "{\"iss\":\"j\",\"sub\":\"s\"," TIMES "," WHAT "}",
		 "iss is no issuer of the policy"},
		{HEADER, "{\"iss\":\"i\"," TIMES "," WHAT "}",
		 "sub must be a text of 1 to 127 printable characters"},
		{HEADER, "{\"iss\":\"i\",\"sub\":\"a\\nb\"," TIMES "," WHAT "}",
		 "sub must be a text of 1 to 127 printable characters"},
		{HEADER, "{\"iss\":\"i\",\"sub\":\"\"," TIMES "," WHAT "}",
		 "sub must be a text of 1 to 127 printable characters"},
		{HEADER, "{" WHO "," WHAT "}", "exp and iat must be whole numbers of seconds"},
		{HEADER, "{" WHO ",\"iat\":1,\"exp\":1.5," WHAT "}",
		 "exp and iat must be whole numbers of seconds"},
		{HEADER, "{" WHO ",\"iat\":1,\"exp\":9223372036854775807," WHAT "}",
		 "exp and iat must be whole numbers of seconds"},
		{HEADER, "{" WHO ",\"iat\":-1,\"exp\":1," WHAT "}",
		 "exp and iat must be whole numbers of seconds"},
		{HEADER, "{" WHO ",\"nbf\":\"x\"," TIMES "," WHAT "}",
		 "nbf must be a whole number of seconds"},
		{HEADER, "{" WHO ",\"iat\":1699999990,\"exp\":1700000591," WHAT "}",
		 "it lives longer than the issuer's max_lifetime_s"},
		{HEADER, "{" WHO ",\"iat\":1699999990,\"exp\":1699999990," WHAT "}",
		 "it lives longer than the issuer's max_lifetime_s"},
		{HEADER, "{" WHO "," TIMES ",\"operations\":[\"decrypt\"]}",
		 "app must name 1 to 16 apps"},
		{HEADER, "{" WHO "," TIMES ",\"app\":[],\"operations\":[\"decrypt\"]}",
		 "app must name 1 to 16 apps"},
		{HEADER, "{" WHO "," TIMES ",\"app\":[1],\"operations\":[\"decrypt\"]}",
		 "app must name 1 to 16 apps"},
		{HEADER, "{" WHO "," TIMES ",\"app\":\"a\"}", "operations must name operations"},
		{HEADER, "{" WHO "," TIMES ",\"app\":\"a\",\"operations\":\"*\"}",
		 "operations must name operations"},
		{HEADER, "{" WHO ",\"aud\":\"x\"," TIMES "," WHAT "}",
		 "aud is not the issuer's audience"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_cause(*state, cases[i][0], cases[i][1], cases[i][2]);
}

static void
apps_at_the_limit_and_above(void **state)
{
	char claims[1024] = "{" WHO "," TIMES ",\"operations\":\"decrypt\",\"app\":[\"a\"";
	const Fixture *fixture = *state;
	size_t len = strlen(claims);

	for (int i = 1; i < E3_TOKEN_APPS_MAX; i++)
		len += (size_t) snprintf(claims + len, sizeof(claims) - len, ",\"a%d\"", i);
	(void) snprintf(claims + len, sizeof(claims) - len, "]}");
	assert_status(verify(fixture, token_make(fixture->key, HEADER, claims)), EVW_OK);
	(void) snprintf(claims + len, sizeof(claims) - len, ",\"more\"]}");
	expect_cause(fixture, HEADER, claims, "app must name 1 to 16 apps");
}

static void
the_audience_is_the_issuers(void **state)
{
	Fixture *fixture = *state;
	EvwBytes token = token_make(fixture->key, HEADER,
								"{" WHO ",\"aud\":[\"x\",\"e3\"]," TIMES "," WHAT "}");

	memcpy(fixture->issuer.audience, "e3", 3);
	assert_status(verify(fixture, token), EVW_OK);
	assert_status(verify(fixture, token_make(fixture->key, HEADER, GOOD)),
				  EVW_CREDENTIAL_INVALID);
	fixture->issuer.audience[0] = '\0';
}

static void
another_key_does_not_do(void **state)
{
	const Fixture *fixture = *state;

	assert_status(verify(fixture, token_make(fixture->other, HEADER, GOOD)),
				  EVW_CREDENTIAL_INVALID);
}

/* Each character by every other of the alphabet, and each cut. */
static void
nothing_that_differs_is_accepted(void **state)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ";
	const Fixture *fixture = *state;
	EvwBytes good = token_make(fixture->key, HEADER, GOOD);
	uint8_t *bytes = malloc(good.len);

	assert_status(verify(fixture, good), EVW_OK);
	memcpy(bytes, good.data, good.len);
	for (size_t at = 0; at < good.len; at++)
	{
		/* All at both ends of each part, and a few in between. */
		size_t step = at % 7 == 0 || at + 3 > good.len ? 1 : 9;

		for (size_t i = at % step; i < sizeof(alphabet); i += step)
		{
			if ((uint8_t) alphabet[i] == good.data[at])
				continue;
			bytes[at] = (uint8_t) alphabet[i];
			assert_status(verify(fixture, (EvwBytes){bytes, good.len}),
						  EVW_CREDENTIAL_INVALID);
		}
		bytes[at] = good.data[at];
		assert_status(verify(fixture, (EvwBytes){bytes, at}), EVW_CREDENTIAL_INVALID);
	}
	free(bytes);
}

static void
length_at_the_limit_and_above(void **state)
{
	const Fixture *fixture = *state;
	char claims[8192];
	int pad = 5800;
	EvwBytes token;

	/* Four characters for three bytes: some length is the limit, or a little less. */
	do
	{
		snprintf(claims, sizeof(claims), "{" WHO "," TIMES "," WHAT ",\"p\":\"%0*d\"}",
				 pad++, 0);
		token = token_make(fixture->key, HEADER, claims);
	} while (token.len < EVW_CREDENTIAL_MAX - 1);
	assert_true(token.len <= EVW_CREDENTIAL_MAX);
	assert_status(verify(fixture, token), EVW_OK);
	snprintf(claims, sizeof(claims), "{" WHO "," TIMES "," WHAT ",\"p\":\"%0*d\"}",
			 pad + 3, 0);
	token = token_make(fixture->key, HEADER, claims);
	assert_true(token.len > EVW_CREDENTIAL_MAX);
	assert_status(verify(fixture, token), EVW_CREDENTIAL_INVALID);
}

static void
keys_that_are_none(void **state)
{
	EvwBytes pem;
	EVP_PKEY *key = token_key("P-384", &pem);

	(void) state;
	assert_null(e3_token_key_new(pem));
	assert_null(e3_token_key_new((EvwBytes){(uint8_t *) "no key", 6}));
	assert_null(e3_token_key_new((EvwBytes){NULL, 0}));
	help_release(pem);
	EVP_PKEY_free(key);
}

/* The one that was shown last is known, but only to its policy, and not for ever. */
static void
the_last_one_is_known(void **state)
{
	Fixture *fixture = *state;
	const E3Identity peer = e3_identity_uid(1);
	E3Principal *principal = e3_principal_new(&peer);
	E3Policy first = {.serial = 1, .n_issuers = 1, .issuers = &fixture->issuer};
	E3Policy second = {.serial = 2};
	char claims_json[256];
	long now = (long) (e3_clock_unix_us() / 1000000);
	E3Claims claims;
	const char *cause;
	EvwBytes token;

	snprintf(claims_json, sizeof(claims_json),
			 "{" WHO ",\"iat\":%ld,\"exp\":%ld," WHAT "}", now, now + 100);
	token = help_exact(token_make(fixture->key, HEADER, claims_json));
	assert_status(e3_principal_verify(principal, &first, token, &claims, &cause), EVW_OK);
	/* Without a key nothing verifies any more, but this one is known. */
	fixture->issuer.n_keys = 0;
	memset(&claims, 0, sizeof(claims));
	assert_status(e3_principal_verify(principal, &first, token, &claims, &cause), EVW_OK);
	assert_string_equal(claims.subject, "s");
	assert_status(e3_principal_verify(principal, &second, token, &claims, &cause),
				  EVW_CREDENTIAL_INVALID);
	fixture->issuer.n_keys = 1;
	help_release(token);
	e3_principal_release(principal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_file_is_wanted),
		cmocka_unit_test(a_good_one_is_read),
		cmocka_unit_test(times_count_with_the_skew),
		cmocka_unit_test(wrong_headers_and_claims),
		cmocka_unit_test(apps_at_the_limit_and_above),
		cmocka_unit_test(the_audience_is_the_issuers),
		cmocka_unit_test(another_key_does_not_do),
		cmocka_unit_test(nothing_that_differs_is_accepted),
		cmocka_unit_test(length_at_the_limit_and_above),
		cmocka_unit_test(keys_that_are_none),
		cmocka_unit_test(the_last_one_is_known),
	};

	return cmocka_run_group_tests_name("token", tests, set_up, tear_down);
}
