/*
 * keyring/wrap_private.h
 *	  What the files that wrap and unwrap the keyring share.
 */
#ifndef E3_WRAP_PRIVATE_H
#define E3_WRAP_PRIVATE_H

#include "keyring/wrap.h"

#include "crypto/scratch.h"

#define E3_WRAP_MAGIC "E3KR"
#define E3_WRAP_SALT_LEN 16

/* Places in the header, of both versions. */
enum
{
	E3_WRAP_AT_VERSION = 4,
	E3_WRAP_AT_KIND = 5,
	E3_WRAP_AT_GENERATION = 12,
	E3_WRAP_AT_SALT = 20,
	E3_WRAP_AT_IV = 36
};

/* Length of the header with its blob; 0 if it is not one of a device's. */
extern size_t e3_wrap_device_header(EvwBytes file);

/* Appends the header, whose generation, salt and IV are the caller's to fill in. */
extern EvwStatus e3_wrap_device_begin(E3Custody *custody, EvwBuf *file,
									  size_t *header) EVW_MUST_USE;

/* Sets the key of a file with this header, which this custody's device has sealed. */
extern EvwStatus e3_wrap_device_key(E3Custody *custody, EvwBytes header,
									E3Scratch *scratch) EVW_MUST_USE;

#endif /* E3_WRAP_PRIVATE_H */
