/*
 * wire/base64.h
 *	  Base64 with the standard alphabet, unpadded (RFC 4648, section 4 and 3.2).
 *
 * Decoding is strict: no white space, no padding, and the unused bits of the
 * last character are zero (section 3.5), so that every byte string has one
 * text and reading back gives the same text.
 */
#ifndef EVW_BASE64_H
#define EVW_BASE64_H

#include "wire/buf.h"

/* Characters for "len" bytes. */
extern size_t evw_base64_encoded_len(size_t len);

/* Bytes for "len" characters; meaningful if evw_base64_decode succeeds. */
extern size_t evw_base64_decoded_len(size_t len);

extern void evw_base64_encode(char *out, EvwBytes bytes);
extern bool evw_base64_decode(uint8_t *out, const char *text, size_t len);

#endif /* EVW_BASE64_H */
