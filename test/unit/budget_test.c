/*
 * unit/budget_test.c
 *	  The memory budget: in line, never stuck, nothing lost.
 */
#include "wire_help.h"

#include "net/budget.h"
#include "wire/limits.h"

#define MB ((size_t) 1 << 20)

static void
what_fits_is_read(void **state)
{
	E3Budget budget;
	E3Share a;
	E3Share b;
	size_t party = 0;
	size_t other = 0;

	(void) state;
	e3_budget_init(&budget, 8 * MB);
	e3_share_init(&a, &party);
	e3_share_init(&b, &other);
	assert_true(e3_budget_reserve(&budget, &a, MB));
	assert_int_equal(budget.used, 4 * MB);
	/* Twice is once. */
	assert_true(e3_budget_reserve(&budget, &a, MB));
	assert_int_equal(budget.used, 4 * MB);
	assert_true(e3_budget_reserve(&budget, &b, MB));
	assert_int_equal(budget.used, 8 * MB);
	e3_budget_count(&budget, &a, 2 * MB);
	e3_budget_unreserve(&budget, &a);
	assert_int_equal(budget.used, 6 * MB);
	e3_budget_count(&budget, &a, MB);
	assert_int_equal(budget.used, 5 * MB);
	e3_budget_leave(&budget, &a);
	e3_budget_leave(&budget, &b);
	assert_int_equal(budget.used, 0);
}

static void
the_line_is_kept(void **state)
{
	E3Budget budget;
	E3Share shares[4];
	size_t parties[4] = {0};

	(void) state;
	e3_budget_init(&budget, 4 * MB);
	for (int i = 0; i < 4; i++)
		e3_share_init(&shares[i], &parties[i]);
	assert_true(e3_budget_reserve(&budget, &shares[0], MB));
	assert_null(e3_budget_next(&budget));
	assert_false(e3_budget_reserve(&budget, &shares[1], MB));
	assert_false(e3_budget_reserve(&budget, &shares[2], MB / 2));
	/* Small frames do not wait; others do not overtake. */
	assert_true(e3_budget_reserve(&budget, &shares[3], E3_BUDGET_SMALL));
	e3_budget_unreserve(&budget, &shares[0]);
	assert_false(e3_budget_reserve(&budget, &shares[2], MB / 2));
	assert_ptr_equal(e3_budget_next(&budget), &shares[1]);
	assert_true(e3_budget_reserve(&budget, &shares[1], MB));
	assert_null(e3_budget_next(&budget));
	e3_budget_leave(&budget, &shares[1]);
	assert_ptr_equal(e3_budget_next(&budget), &shares[2]);
	/* Who goes leaves the line. */
	e3_budget_leave(&budget, &shares[2]);
	assert_null(e3_budget_next(&budget));
	assert_int_equal(budget.used, 0);
}

/* Otherwise a frame that is larger than the budget would wait for ever. */
static void
one_is_always_let_through(void **state)
{
	E3Budget budget;
	E3Share a;
	E3Share b;
	size_t party = 0;
	size_t other = 0;

	(void) state;
	e3_budget_init(&budget, MB);
	e3_share_init(&a, &party);
	e3_share_init(&b, &other);
	assert_true(e3_budget_reserve(&budget, &a, EVW_FRAME_MAX));
	assert_false(e3_budget_reserve(&budget, &b, E3_BUDGET_SMALL + 1));
	e3_budget_count(&budget, &a, 5 * MB);
	e3_budget_unreserve(&budget, &a);
	assert_false(e3_budget_reserve(&budget, &b, E3_BUDGET_SMALL + 1));
	/* Replies that one has not taken do not keep the same one from the next, to a point.
	 */
	e3_budget_leave(&budget, &b);
	assert_false(e3_budget_reserve(&budget, &a, EVW_FRAME_MAX));
	e3_budget_count(&budget, &a, MB / 2);
	assert_true(e3_budget_reserve(&budget, &a, EVW_FRAME_MAX));
	e3_budget_leave(&budget, &a);
	assert_int_equal(budget.used, 0);
}

