/*
 * crypto/p256_point.h
 *	  Public points of P-256; for crypto/ alone.
 */
#ifndef E3_P256_POINT_H
#define E3_P256_POINT_H

#include "crypto/agree.h"

/*
 * Uncompressed from compressed (SEC 1, 2.3.4).  False unless the 33 bytes are 02
 * or 03 and an X below p to which the curve has a Y: nothing else is a canonical
 * point, infinity is not, and the cofactor is 1, so no other check is needed.
 * Takes time that depends on the point.
 */
extern bool e3_p256_decompress(uint8_t point[E3_POINT_LEN],
							   const uint8_t compressed[EVW_POINT_LEN]);

#endif /* E3_P256_POINT_H */
