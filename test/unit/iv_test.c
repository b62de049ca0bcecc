/*
 * unit/iv_test.c
 *	  IVs are base + index in 96 bits, across every carry.
 */
#include "wire_help.h"

#include <string.h>

#include "crypto/iv.h"

/* The same a byte at a time. */
static void
add_bytewise(uint8_t iv[EVW_IV_LEN], const uint8_t *base, uint64_t index)
{
	unsigned carry = 0;

	for (int i = EVW_IV_LEN - 1; i >= 0; i--)
	{
		unsigned sum = base[i] + (unsigned) (index & 0xff) + carry;

		iv[i] = (uint8_t) sum;
		carry = sum >> 8;
		index >>= 8;
	}
}

static void
ivs_count_in_96_bits(void **state)
{
	static const char *const bases[] = {
		"000000000000000000000000", "0000000000000000ffffffff",
		"00000000ffffffffffffffff", "ffffffffffffffffffffffff",
		"0102030405060708090a0b0c", "fffffffffffffffffffffff0",
	};
	static const uint64_t firsts[] = {0,		  1,		   64,
									  0xffffffc0, 0xfffffffff, 0xffffffffffffffc0};
	uint8_t ivs[E3_IV_BLOCK][EVW_IV_LEN];
	uint8_t shall[EVW_IV_LEN];

	(void) state;
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
	{
		EvwBytes base = help_unhex(bases[i]);

		for (size_t j = 0; j < sizeof(firsts) / sizeof(firsts[0]); j++)
		{
			e3_iv_fill(ivs, base.data, firsts[j], E3_IV_BLOCK);
			for (size_t k = 0; k < E3_IV_BLOCK; k++)
			{
				add_bytewise(shall, base.data, firsts[j] + k);
				assert_memory_equal(ivs[k], shall, EVW_IV_LEN);
			}
		}
		help_release(base);
	}
}

static void
no_more_than_asked_for_is_written(void **state)
{
	uint8_t ivs[3][EVW_IV_LEN];
	const uint8_t base[EVW_IV_LEN] = {5};
	uint8_t untouched[EVW_IV_LEN];

	(void) state;
	memset(ivs, 0xa5, sizeof(ivs));
	memset(untouched, 0xa5, sizeof(untouched));
	e3_iv_fill(ivs, base, 0, 2);
	assert_memory_equal(ivs[0], base, EVW_IV_LEN);
	assert_memory_equal(ivs[2], untouched, EVW_IV_LEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ivs_count_in_96_bits),
		cmocka_unit_test(no_more_than_asked_for_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
