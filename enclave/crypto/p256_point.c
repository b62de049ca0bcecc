/*
 * crypto/p256_point.c
 *	  Decompression of points of P-256: a square root modulo p.
 *
 * Where every value has an ephemeral key of its own, this is a good part of the
 * work of opening it, and OpenSSL's generic square root takes nearly twice as
 * long.  Ephemeral public keys are public, so nothing here need be constant-time,
 * and a wrong root cannot go unnoticed, since it is squared again.
 *
 * Numbers are four 64-bit limbs, the lowest first, below p, and in Montgomery's
 * form with R = 2^256 unless said otherwise.
 */
#include "crypto/p256_point.h"

#include <string.h>

#define LIMBS 4

typedef unsigned __int128 Wide;

/* p = 2^256 - 2^224 + 2^192 + 2^96 - 1 */
static const uint64_t p[LIMBS] = {0xffffffffffffffff, 0x00000000ffffffff,
								  0x0000000000000000, 0xffffffff00000001};
/* R^2 mod p, plain: multiplying by it brings a number into Montgomery's form. */
static const uint64_t r_squared[LIMBS] = {0x0000000000000003, 0xfffffffbffffffff,
										  0xfffffffffffffffe, 0x00000004fffffffd};
/* The curve's b, plain. */
static const uint64_t b[LIMBS] = {0x3bce3c3e27d2604b, 0x651d06b0cc53b0f6,
								  0xb3ebbd55769886bc, 0x5ac635d8aa3a93e7};

static bool
below_p(const uint64_t a[LIMBS])
{
	for (int i = LIMBS - 1; i >= 0; i--)
		if (a[i] != p[i])
			return a[i] < p[i];
	return false;
}

/* a - c - *borrow, whose own borrow, 0 or 1, is the new one. */
static inline uint64_t
subtract(uint64_t a, uint64_t c, uint64_t *borrow)
{
	Wide difference = (Wide) a - c - *borrow;

	*borrow = (uint64_t) (difference >> 64) & 1;
	return (uint64_t) difference;
}

/*
 * a mod p, where a is below 2p and "above" is what it has above its limbs.
 * Without a branch: one that depends on random numbers is mispredicted.
 */
static inline void
reduce_once(uint64_t out[LIMBS], const uint64_t a[LIMBS], uint64_t above)
{
	uint64_t borrow = 0;
	uint64_t less[LIMBS];
	uint64_t keep;

	less[0] = subtract(a[0], p[0], &borrow);
	less[1] = subtract(a[1], p[1], &borrow);
	less[2] = subtract(a[2], p[2], &borrow);
	less[3] = subtract(a[3], p[3], &borrow);
	keep = 0 - (borrow & ~above);
	out[0] = (a[0] & keep) | (less[0] & ~keep);
	out[1] = (a[1] & keep) | (less[1] & ~keep);
	out[2] = (a[2] & keep) | (less[2] & ~keep);
	out[3] = (a[3] & keep) | (less[3] & ~keep);
}

static void
add(uint64_t out[LIMBS], const uint64_t left[LIMBS], const uint64_t right[LIMBS])
{
	Wide sum = 0;

	for (int i = 0; i < LIMBS; i++)
	{
		sum += (Wide) left[i] + right[i];
		out[i] = (uint64_t) sum;
		sum >>= 64;
	}
	reduce_once(out, out, (uint64_t) sum);
}

/* p - a, for an "a" that is not 0. */
static void
negate(uint64_t out[LIMBS], const uint64_t a[LIMBS])
{
	uint64_t borrow = 0;

	for (int i = 0; i < LIMBS; i++)
		out[i] = subtract(p[i], a[i], &borrow);
}

/* Low half of a * b + c + *carry, whose high half is the new carry. */
static inline uint64_t
multiply_add(uint64_t a, uint64_t factor, uint64_t c, uint64_t *carry)
{
	Wide sum = (Wide) a * factor + c + *carry;

	*carry = (uint64_t) (sum >> 64);
	return (uint64_t) sum;
}

static inline uint64_t
add_carry(uint64_t a, uint64_t c, uint64_t *carry)
{
	Wide sum = (Wide) a + c + *carry;

	*carry = (uint64_t) (sum >> 64);
	return (uint64_t) sum;
}

/*
 * left * right / R mod p, one limb of "right" at a time.  As p is -1 modulo 2^64,
 * the multiple of p that clears the lowest limb is that limb, m, itself; and m * p
 * is m * (2^96 - 1) and p's highest limb's share.  Written out limb by limb, since
 * the compiler leaves loops over them as they are.
 */
