/*
 * unit/quota_test.c
 *	  Quotas: at the limit and above, as time passes, of one peer and not of another.
 */
#include "wire_help.h"

#include "policy/quota.h"

#define S UINT64_C(1000000000)
#define DAY (86400 * S)
#define START (1000 * S)

static EvwStatus
take(E3Quotas *quotas, const E3Quota *quota, uid_t uid, uint32_t count, uint64_t now_ns,
	 uint32_t *retry_ms)
{
	const E3Identity peer = e3_identity_uid(uid);

	return e3_quotas_take(quotas, quota, &peer, count, now_ns, retry_ms);
}

static void
a_second_fills_up(void **state)
{
	const E3Quota quota = {.per_second = 10, .burst = 30};
	E3Quotas *quotas = e3_quotas_new();
	uint32_t retry_ms;

	(void) state;
	assert_status(take(quotas, &quota, 1, 30, START, &retry_ms), EVW_OK);
	assert_status(take(quotas, &quota, 1, 0, START, &retry_ms), EVW_OK);
	assert_status(take(quotas, &quota, 1, 5, START, &retry_ms), EVW_QUOTA_EXCEEDED);
	assert_in_range(retry_ms, 500, 502);
	assert_status(take(quotas, &quota, 2, 30, START, &retry_ms), EVW_OK);
	assert_status(take(quotas, &quota, 1, 5, START + S / 2 - 1000, &retry_ms),
				  EVW_QUOTA_EXCEEDED);
	assert_status(take(quotas, &quota, 1, 5, START + S / 2 + 1000, &retry_ms), EVW_OK);
	/* A clock that another thread has read before does not count back. */
	assert_status(take(quotas, &quota, 1, 1, START, &retry_ms), EVW_QUOTA_EXCEEDED);
	assert_status(take(quotas, &quota, 1, 30, START + 100 * S, &retry_ms), EVW_OK);
	assert_status(take(quotas, &quota, 1, 1, START + 100 * S, &retry_ms),
				  EVW_QUOTA_EXCEEDED);
	assert_status(take(quotas, &quota, 1, 31, START + 200 * S, &retry_ms),
				  EVW_QUOTA_EXCEEDED);
	assert_int_equal(retry_ms, 0);
	e3_quotas_free(quotas);
}

static void
a_day_begins_with_its_first_value(void **state)
{
	const E3Quota quota = {.per_day = 100};
	E3Quotas *quotas = e3_quotas_new();
	uint32_t retry_ms;

	(void) state;
	assert_status(take(quotas, &quota, 1, 60, START, &retry_ms), EVW_OK);
	assert_status(take(quotas, &quota, 1, 41, START, &retry_ms), EVW_QUOTA_EXCEEDED);
	assert_int_equal(retry_ms, EVW_DEADLINE_MAX_MS);
	assert_status(take(quotas, &quota, 1, 40, START + 3600 * S, &retry_ms), EVW_OK);
	assert_status(take(quotas, &quota, 1, 1, START + DAY - 1, &retry_ms),
				  EVW_QUOTA_EXCEEDED);
	assert_status(take(quotas, &quota, 1, 100, START + DAY, &retry_ms), EVW_OK);
	assert_status(take(quotas, &quota, 1, 1, START + DAY, &retry_ms), EVW_QUOTA_EXCEEDED);
	e3_quotas_free(quotas);
}

/* Refused by one, it takes nothing of the other. */
static void
both_count(void **state)
{
	const E3Quota quota = {.per_second = 10, .burst = 10, .per_day = 15};
	E3Quotas *quotas = e3_quotas_new();
	uint32_t retry_ms;

	(void) state;
	assert_status(take(quotas, &quota, 1, 10, START, &retry_ms), EVW_OK);
	assert_status(take(quotas, &quota, 1, 10, START + S, &retry_ms), EVW_QUOTA_EXCEEDED);
	assert_status(take(quotas, &quota, 1, 5, START + S, &retry_ms), EVW_OK);
	assert_status(take(quotas, &quota, 1, 1, START + 2 * S, &retry_ms),
				  EVW_QUOTA_EXCEEDED);
	e3_quotas_free(quotas);
}

static void
the_largest_numbers(void **state)
{
	const E3Quota quota = {.per_second = 1,
						   .burst = E3_QUOTA_MAX,
						   .per_day = E3_QUOTA_MAX};
	E3Quotas *quotas = e3_quotas_new();
	uint32_t retry_ms;

	(void) state;
	for (uint32_t taken = 0; taken < E3_QUOTA_MAX; taken += E3_QUOTA_MAX / 4)
		assert_status(take(quotas, &quota, 1, E3_QUOTA_MAX / 4, START, &retry_ms),
					  EVW_OK);
	assert_status(take(quotas, &quota, 1, E3_QUOTA_MAX, START, &retry_ms),
				  EVW_QUOTA_EXCEEDED);
	assert_int_equal(retry_ms, EVW_DEADLINE_MAX_MS);
	e3_quotas_free(quotas);
}

/* What one quota counts is not taken from another's. */
static void
operations_are_counted_apart(void **state)
{
	const E3Quota decrypt = {.rights = 1, .per_day = 10};
	const E3Quota index = {.rights = 2, .per_day = 5};
	E3Quotas *quotas = e3_quotas_new();
	uint32_t retry_ms;

	(void) state;
	assert_status(take(quotas, &decrypt, 1, 10, START, &retry_ms), EVW_OK);
	assert_status(take(quotas, &index, 1, 5, START, &retry_ms), EVW_OK);
	assert_status(take(quotas, &decrypt, 1, 1, START, &retry_ms), EVW_QUOTA_EXCEEDED);
	assert_status(take(quotas, &index, 1, 1, START, &retry_ms), EVW_QUOTA_EXCEEDED);
	e3_quotas_free(quotas);
}

static void
peers_are_bounded(void **state)
{
	const E3Quota quota = {.per_day = 10};
	E3Quotas *quotas = e3_quotas_new();
	uint32_t retry_ms;

	(void) state;
	for (uid_t uid = 0; uid < E3_QUOTA_PEERS_MAX; uid++)
		assert_status(take(quotas, &quota, uid, 10, START + uid, &retry_ms), EVW_OK);
	assert_status(take(quotas, &quota, 99999, 1, START + S, &retry_ms),
				  EVW_OUT_OF_MEMORY);
	assert_status(take(quotas, &quota, 0, 1, START + S, &retry_ms), EVW_QUOTA_EXCEEDED);
	/* Those that are idle for a day have all of it again, so they need not be kept. */
	assert_status(take(quotas, &quota, 99999, 1, START + DAY + S, &retry_ms), EVW_OK);
	e3_quotas_free(quotas);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_fills_up),
		cmocka_unit_test(a_day_begins_with_its_first_value),
		cmocka_unit_test(both_count),
		cmocka_unit_test(the_largest_numbers),
		cmocka_unit_test(operations_are_counted_apart),
		cmocka_unit_test(peers_are_bounded),
	};

	return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}
