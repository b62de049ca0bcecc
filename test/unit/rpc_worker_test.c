/*
 * unit/rpc_worker_test.c
 *	  Workers: several that decrypt at once out of one cache, which is too small for all
 *	  keys and is emptied now and then; and one for whom no more memory can be locked.
 *	  Each value has the outcome that it would have alone.
 */
#include "rpc_help.h"

#include "crypto/library.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 4
#define REQUESTS 60
#define VALUES 48
#define ASKED 40

/* Keys that the cache has room for, and schedules. */
#define KEYS 16
#define READY 6

typedef struct Reader
{
	pthread_t thread;
	E3RpcWorker worker;
	unsigned seed;
} Reader;

static RpcFixture *fixture;
static EvwBytes sealed[VALUES];
static atomic_int wrong;
static atomic_uint hits;

/* What was encrypted as this value: none is another's beginning. */
static size_t
write_plain(uint32_t number, uint8_t plain[2 * VALUES])
{
	memset(plain, (int) number + 1, 2 * VALUES);
	return number * 2;
}

/* Every seventh does not open, but another that has its key does. */
static bool
is_spoilt(uint32_t number)
{
	return number % 7 == 3;
}

static void
seal_values(void)
{
	EvwRequestHeader header = rpc_header_for("old");
	EvwBytes values[VALUES];
	uint8_t plains[VALUES][2 * VALUES];
	EvwColumnCursor cursor;
	EvwMessage message;
	EvwResult result;
	E3Call call;

	for (uint32_t i = 0; i < VALUES; i++)
		values[i] = (EvwBytes){plains[i], write_plain(i, plains[i])};
	header.values_per_key = 2;
	rpc_make_call(&call, EVW_VERB_ENCRYPT, &header, values, VALUES, (EvwBytes){NULL, 0});
	assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	evw_column_open(&cursor, &result.values);
	for (uint32_t i = 0; i < VALUES; i++)
	{
		sealed[i] = help_exact(evw_column_next(&cursor));
		if (is_spoilt(i))
			((uint8_t *) sealed[i].data)[sealed[i].len - 1] ^= 1;
	}
	e3_call_release(&call);
}

static bool
is_right(const EvwResult *result, uint32_t i, uint32_t number, EvwBytes opened)
{
	uint8_t plain[2 * VALUES];
	size_t len = write_plain(number, plain);

	if (is_spoilt(number))
		return rpc_status_of(result, i) == EVW_DOES_NOT_OPEN && opened.len == 0;
	return rpc_status_of(result, i) == EVW_OK && opened.len == len &&
		   (len == 0 || memcmp(opened.data, plain, len) == 0);
}

/* Asserting is for the main thread alone. */
static int
count_wrong(const E3Call *call, const uint32_t *numbers)
{
	const EvwBytes body = {call->reply.data + EVW_FRAME_PREFIX,
						   call->reply.len - EVW_FRAME_PREFIX};
	EvwColumnCursor cursor;
	EvwMessage message;
	EvwResult result;
	int n = 0;

	if (call->outcome != EVW_OK || evw_message_split(body, &message) != EVW_OK ||
		evw_result_decode(&message, &result) != EVW_OK ||
		evw_column_count(&result.values) != ASKED)
		return ASKED;
	evw_column_open(&cursor, &result.values);
	for (uint32_t i = 0; i < ASKED; i++)
		n += !is_right(&result, i, numbers[i], evw_column_next(&cursor));
	(void) atomic_fetch_add(&hits, result.header.cache_hits);
	return n;
}

/* Most are of the first values, whose keys stay; others push each other out. */
static void
decrypt_some(E3RpcWorker *worker, unsigned *seed)
{
	EvwRequestHeader header = rpc_header_for("old");
	uint32_t numbers[ASKED];
	EvwBytes values[ASKED];
	E3Call call;

	for (int i = 0; i < ASKED; i++)
	{
		numbers[i] = (uint32_t) rand_r(seed) % (rand_r(seed) % 8 > 0 ? KEYS : VALUES);
		values[i] = sealed[numbers[i]];
	}
	rpc_make_call(&call, EVW_VERB_DECRYPT, &header, values, ASKED, (EvwBytes){NULL, 0});
	while (!e3_rpc_run(worker, &call))
		;
	(void) atomic_fetch_add(&wrong, count_wrong(&call, numbers));
	e3_call_release(&call);
}

