/*
 * crypto/curve.h
 *	  The two curves and their scalars; for crypto/ alone.
 */
#ifndef E3_CURVE_H
#define E3_CURVE_H

#include "wire/request.h"

#include <openssl/ec.h>

#define E3_CURVES 2

/* NULL when the library can't. */
extern EC_GROUP *e3_curve_new(EvwCurve curve);

/* Is this a private key of the curve: in [1, n-1]? */
extern bool e3_curve_has_scalar(const EC_GROUP *group, const BIGNUM *scalar);

/* A random one; "scalar" should lie in the locked arena.  False without entropy. */
extern bool e3_curve_random_scalar(const EC_GROUP *group, BIGNUM *scalar);

#endif /* E3_CURVE_H */