static void
multiply(uint64_t out[LIMBS], const uint64_t left[LIMBS], const uint64_t right[LIMBS])
{
	uint64_t t[LIMBS + 1] = {0};

	for (int i = 0; i < LIMBS; i++)
	{
		uint64_t carry = 0;
		uint64_t top = 0;
		uint64_t m = multiply_add(left[0], right[i], t[0], &carry);

		t[1] = multiply_add(left[1], right[i], t[1], &carry);
		t[2] = multiply_add(left[2], right[i], t[2], &carry);
		t[3] = multiply_add(left[3], right[i], t[3], &carry);
		t[4] = add_carry(t[4], carry, &top);

		carry = 0;
		t[0] = add_carry(t[1], m << 32, &carry);
		t[1] = add_carry(t[2], m >> 32, &carry);
		t[2] = multiply_add(p[3], m, t[3], &carry);
		t[3] = add_carry(t[4], 0, &carry);
		t[4] = top + carry;
	}
	reduce_once(out, t, t[4]);
}

/* out = a^(2^n) * times */
static void
square_and_multiply(uint64_t out[LIMBS], const uint64_t a[LIMBS], int n,
					const uint64_t times[LIMBS])
{
	uint64_t power[LIMBS];

	memcpy(power, a, sizeof(power));
	for (int i = 0; i < n; i++)
		multiply(power, power, power);
	multiply(out, power, times);
}

/*
 * a^((p+1)/4), where (p+1)/4 = 2^254 - 2^222 + 2^190 + 2^94: from the top, 32
 * ones, 31 zeros and a one, 95 zeros and a one, 94 zeros.
 */
static void
square_root(uint64_t out[LIMBS], const uint64_t a[LIMBS])
{
	uint64_t ones[LIMBS];

	memcpy(ones, a, sizeof(ones));
	for (int n = 1; n <= 16; n *= 2)
		square_and_multiply(ones, ones, n, ones);
	square_and_multiply(ones, ones, 32, a);
	square_and_multiply(ones, ones, 96, a);
	for (int i = 0; i < 94; i++)
		multiply(ones, ones, ones);
	memcpy(out, ones, sizeof(ones));
}

static void
from_bytes(uint64_t out[LIMBS], const uint8_t bytes[LIMBS * 8])
{
	for (int i = 0; i < LIMBS; i++)
	{
		uint64_t limb = 0;

		for (int j = 0; j < 8; j++)
			limb = limb << 8 | bytes[8 * i + j];
		out[LIMBS - 1 - i] = limb;
	}
}

static void
to_bytes(uint8_t bytes[LIMBS * 8], const uint64_t a[LIMBS])
{
	for (int i = 0; i < LIMBS * 8; i++)
		bytes[i] = (uint8_t) (a[LIMBS - 1 - i / 8] >> (56 - i % 8 * 8));
}

/* x^3 - 3x + b, for a plain x. */
static void
right_side(uint64_t out[LIMBS], const uint64_t plain_x[LIMBS])
{
	uint64_t x[LIMBS];
	uint64_t term[LIMBS];
	uint64_t minus_three_x[LIMBS] = {0};

	multiply(x, plain_x, r_squared);
	multiply(out, x, x);
	multiply(out, out, x);
	add(term, x, x);
	add(term, term, x);
	if ((term[0] | term[1] | term[2] | term[3]) != 0)
		negate(minus_three_x, term);
	add(out, out, minus_three_x);
	multiply(term, b, r_squared);
	add(out, out, term);
}

bool
e3_p256_decompress(uint8_t point[E3_POINT_LEN], const uint8_t compressed[EVW_POINT_LEN])
{
	static const uint64_t one[LIMBS] = {1};
	uint64_t x[LIMBS];
	uint64_t square[LIMBS];
	uint64_t y[LIMBS];
	uint64_t check[LIMBS];
	uint64_t difference = 0;

	from_bytes(x, compressed + 1);
	if ((compressed[0] != 2 && compressed[0] != 3) || !below_p(x))
		return false;
	right_side(square, x);
	square_root(y, square);
	multiply(check, y, y);
	for (int i = 0; i < LIMBS; i++)
		difference |= check[i] ^ square[i];
	if (difference != 0)
		return false;
	/* Out of Montgomery's form.  The order is odd, so no point has Y = 0. */
	multiply(y, y, one);
	if ((y[0] & 1) != (compressed[0] & 1))
		negate(y, y);
	point[0] = 4;
	memcpy(point + 1, compressed + 1, E3_Z_LEN);
	to_bytes(point + 1 + E3_Z_LEN, y);
	return true;
}
