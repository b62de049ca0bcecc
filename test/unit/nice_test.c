/*
 * unit/nice_test.c
 *	  Threads that give way: niceness and turns are the calling thread's own.
 */
#include "wire_help.h"

#include "base/nice.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TURN_NS 200000
#define LONG_TURN_NS UINT64_C(1000000000)
#define LONGEST_TURN_NS 100000000

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

static Schedule
own_schedule(void)
{
	Schedule schedule;

	memset(&schedule, 0, sizeof(schedule));
	assert_int_equal(syscall(SYS_sched_getattr, 0, &schedule, sizeof(schedule), 0), 0);
	return schedule;
}

/* Kernels before 6.12 take the wish, and forget it. */
static bool
kernel_listens(void)
{
	if (own_schedule().turn_ns > 0)
		return true;
	print_message("SKIP: this kernel does not say how long a turn is\n");
	return false;
}

static void *
give_way(void *schedule)
{
	e3_be_nice(1);
	e3_take_turns(TURN_NS);
	*(Schedule *) schedule = own_schedule();
	return NULL;
}

static void
is_the_threads_own(void **state)
{
	Schedule before = own_schedule();
	Schedule other;
	pthread_t thread;

	(void) state;
	assert_int_equal(pthread_create(&thread, NULL, give_way, &other), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(other.policy, SCHED_OTHER);
	assert_int_equal(other.nice, before.nice < 19 ? before.nice + 1 : 19);
	assert_int_equal(own_schedule().nice, before.nice);
	if (!kernel_listens())
		skip();
	assert_int_equal(other.turn_ns, TURN_NS);
	assert_int_equal(own_schedule().turn_ns, before.turn_ns);
}

static void
takes_no_turn_too_long(void **state)
{
	(void) state;
	if (!kernel_listens())
		skip();
	e3_take_turns(LONG_TURN_NS);
	assert_int_equal(own_schedule().turn_ns, LONGEST_TURN_NS);
}

/* What is scheduled otherwise was meant to be. */
static void
leaves_other_policies_alone(void **state)
{
	const struct sched_param none = {0};

	(void) state;
	assert_int_equal(sched_setscheduler(0, SCHED_BATCH, &none), 0);
	e3_take_turns(TURN_NS);
	assert_int_equal(own_schedule().policy, SCHED_BATCH);
	assert_int_not_equal(own_schedule().turn_ns, TURN_NS);
	assert_int_equal(sched_setscheduler(0, SCHED_OTHER, &none), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_the_threads_own),
		cmocka_unit_test(takes_no_turn_too_long),
		cmocka_unit_test(leaves_other_policies_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
