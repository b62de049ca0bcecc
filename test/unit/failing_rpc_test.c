/*
 * unit/failing_rpc_test.c
 *	  Calls that fail while requests are worked on: whoever asked is told so, and gets
 *	  nothing else.
 */
#include "rpc_help.h"

#include "base/secret.h"
#include "failing.h"
#include "sched/pool.h"

#include <stdlib.h>
#include <string.h>

/* Of a value that is not opened in one go. */
#define LARGE (1 << 20)

typedef struct Request
{
	RpcFixture *fixture;
	EvwVerb verb;
	EvwRequestHeader header;
	uint32_t count;
	EvwBytes values[2];
} Request;

static bool
is_good(const E3Call *call)
{
	EvwMessage message;
	EvwResult result;

	if (call->outcome != EVW_OK)
	{
		/* The reply is an error, if there was room for one. */
		assert_true(call->reply.status != EVW_OK ||
					(evw_message_split(help_body(&call->reply), &message) == EVW_OK &&
					 message.type == EVW_VERB_ERROR));
		return false;
	}
	assert_status(evw_message_split(help_body(&call->reply), &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	if (result.statuses.data == NULL)
		return true;
	for (uint32_t i = 0; i < evw_column_count(&result.values); i++)
		if (rpc_status_of(&result, i) != EVW_OK)
			return false;
	return true;
}

static bool
serve(void *context)
{
	Request *request = context;
	RpcFixture *fixture = request->fixture;
	E3Call call;
	bool good;

	failing_pause();
	/* What was derived before takes no calls. */
	e3_derived_clear(fixture->shared.derived, 0);
	rpc_make_bound_call(&call, request->verb, &request->header, request->values,
						request->count, (EvwBytes){NULL, 0}, &BYTES("context"), 1);
	failing_resume();
	while (!e3_rpc_run(&fixture->worker, &call))
		;
	failing_pause();
	good = is_good(&call);
	e3_call_release(&call);
	failing_resume();
	return good;
}

/* The ciphertext of a value, for help_release. */
static EvwBytes
seal(RpcFixture *fixture, EvwBytes value)
{
	EvwRequestHeader header = rpc_header_for("old");
	EvwMessage message;
	EvwResult result;
	EvwBytes sealed;
	E3Call call;

	rpc_make_bound_call(&call, EVW_VERB_ENCRYPT, &header, &value, 1, (EvwBytes){NULL, 0},
						&BYTES("context"), 1);
	assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	sealed = help_exact(result.values.bytes);
	e3_call_release(&call);
	return sealed;
}

static void
every_call_of_requests_may_fail(void **state)
{
	static uint8_t large[LARGE];
	RpcFixture *fixture = *state;
	const EvwBytes plain[] = {BYTES("value"), {large, sizeof(large)}};
	const EvwBytes sealed[] = {seal(fixture, plain[0]), seal(fixture, plain[1])};
	const EvwVerb verbs[] = {EVW_VERB_ENCRYPT, EVW_VERB_DECRYPT, EVW_VERB_REENCRYPT};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
	{
		const EvwBytes *values = verbs[i] == EVW_VERB_ENCRYPT ? plain : sealed;
		Request request = {.fixture = fixture,
						   .verb = verbs[i],
						   .header = rpc_header_for("old"),
						   .count = 2,
						   .values = {values[0], values[1]}};

		assert_true(failing_each(serve, &request, "madvise") > 10);
	}
	help_release(sealed[0]);
	help_release(sealed[1]);
}

static void
every_call_of_blind_indexes_may_fail(void **state)
{
	RpcFixture *fixture = *state;
	const EvwBytes app = BYTES("app");
	const E3KeyVersion version = {.version = 1,
								  .pairs = {e3_key_pair_generate(EVW_CURVE_P256),
											e3_key_pair_generate(EVW_CURVE_SECP256K1)}};
	const E3IndexKey index = {.version = 1,
							  .bytes = 9,
							  .secret = e3_secret_alloc(E3_INDEX_SECRET_LEN)};
	E3Keyring *keyring = e3_keyring_new();
	Request request = {.fixture = fixture,
					   .verb = EVW_VERB_BLIND_INDEX,
					   .header = rpc_header_for("app"),
					   .count = 1,
					   .values = {BYTES("value")}};

	assert_status(e3_keyring_add(keyring, app, &version), EVW_OK);
	assert_status(e3_keyring_add_index(keyring, app, &index), EVW_OK);
	e3_keyring_swap(fixture->shared.keyring, keyring);
	assert_true(failing_each(serve, &request, "madvise") > 3);
}

/* ---- the workers ---- */

static bool
run_nothing(E3Job *job, void *worker)
{
	(void) job;
	(void) worker;
	return true;
}

static void *
make_worker(void *shared, const E3PoolThread *thread)
{
	(void) shared;
	(void) thread;
	return malloc(1);
}

static bool
start_workers(void *context)
{
	const E3PoolWork work = {.run = run_nothing,
							 .make_worker = make_worker,
							 .free_worker = free};
	E3Pool *pool = e3_pool_start(&work, 2, 16);
	E3Party *party = e3_party_new();
	E3Flow *flow = party != NULL ? e3_flow_new(party) : NULL;
	bool good = pool != NULL && flow != NULL;

	(void) context;
	if (flow != NULL)
		e3_flow_release(flow);
	if (party != NULL)
		e3_party_release(party);
	if (pool != NULL)
	{
		e3_pool_stop(pool);
		e3_pool_free(pool);
	}
	return good;
}

static void
every_call_of_workers_may_fail(void **state)
{
	(void) state;
	/* On Linux it never does. */
	assert_true(failing_each(start_workers, NULL, "pthread_mutex_init") > 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_of_requests_may_fail),
		cmocka_unit_test(every_call_of_blind_indexes_may_fail),
		cmocka_unit_test(every_call_of_workers_may_fail),
	};

	return cmocka_run_group_tests(tests, rpc_set_up, rpc_tear_down);
}
