/*
 * unit/agree_test.c
 *	  Key agreement for many at once, and by several libraries.
 */
#include "e3_help.h"

#include <string.h>

#include "crypto/p256_point.h"
#include "crypto/library.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#define MANY 70
#define LIBRARIES 2

static const char *const agreements_of[LIBRARIES] = {"openssl", "library"};

/* One of each library that there is. */
static E3Scratch *scratches[LIBRARIES];
static int n_scratches;
static E3KeyPair *apps[2][2]; /* by curve; two of each */

static int
set_up(void **state)
{
	(void) state;
	for (int i = 0; i < LIBRARIES; i++)
		if (help_choose("openssl", agreements_of[i]))
			scratches[n_scratches++] = e3_scratch_new();
	for (int i = 0; i < n_scratches; i++)
		assert_non_null(scratches[i]);
	for (int curve = 0; curve < 2; curve++)
		for (int i = 0; i < 2; i++)
			apps[curve][i] = e3_key_pair_generate((EvwCurve) curve);
	return n_scratches > 0 ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void) state;
	for (int curve = 0; curve < 2; curve++)
		for (int i = 0; i < 2; i++)
			e3_key_pair_free(apps[curve][i]);
	while (n_scratches > 0)
		e3_scratch_free(scratches[--n_scratches]);
	return 0;
}

/* What one end makes, of any number, the app finds, one at a time, by any library. */
static void
any_number_of_ephemeral_keys(void **state)
{
	static uint8_t epks[MANY][EVW_POINT_LEN];
	static E3Agreement here[MANY];
	const size_t numbers[] = {0, 1, 2, 3, 7, 8, 9, 16, 19, MANY};

	(void) state;
	for (int i = 0; i < n_scratches; i++)
		for (size_t j = 0; j < sizeof(numbers) / sizeof(numbers[0]); j++)
		{
			const E3KeyPair *app = apps[j % 2][0];

			assert_status(e3_agree_ephemeral_many(scratches[i], app, numbers[j], epks,
												  here),
						  EVW_OK);
			for (size_t k = 0; k < numbers[j]; k++)
			{
				E3Agreement there;

				if (k > 0)
					assert_memory_not_equal(epks[k], epks[k - 1], EVW_POINT_LEN);
				assert_status(e3_agree_with(scratches[k % (size_t) n_scratches], app,
											epks[k], &there),
							  EVW_OK);
				assert_memory_equal(&there, &here[k], sizeof(there));
			}
		}
}

/* Keys from outside: of two curves, two apps each, some of them no points. */
typedef struct Crowd
{
	uint8_t bytes[MANY][EVW_POINT_LEN];
	const uint8_t *epks[MANY];
	const E3KeyPair *pairs[MANY];
	E3Agreement agreements[MANY];
	EvwStatus statuses[MANY];
} Crowd;

static void
gather(Crowd *crowd, int round)
{
	E3Agreement unused;

	for (int i = 0; i < MANY; i++)
	{
		crowd->pairs[i] = apps[(i * 7 + round) / 3 % 2][i % 2];
		crowd->epks[i] = crowd->bytes[i];
		assert_status(e3_agree_ephemeral(scratches[0], crowd->pairs[i], crowd->bytes[i],
										 &unused),
					  EVW_OK);
		if ((i + round) % 5 == 0)
			crowd->bytes[i][0] = 5;
		/* Half of all X have no Y. */
		else if ((i + round) % 5 == 1)
			crowd->bytes[i][EVW_POINT_LEN - 1] ^= 1;
	}
	memset(crowd->agreements, 0xa5, sizeof(crowd->agreements));
}

static void
many_are_as_one_by_one(void **state)
{
	static const E3Agreement wiped;
	static Crowd crowd;
	int refused = 0;

	(void) state;
	for (int round = 0; round < 6; round++)
		for (int i = 0; i < n_scratches; i++)
		{
			size_t n = round == 0 ? MANY : (size_t) (round * 9);

			gather(&crowd, round);
			e3_agree_with_many(scratches[i], n, crowd.pairs, crowd.epks, crowd.agreements,
							   crowd.statuses);
			for (size_t j = 0; j < n; j++)
			{
				E3Agreement alone;

				assert_status(e3_agree_with(scratches[0], crowd.pairs[j], crowd.epks[j],
											&alone),
							  crowd.statuses[j]);
				assert_memory_equal(&crowd.agreements[j], &alone, sizeof(alone));
				if (crowd.statuses[j] == EVW_OK)
					continue;
				assert_status(crowd.statuses[j], EVW_DOES_NOT_OPEN);
				assert_memory_equal(&alone, &wiped, sizeof(wiped));
				refused++;
			}
		}
	assert_true(refused > 20);
}

/* Our square root against OpenSSL's, for points and for what is none. */
static void
points_are_decompressed_as_by_openssl(void **state)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *point = EC_POINT_new(group);
	uint8_t compressed[EVW_POINT_LEN] = {2};
	int points = 0;

	(void) state;
	for (uint32_t i = 0; i < 4000; i++)
	{
		uint8_t ours[E3_POINT_LEN];
		uint8_t theirs[E3_POINT_LEN];
		bool is_point;

		/* From 0 up, then from the largest, above p, down, then anywhere. */
		memset(compressed + 1, i < 1000 ? 0x00 : 0xff, EVW_POINT_LEN - 1);
		if (i >= 2000)
			memcpy(compressed + 1, theirs + 7, 25);
		evw_put_be32(compressed + EVW_POINT_LEN - 4, i < 1000 ? i : 0 - i);
		compressed[0] = (uint8_t) (2 + i % 2);
		is_point =
			EC_POINT_oct2point(group, point, compressed, sizeof(compressed), NULL) == 1;
		assert_int_equal(e3_p256_decompress(ours, compressed), is_point);
		if (!is_point)
			continue;
		assert_int_equal(EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED,
											theirs, sizeof(theirs), NULL),
						 sizeof(theirs));
		assert_memory_equal(ours, theirs, sizeof(ours));
		points++;
	}
	print_message("%d points, %d others\n", points, 4000 - points);
	assert_true(points > 1000 && points < 3000);
	EC_POINT_free(point);
	EC_GROUP_free(group);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_number_of_ephemeral_keys),
		cmocka_unit_test(many_are_as_one_by_one),
		cmocka_unit_test(points_are_decompressed_as_by_openssl),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
