/*
 * unit/principal_test.c
 *	  Credentials of a connection: rules that demand one, and what is remembered of the
 *	  one that was shown last.
 */
#include "e3_help.h"
#include "token_help.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "policy/decide.h"

#define HEADER "{\"alg\":\"ES256\"}"
#define APP ((EvwBytes){(const uint8_t *) "a", 1})
#define NONE ((EvwBytes){NULL, 0})

/* Whoever comes may decrypt, with a credential of the first issuer. */
#define POLICY                                                                           \
	"[issuer one]\nissuer = one\nkey = /1.pem\nskew_s = 0\n"                             \
	"[issuer two]\nissuer = two\nkey = /2.pem\nskew_s = 0\n"                             \
	"[rule r]\nidentity = any\noperations = decrypt\napps = a\nroles = *\n"              \
	"credential = one\n"

/* The time, in place of E3's clock. */
static int64_t now_s = 1700000000;

uint64_t
e3_clock_unix_us(void)
{
	return (uint64_t) now_s * 1000000;
}

uint64_t
e3_clock_ns(void)
{
	return (uint64_t) now_s * 1000000000;
}

static const E3Identity peer = {.kind = E3_IDENTITY_UID, .uid = 1};

typedef struct Fixture
{
	E3Policy *policy;
	E3Principal *who;
	EVP_PKEY *keys[2]; /* of the issuers */
} Fixture;

/* A snapshot of its own, with the public halves of these keys. */
static E3Policy *
make_policy(const EvwBytes pems[2])
{
	E3PolicyError error;
	E3Policy *policy;

	assert_status(e3_policy_parse(POLICY, strlen(POLICY), "p", &policy, &error), EVW_OK);
	for (int i = 0; i < 2; i++)
	{
		policy->issuers[i].keys[0] = e3_token_key_new(pems[i]);
		assert_non_null(policy->issuers[i].keys[0]);
	}
	return policy;
}

static int
set_up(void **state)
{
	Fixture *fixture = calloc(1, sizeof(*fixture));
	EvwBytes pems[2];

	for (int i = 0; i < 2; i++)
		fixture->keys[i] = token_key("P-256", &pems[i]);
	fixture->policy = make_policy(pems);
	fixture->who = e3_principal_new(&peer);
	for (int i = 0; i < 2; i++)
		help_release(pems[i]);
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	Fixture *fixture = *state;

	e3_principal_release(fixture->who);
	e3_policy_release(fixture->policy);
	for (int i = 0; i < 2; i++)
		EVP_PKEY_free(fixture->keys[i]);
	free(fixture);
	return 0;
}

/* For help_release; good for so many seconds. */
static EvwBytes
make_token(EVP_PKEY *key, const char *issuer, const char *app, int seconds)
{
	char claims[256];

	assert_true(snprintf(claims, sizeof(claims),
						 "{\"iss\":\"%s\",\"sub\":\"s\",\"iat\":%" PRId64
						 ",\"exp\":%" PRId64
						 ",\"app\":\"%s\",\"operations\":\"decrypt\"}",
						 issuer, now_s - 1, now_s + seconds, app) < (int) sizeof(claims));
	return help_exact(token_make(key, HEADER, claims));
}

static EvwStatus
decide(const Fixture *fixture, E3Policy *policy, EvwBytes credential)
{
	const E3Ask ask = {.who = fixture->who,
					   .right = E3_RIGHT_DECRYPT,
					   .app = APP,
					   .credential = credential};
	char reason[E3_REASON_MAX];
	E3Grant grant;
	EvwStatus status = e3_policy_decide(policy, &ask, &grant, reason);

	if (status == EVW_OK)
		e3_grant_release(&grant);
	return status;
}

static void
without_one_nothing_is_allowed(void **state)
{
	const Fixture *fixture = *state;
	EvwBytes token = make_token(fixture->keys[0], "one", "a", 60);

	assert_status(decide(fixture, fixture->policy, NONE), EVW_CREDENTIAL_MISSING);
	assert_status(decide(fixture, fixture->policy, token), EVW_OK);
	assert_status(decide(fixture, fixture->policy, NONE), EVW_CREDENTIAL_MISSING);
	help_release(token);
}

/* Good ones: of an issuer that the rule does not name, and for another app. */
static void
another_ones_does_not_do(void **state)
{
	const Fixture *fixture = *state;
	EvwBytes other = make_token(fixture->keys[1], "two", "a", 60);
	EvwBytes elsewhere = make_token(fixture->keys[0], "one", "b", 60);

	assert_status(decide(fixture, fixture->policy, other), EVW_CREDENTIAL_SCOPE);
	assert_status(decide(fixture, fixture->policy, elsewhere), EVW_CREDENTIAL_SCOPE);
	help_release(other);
	help_release(elsewhere);
}

/* What was seen to be good vouches for itself alone. */
static void
one_that_was_good_makes_no_other_good(void **state)
{
	const Fixture *fixture = *state;
	EvwBytes good = make_token(fixture->keys[0], "one", "a", 60);
	EvwBytes forged = make_token(fixture->keys[1], "one", "a", 60);

	for (int i = 0; i < 2; i++)
	{
		assert_status(decide(fixture, fixture->policy, good), EVW_OK);
		assert_status(decide(fixture, fixture->policy, forged), EVW_CREDENTIAL_INVALID);
	}
	help_release(good);
	help_release(forged);
}

/* The issuer's key is another one by now. */
static void
another_policy_looks_again(void **state)
{
	const Fixture *fixture = *state;
	EvwBytes token = make_token(fixture->keys[0], "one", "a", 60);
	EvwBytes pems[2];
	E3Policy *policy;

	for (int i = 0; i < 2; i++)
		EVP_PKEY_free(token_key("P-256", &pems[i]));
	policy = make_policy(pems);
	assert_status(decide(fixture, fixture->policy, token), EVW_OK);
	assert_status(decide(fixture, policy, token), EVW_CREDENTIAL_INVALID);
	e3_policy_release(policy);
	for (int i = 0; i < 2; i++)
		help_release(pems[i]);
	help_release(token);
}

static void
one_that_was_good_expires(void **state)
{
	const Fixture *fixture = *state;
	EvwBytes token = make_token(fixture->keys[0], "one", "a", 60);

	assert_status(decide(fixture, fixture->policy, token), EVW_OK);
	now_s += 59;
	assert_status(decide(fixture, fixture->policy, token), EVW_OK);
	now_s += 1;
	assert_status(decide(fixture, fixture->policy, token), EVW_CREDENTIAL_EXPIRED);
	help_release(token);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_one_nothing_is_allowed, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(another_ones_does_not_do, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_was_good_makes_no_other_good, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(another_policy_looks_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_was_good_expires, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
