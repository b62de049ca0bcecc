/*
 * crypto/iv.c
 *	  Counting in 96 bits.
 */
#include "crypto/iv.h"

#include "wire/buf.h"

void
e3_iv_fill(uint8_t ivs[][EVW_IV_LEN], const uint8_t base[EVW_IV_LEN], uint64_t first,
		   size_t n)
{
	const uint32_t high = evw_get_be32(base);
	const uint64_t low = evw_get_be64(base + 4);

	for (size_t i = 0; i < n; i++)
	{
		uint64_t sum = low + (first + i);

		evw_put_be32(ivs[i], high + (sum < low));
		evw_put_be32(ivs[i] + 4, (uint32_t) (sum >> 32));
		evw_put_be32(ivs[i] + 8, (uint32_t) sum);
	}
}