/* Who takes all that it may keeps nobody else waiting, though it came first. */
static void
nobody_has_it_all(void **state)
{
	E3Budget budget;
	E3Share greedy[3];
	E3Share modest;
	size_t party = 0;
	size_t other = 0;

	(void) state;
	e3_budget_init(&budget, 16 * MB);
	for (int i = 0; i < 3; i++)
		e3_share_init(&greedy[i], &party);
	e3_share_init(&modest, &other);
	assert_true(e3_budget_reserve(&budget, &greedy[0], 2 * MB));
	assert_true(e3_budget_reserve(&budget, &greedy[1], MB));
	assert_int_equal(party, 12 * MB);
	/* Three quarters, and no byte more. */
	assert_false(e3_budget_reserve(&budget, &greedy[2], E3_BUDGET_SMALL + 1));
	assert_null(e3_budget_next(&budget));
	assert_true(e3_budget_reserve(&budget, &modest, MB));
	assert_int_equal(budget.used, 16 * MB);
	e3_budget_leave(&budget, &greedy[1]);
	assert_ptr_equal(e3_budget_next(&budget), &greedy[2]);
	assert_true(e3_budget_reserve(&budget, &greedy[2], MB));
	/* A frame for which that is not enough: alone, and with room for it. */
	e3_budget_leave(&budget, &greedy[0]);
	e3_budget_leave(&budget, &greedy[2]);
	e3_budget_leave(&budget, &modest);
	assert_int_equal(party + other + budget.used, 0);
	assert_true(e3_budget_reserve(&budget, &greedy[0], 4 * MB));
	e3_budget_leave(&budget, &greedy[0]);
}

/* Many small frames are as much as one large one; only tiny ones always pass. */
static void
small_frames_wait_for_who_holds_much(void **state)
{
	E3Budget budget;
	E3Share a;
	E3Share b;
	size_t party = 0;
	size_t other = 0;

	(void) state;
	e3_budget_init(&budget, 4 * MB);
	e3_share_init(&a, &party);
	e3_share_init(&b, &other);
	e3_budget_count(&budget, &a, E3_BUDGET_ALLOWANCE);
	e3_budget_count(&budget, &b, 4 * MB);
	assert_true(e3_budget_reserve(&budget, &a, E3_BUDGET_SMALL));
	e3_budget_count(&budget, &a, E3_BUDGET_ALLOWANCE + 1);
	assert_false(e3_budget_reserve(&budget, &a, E3_BUDGET_TINY + 1));
	assert_true(e3_budget_reserve(&budget, &a, E3_BUDGET_TINY));
	e3_budget_leave(&budget, &a);
	e3_budget_leave(&budget, &b);
	assert_int_equal(budget.used + party + other, 0);
}

/* What a frame turns out to want may be more than was reserved for it. */
static void
more_than_was_reserved_needs_room(void **state)
{
	E3Budget budget;
	E3Share a;
	E3Share b;
	size_t party = 0;
	size_t other = 0;

	(void) state;
	e3_budget_init(&budget, 16 * MB);
	e3_share_init(&a, &party);
	e3_share_init(&b, &other);
	assert_true(e3_budget_reserve(&budget, &a, MB));
	assert_true(e3_budget_takes(&budget, &a, 4 * MB));
	assert_true(e3_budget_takes(&budget, &a, 40 * MB));
	e3_budget_count(&budget, &b, 6 * MB);
	assert_true(e3_budget_takes(&budget, &a, 10 * MB));
	assert_false(e3_budget_takes(&budget, &a, 10 * MB + 1));
	/* And not beyond the three quarters, if the party holds something else. */
	e3_budget_leave(&budget, &b);
	e3_share_init(&b, &party);
	e3_budget_count(&budget, &b, 2 * MB);
	assert_true(e3_budget_takes(&budget, &a, 10 * MB));
	assert_false(e3_budget_takes(&budget, &a, 10 * MB + 1));
	/* A little is always taken. */
	e3_budget_count(&budget, &b, 16 * MB);
	assert_true(e3_budget_takes(&budget, &a, 2 * E3_BUDGET_ALLOWANCE));
	e3_budget_leave(&budget, &a);
	e3_budget_leave(&budget, &b);
	assert_int_equal(budget.used + party, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_is_read),
		cmocka_unit_test(the_line_is_kept),
		cmocka_unit_test(one_is_always_let_through),
		cmocka_unit_test(nobody_has_it_all),
		cmocka_unit_test(small_frames_wait_for_who_holds_much),
		cmocka_unit_test(more_than_was_reserved_needs_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
