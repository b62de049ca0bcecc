/*
 * unit/queue_test.c
 *	  Whose turn it is: bounded, fresh jobs first, fair between parties and flows.
 */
#include "wire_help.h"

#include "sched/queue.h"

#include <stdlib.h>

/* A job that says whose it is. */
typedef struct NamedJob
{
	E3Job job;
	char name;
} NamedJob;

#define JOBS 64

typedef struct Line
{
	E3Queue queue;
	NamedJob jobs[JOBS];
	int made;
} Line;

static E3Flow *
new_flow(E3Party *party)
{
	E3Flow *flow = e3_flow_new(party);

	assert_non_null(flow);
	return flow;
}

static NamedJob *
new_job(Line *line, E3Flow *flow, char name)
{
	NamedJob *job = &line->jobs[line->made++];

	assert_true(line->made <= JOBS);
	e3_job_init(&job->job, flow);
	job->name = name;
	return job;
}

static bool
admit_one(Line *line, E3Flow *flow, char name)
{
	E3Job *job = &new_job(line, flow, name)->job;
	bool room = e3_queue_has_room(&line->queue, job);

	if (room)
		e3_queue_append(&line->queue, job, E3_JOB_FRESH);
	return room;
}

static void
admit_brief(Line *line, E3Flow *flow, const char *names)
{
	for (; *names != '\0'; names++)
	{
		E3Job *job = &new_job(line, flow, *names)->job;

		job->is_brief = true;
		e3_queue_append(&line->queue, job, E3_JOB_FRESH);
	}
}

static void
admit(Line *line, E3Flow *flow, const char *names)
{
	for (; *names != '\0'; names++)
		assert_true(admit_one(line, flow, *names));
}

/* A job that has begun. */
static void
put_back(Line *line, E3Flow *flow, char name)
{
	e3_queue_append(&line->queue, &new_job(line, flow, name)->job, E3_JOB_BEGUN);
}

static E3Job *
take(Line *line)
{
	E3Job *job = e3_queue_next(&line->queue);

	if (job != NULL)
		e3_queue_remove(&line->queue, job);
	return job;
}

/* Takes jobs until there are none. */
static void
assert_order(Line *line, const char *expected)
{
	char order[JOBS * 2 + 1] = "";
	size_t n = 0;
	E3Job *job;

	while ((job = take(line)) != NULL)
		order[n++] = ((NamedJob *) job)->name;
	assert_string_equal(order, expected);
	assert_int_equal(line->queue.waiting[E3_JOB_FRESH], 0);
	assert_int_equal(line->queue.waiting[E3_JOB_BEGUN], 0);
}

static void
flows_of_a_party_take_turns(void **state)
{
	Line line = {.made = 0};
	E3Party *party = e3_party_new();
	E3Flow *a = new_flow(party);
	E3Flow *b = new_flow(party);

	(void) state;
	e3_queue_init(&line.queue, JOBS);
	admit(&line, a, "aaaa");
	admit(&line, b, "bb");
	assert_order(&line, "ababaa");
	e3_flow_release(a);
	e3_flow_release(b);
	e3_party_release(party);
}

/* One with many connections gets no more than one with a single one. */
static void
parties_take_turns(void **state)
{
	Line line = {.made = 0};
	E3Party *many = e3_party_new();
	E3Party *one = e3_party_new();
	E3Flow *flows[3] = {new_flow(many), new_flow(many), new_flow(many)};
	E3Flow *single = new_flow(one);

	(void) state;
	e3_queue_init(&line.queue, JOBS);
	admit(&line, flows[0], "aa");
	admit(&line, flows[1], "bb");
	admit(&line, flows[2], "cc");
	admit(&line, single, "xxx");
	assert_order(&line, "axbxcxabc");
	for (int i = 0; i < 3; i++)
		e3_flow_release(flows[i]);
	e3_flow_release(single);
	e3_party_release(many);
	e3_party_release(one);
}

/* A job that has not begun does not wait for those that have, but these go on. */
static void
fresh_jobs_go_first_but_not_for_ever(void **state)
{
	Line line = {.made = 0};
	E3Party *party = e3_party_new();
	E3Flow *flow = new_flow(party);

	(void) state;
	e3_queue_init(&line.queue, JOBS);
	put_back(&line, flow, 'B');
	put_back(&line, flow, 'B');
	admit(&line, flow, "ffffffffffffffffffff");
	assert_order(&line, "ffffffffBffffffffBffff");
	/* Nor do they collect a claim while nobody waits. */
	admit(&line, flow, "ffffffffff");
	assert_order(&line, "ffffffffff");
	e3_flow_release(flow);
	e3_party_release(party);
}

