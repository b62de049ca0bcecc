/*
 * crypto/selftest.h
 *	  Known answers, put to a backend before it serves anybody; for crypto/
 *	  alone.
 */
#ifndef E3_SELFTEST_H
#define E3_SELFTEST_H

#include "crypto/scratch_private.h"

/* Does backends->aead seal and open as it must, whole and in pieces? */
extern bool e3_selftest_aead(const E3Backends *backends);

/* Does the curve's backend agree and refuse as it must, for one and for many? */
extern bool e3_selftest_agree(const E3Backends *backends, EvwCurve curve);

#endif /* E3_SELFTEST_H */
