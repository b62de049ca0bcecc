/*
 * crypto/curve.h
 *	  The two curves and their scalars; for crypto/ alone.
 */
#ifndef E3_CURVE_H
#define E3_CURVE_H

#include "crypto/agree.h"

#include <openssl/ec.h>

/* NULL when the library can't. */
extern EC_GROUP *e3_curve_new(EvwCurve curve);

/* Is this, big-endian, a private key of the curve: in [1, n-1]? */
extern bool e3_curve_has_scalar(EvwCurve curve, const uint8_t scalar[E3_PRIVATE_LEN]);

/*
 * n random ones, big-endian, into the locked arena.  False without entropy; they
 * have then been wiped.
 */
extern bool e3_curve_random_scalars(EvwCurve curve, size_t n,
									uint8_t scalars[][E3_PRIVATE_LEN]);

#endif /* E3_CURVE_H */
