/*
 * crypto/iv.h
 *	  IVs of the values of one request: base + index, as 96-bit numbers, so none
 *	  comes twice under the request's key.
 *
 * Made for a block of values before the first of them is sealed: an IV that is
 * written just before it is used costs half as much again as sealing a short
 * value (crypto/aead.h).
 */
#ifndef E3_IV_H
#define E3_IV_H

#include "wire/limits.h"

#include <stddef.h>
#include <stdint.h>

/* Enough that the first of a block, which has to wait, does not count. */
#define E3_IV_BLOCK 64

/* ivs[i] = base + first + i */
extern void e3_iv_fill(uint8_t ivs[][EVW_IV_LEN], const uint8_t base[EVW_IV_LEN],
					   uint64_t first, size_t n);

#endif /* E3_IV_H */
