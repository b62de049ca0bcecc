/*
 * unit/turn_test.c
 *	  Threads that compute by turns: the calling thread's own, given away when used up.
 */
#include "pool_help.h"

#include "base/clock.h"
#include "base/turn.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLICE_NS UINT64_C(200000)
#define SHORT_NS UINT64_C(1000)
#define LONG_NS UINT64_C(20000000)
#define TOO_LONG_NS UINT64_C(1000000000)

/* The shortest and the longest turn of Linux. */
#define KERNEL_MIN_NS UINT64_C(100000)
#define KERNEL_MAX_NS UINT64_C(100000000)

#define PARTS 5

/* Of struct sched_attr of sched_setattr(2). */
typedef struct Schedule
{
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t turn_ns;
	uint64_t unused[2];
} Schedule;

/* How often the processor was given away, instead of the C library's. */
static atomic_int given_away;

int
sched_yield(void)
{
	atomic_fetch_add(&given_away, 1);
	return 0;
}

/* False where system calls do not reach this kernel. */
static bool
get_schedule(Schedule *schedule)
{
	memset(schedule, 0, sizeof(*schedule));
	return syscall(SYS_sched_getattr, 0, schedule, sizeof(*schedule), 0) == 0;
}

static Schedule
own_schedule(void)
{
	Schedule schedule;

	assert_true(get_schedule(&schedule));
	return schedule;
}

/* However these tests were started. */
static int
set_up(void **state)
{
	const struct sched_param none = {0};

	(void) state;
	atomic_store(&given_away, 0);
	return sched_setscheduler(0, SCHED_OTHER, &none);
}

static void
need_turns(void)
{
	Schedule schedule;

	if (get_schedule(&schedule) && schedule.turn_ns > 0)
		return;
	print_message("SKIP: this kernel does not say how long a turn is\n");
	skip();
}

static void
compute(uint64_t ns)
{
	uint64_t end_ns = e3_clock_thread_ns() + ns;

	while (e3_clock_thread_ns() < end_ns)
		;
}

typedef struct Begun
{
	E3Turn turn;
	Schedule schedule;
} Begun;

static void *
begin(void *context)
{
	Begun *begun = context;

	e3_turn_begin(&begun->turn, SLICE_NS);
	begun->schedule = own_schedule();
	return NULL;
}

static void
is_the_threads_own(void **state)
{
	Schedule before;
	Begun begun;
	pthread_t thread;

	(void) state;
	need_turns();
	before = own_schedule();
	assert_int_equal(pthread_create(&thread, NULL, begin, &begun), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(begun.turn.ns, SLICE_NS);
	/* A slice takes a little longer than it should. */
	assert_int_equal(begun.schedule.turn_ns, SLICE_NS + SLICE_NS / 4);
	assert_int_equal(begun.schedule.policy, SCHED_OTHER);
	assert_int_equal(begun.schedule.nice, before.nice);
	assert_int_equal(own_schedule().turn_ns, before.turn_ns);
}

static void
is_given_away_when_used_up(void **state)
{
	E3Turn turn;

	(void) state;
	need_turns();
	e3_turn_begin(&turn, LONG_NS);
	e3_turn_check(&turn);
	assert_int_equal(given_away, 0);
	compute(LONG_NS);
	e3_turn_check(&turn);
	assert_int_equal(given_away, 1);
	e3_turn_check(&turn);
	assert_int_equal(given_away, 1);
}

/* Less than the kernel's would cost the thread its share. */
static void
is_what_the_kernel_grants(void **state)
{
	E3Turn turn;

	(void) state;
	need_turns();
	e3_turn_begin(&turn, SHORT_NS);
	assert_int_equal(own_schedule().turn_ns, KERNEL_MIN_NS);
	assert_int_equal(turn.ns, KERNEL_MIN_NS / 5 * 4);
	e3_turn_begin(&turn, TOO_LONG_NS);
	assert_int_equal(own_schedule().turn_ns, KERNEL_MAX_NS);
	assert_int_equal(turn.ns, KERNEL_MAX_NS / 5 * 4);
}

static void
has_no_end_unless_asked_for(void **state)
{
	Schedule before;
	E3Turn turn;

	(void) state;
	need_turns();
	before = own_schedule();
	e3_turn_begin(&turn, 0);
	compute(SLICE_NS);
	e3_turn_check(&turn);
	assert_int_equal(given_away, 0);
	assert_int_equal(own_schedule().turn_ns, before.turn_ns);
}

/* Who is scheduled otherwise was meant to be. */
static void
leaves_other_policies_alone(void **state)
{
	const struct sched_param none = {0};
	E3Turn turn;

	(void) state;
	need_turns();
	assert_int_equal(sched_setscheduler(0, SCHED_BATCH, &none), 0);
	e3_turn_begin(&turn, SLICE_NS);
	assert_int_equal(own_schedule().policy, SCHED_BATCH);
	assert_int_not_equal(own_schedule().turn_ns, SLICE_NS + SLICE_NS / 4);
	compute(SLICE_NS);
	e3_turn_check(&turn);
	assert_int_equal(given_away, 0);
}

/* A job of slices that use up a turn each. */
typedef struct Parts
{
	E3Job job;
	int left;
} Parts;

static bool
run_part(E3Job *job, void *worker)
{
	(void) worker;
	compute(SLICE_NS);
	return --((Parts *) job)->left == 0;
}

/* What is done in between does as well, if there is any. */
static bool
tidy(void *left)
{
	if (*(int *) left == 0)
		return false;
	--*(int *) left;
	compute(SLICE_NS);
	return true;
}

static void
run_parts(E3Flow *flow, int to_tidy)
{
	const E3PoolWork work = {.run = run_part,
							 .between = tidy,
							 .make_worker = help_share,
							 .free_worker = help_unshare,
							 .shared = &to_tidy,
							 .slice_ns = SLICE_NS};
	E3Pool *pool = e3_pool_start(&work, 1, 1);
	struct pollfd event = {.events = POLLIN};
	Parts parts = {.left = PARTS};
	uint32_t effects;

	assert_non_null(pool);
	e3_job_init(&parts.job, flow);
	assert_int_equal(e3_pool_submit(pool, &parts.job), E3_DO_QUEUE);
	event.fd = e3_pool_event_fd(pool);
	assert_int_equal(poll(&event, 1, 30000), 1);
	assert_ptr_equal(e3_pool_collect(pool, &effects), &parts.job);
	e3_pool_stop(pool);
	e3_pool_free(pool);
}

static void
workers_compute_by_turns(void **state)
{
	E3Party *party = e3_party_new();
	E3Flow *flow = e3_flow_new(party);

	(void) state;
	e3_party_release(party);
	need_turns();
	run_parts(flow, 0);
	assert_int_equal(given_away, PARTS);
	atomic_store(&given_away, 0);
	run_parts(flow, 2);
	assert_int_equal(given_away, PARTS + 2);
	e3_flow_release(flow);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(is_the_threads_own, set_up),
		cmocka_unit_test_setup(is_given_away_when_used_up, set_up),
		cmocka_unit_test_setup(is_what_the_kernel_grants, set_up),
		cmocka_unit_test_setup(has_no_end_unless_asked_for, set_up),
		cmocka_unit_test_setup(leaves_other_policies_alone, set_up),
		cmocka_unit_test_setup(workers_compute_by_turns, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