static void *
decrypt_many(void *arg)
{
	Reader *reader = arg;

	for (int i = 0; i < REQUESTS; i++)
	{
		decrypt_some(&reader->worker, &reader->seed);
		if (i % 16 == 15)
			e3_derived_clear(fixture->shared.derived, 0);
	}
	return NULL;
}

/* Schedules that were made are gone with the request. */
static bool
has_wiped_places(const E3RpcWorker *worker)
{
	const uint8_t *at = worker->schedules.at;
	size_t i = 0;

	while (at != NULL && i < worker->schedules.len && at[i] == 0)
		i++;
	return at == NULL || i == worker->schedules.len;
}

static void
workers_share_the_cache(void **state)
{
	E3DerivedKeys *derived;
	Reader readers[THREADS];

	fixture = *state;
	derived = fixture->shared.derived;
	fixture->shared.derived = e3_derived_new(KEYS, READY, e3_library_schedule_len());
	assert_non_null(fixture->shared.derived);
	seal_values();
	for (unsigned i = 0; i < THREADS; i++)
	{
		readers[i] = (Reader){.worker = fixture->worker, .seed = i};
		assert_true(e3_rpc_worker_open(&readers[i].worker));
		assert_int_equal(pthread_create(&readers[i].thread, NULL, decrypt_many,
										&readers[i]),
						 0);
	}
	for (int i = 0; i < THREADS; i++)
	{
		assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
		assert_true(has_wiped_places(&readers[i].worker));
		e3_rpc_worker_close(&readers[i].worker);
	}
	assert_int_equal(atomic_load(&wrong), 0);
	/* Or else it was no test of the cache. */
	assert_true(atomic_load(&hits) > THREADS * REQUESTS * ASKED / 4);
	for (int i = 0; i < VALUES; i++)
		help_release(sealed[i]);
	e3_derived_free(fixture->shared.derived);
	fixture->shared.derived = derived;
}

/* Sanitizers lock nothing, and say that they have. */
static bool
can_lock_more(void)
{
	E3Locked locked;
	bool good = e3_locked_map(&locked, 1);

	e3_locked_unmap(&locked);
	return good;
}

/* Exit status of a child whose worker may lock nothing, or 77: it may. */
static int
decrypt_without_locking(void)
{
	const struct rlimit none = {0, 0};
	Reader reader = {.worker = fixture->worker};

	/* Those of the parent are not inherited. */
	fixture->shared.derived = e3_derived_new(KEYS, READY, e3_library_schedule_len());
	fixture->shared.request_keys = e3_request_keys_new(1);
	if (fixture->shared.derived == NULL || fixture->shared.request_keys == NULL ||
		setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (geteuid() == 0 && setuid(65534) != 0))
		return 2;
	if (can_lock_more())
		return 77;
	seal_values();
	if (!e3_rpc_worker_open(&reader.worker) || reader.worker.schedules.at != NULL ||
		fixture->shared.out_of_locked != (e3_library_schedule_len() > 0))
		return 3;
	(void) decrypt_many(&reader);
	e3_rpc_worker_close(&reader.worker);
	return atomic_load(&wrong) == 0 ? 0 : 1;
}

static void
a_worker_does_without_more_locked_memory(void **state)
{
	int status;
	pid_t child;

	fixture = *state;
	child = fork();
	if (child == 0)
		_exit(decrypt_without_locking());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
	{
		print_message("SKIP: this build locks without a limit\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Places that nobody would use would be locked for each worker. */
static void
no_places_for_schedules_that_are_not_kept(void **state)
{
	RpcFixture *one = *state;
	E3DerivedKeys *derived = one->shared.derived;
	E3RpcWorker worker = one->worker;

	one->shared.derived = e3_derived_new(KEYS, 0, e3_library_schedule_len());
	assert_non_null(one->shared.derived);
	assert_true(e3_rpc_worker_open(&worker));
	assert_null(worker.schedules.at);
	assert_false(one->shared.out_of_locked);
	e3_rpc_worker_close(&worker);
	e3_derived_free(one->shared.derived);
	one->shared.derived = derived;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_share_the_cache),
		cmocka_unit_test(a_worker_does_without_more_locked_memory),
		cmocka_unit_test(no_places_for_schedules_that_are_not_kept),
	};

	return help_run_with_aeads(tests, rpc_set_up, rpc_tear_down);
}