/* Who has many of them gets no more of the queue than others. */
static void
brief_jobs_take_turns_with_others(void **state)
{
	Line line = {.made = 0};
	E3Party *many = e3_party_new();
	E3Party *one = e3_party_new();
	E3Flow *a = new_flow(many);
	E3Flow *b = new_flow(one);

	(void) state;
	e3_queue_init(&line.queue, JOBS);
	admit_brief(&line, a, "aaaaaa");
	admit(&line, b, "BB");
	assert_int_equal(line.queue.waiting[E3_JOB_FRESH], 8);
	assert_int_equal(line.queue.waiting[E3_JOB_BRIEF], 6);
	assert_order(&line, "aBaBaaaa");
	assert_int_equal(line.queue.waiting[E3_JOB_BRIEF], 0);
	e3_flow_release(a);
	e3_flow_release(b);
	e3_party_release(many);
	e3_party_release(one);
}

/* Fairly as well, and gone from the queue then. */
static void
brief_jobs_can_be_taken_alone(void **state)
{
	Line line = {.made = 0};
	E3Party *many = e3_party_new();
	E3Party *one = e3_party_new();
	E3Flow *a = new_flow(many);
	E3Flow *b = new_flow(one);
	E3Job *job;

	(void) state;
	e3_queue_init(&line.queue, JOBS);
	put_back(&line, a, 'B');
	admit(&line, a, "f");
	assert_null(e3_queue_next_brief(&line.queue));
	admit_brief(&line, a, "124");
	admit_brief(&line, b, "3");
	for (const char *name = "132"; *name != '\0'; name++)
	{
		job = e3_queue_next_brief(&line.queue);
		assert_non_null(job);
		assert_int_equal(((NamedJob *) job)->name, *name);
		e3_queue_remove(&line.queue, job);
	}
	assert_order(&line, "f4B");
	assert_null(e3_queue_next_brief(&line.queue));
	/* What has begun is brief no longer. */
	e3_queue_append(&line.queue, job, E3_JOB_BEGUN);
	assert_null(e3_queue_next_brief(&line.queue));
	assert_order(&line, "2");
	e3_flow_release(a);
	e3_flow_release(b);
	e3_party_release(many);
	e3_party_release(one);
}

static void
what_has_begun_takes_turns(void **state)
{
	Line line = {.made = 0};
	E3Party *party = e3_party_new();
	E3Flow *a = new_flow(party);
	E3Flow *b = new_flow(party);
	char order[13] = "";
	E3Job *job;

	(void) state;
	e3_queue_init(&line.queue, JOBS);
	admit(&line, a, "xy");
	admit(&line, b, "z");
	for (int i = 0; i < 12; i++)
	{
		job = take(&line);
		assert_non_null(job);
		order[i] = ((NamedJob *) job)->name;
		e3_queue_append(&line.queue, job, E3_JOB_BEGUN);
	}
	assert_string_equal(order, "xzyxzyzxzyzx");
	while (take(&line) != NULL)
		;
	e3_flow_release(a);
	e3_flow_release(b);
	e3_party_release(party);
}

static void
it_is_bounded(void **state)
{
	Line line = {.made = 0};
	E3Party *greedy = e3_party_new();
	E3Party *other = e3_party_new();
	E3Flow *a = new_flow(greedy);
	E3Flow *b = new_flow(other);

	(void) state;
	e3_queue_init(&line.queue, 8);
	admit(&line, a, "aaaaaa");
	assert_false(admit_one(&line, a, 'a'));
	admit(&line, b, "bb");
	assert_false(admit_one(&line, b, 'b'));
	/* What has begun is never turned away. */
	put_back(&line, a, 'A');
	assert_order(&line, "ababaaaaA");
	admit(&line, a, "a");
	assert_order(&line, "a");
	e3_flow_release(a);
	e3_flow_release(b);
	e3_party_release(greedy);
	e3_party_release(other);
}

static void
jobs_are_taken_out_anywhere(void **state)
{
	Line line = {.made = 0};
	E3Party *party = e3_party_new();
	E3Flow *a = new_flow(party);
	E3Flow *b = new_flow(party);

	(void) state;
	e3_queue_init(&line.queue, JOBS);
	admit(&line, a, "123");
	admit(&line, b, "4");
	put_back(&line, b, '5');
	e3_queue_remove(&line.queue, &line.jobs[1].job);
	e3_queue_remove(&line.queue, &line.jobs[3].job);
	assert_int_equal(line.queue.waiting[E3_JOB_FRESH], 2);
	assert_order(&line, "135");
	assert_null(take(&line));
	e3_flow_release(a);
	e3_flow_release(b);
	e3_party_release(party);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_of_a_party_take_turns),
		cmocka_unit_test(parties_take_turns),
		cmocka_unit_test(fresh_jobs_go_first_but_not_for_ever),
		cmocka_unit_test(brief_jobs_take_turns_with_others),
		cmocka_unit_test(brief_jobs_can_be_taken_alone),
		cmocka_unit_test(what_has_begun_takes_turns),
		cmocka_unit_test(it_is_bounded),
		cmocka_unit_test(jobs_are_taken_out_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
