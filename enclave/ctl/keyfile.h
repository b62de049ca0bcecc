/*
 * ctl/keyfile.h
 *	  A private key from a file.
 */
#ifndef E3_KEYFILE_H
#define E3_KEYFILE_H

#include "crypto/agree.h"

#define E3_KEYFILE_MAX 16384

/*
 * The pair of the private key in the file: PEM (SEC 1 or PKCS #8, not
 * encrypted) of this curve, or 64 hex digits.  NULL after a message.
 */
extern E3KeyPair *e3_keyfile_read(const char *path, EvwCurve curve);

#endif /* E3_KEYFILE_H */
