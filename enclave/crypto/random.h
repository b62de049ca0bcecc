/*
 * crypto/random.h
 *	  Random bytes.
 */
#ifndef E3_RANDOM_H
#define E3_RANDOM_H

#include "wire/status.h"

#include <stddef.h>
#include <stdint.h>

/* CRYPTO_FAILED when there is no entropy; "out" must then not be used. */
extern EvwStatus e3_random(uint8_t *out, size_t len) EVW_MUST_USE;

#endif /* E3_RANDOM_H */
