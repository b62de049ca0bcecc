/*
 * attest/cbor_write.h
 *	  CBOR (RFC 8949) appended to a buffer: heads by libcbor, each in its shortest form.
 */
#ifndef E3_CBOR_WRITE_H
#define E3_CBOR_WRITE_H

#include "wire/buf.h"

extern void e3_cbor_uint(EvwBuf *buf, uint64_t number);
extern void e3_cbor_negative(EvwBuf *buf, uint64_t minus_one); /* -1 - minus_one */
extern void e3_cbor_bytes(EvwBuf *buf, EvwBytes bytes);
extern void e3_cbor_text(EvwBuf *buf, const char *text);
extern void e3_cbor_null(EvwBuf *buf);
extern void e3_cbor_tag(EvwBuf *buf, uint64_t tag);

/* Heads alone: of so many items or pairs, which follow. */
extern void e3_cbor_array(EvwBuf *buf, size_t count);
extern void e3_cbor_map(EvwBuf *buf, size_t count);

#endif /* E3_CBOR_WRITE_H */
