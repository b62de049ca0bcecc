/*
 * rpc/kept.h
 *	  What the envelope of a value that has been opened says beside its plaintext, to be
 *	  said again by another envelope: one byte datatype, one byte length of the data role,
 *	  and that.
 */
#ifndef E3_KEPT_H
#define E3_KEPT_H

#include "wire/envelope.h"

static inline EvwDatatype
e3_kept_datatype(const uint8_t *kept)
{
	return (EvwDatatype) kept[0];
}

static inline EvwBytes
e3_kept_role(const uint8_t *kept)
{
	return (EvwBytes){kept + 2, kept[1]};
}

static inline size_t
e3_kept_len(const uint8_t *kept)
{
	return (size_t) 2 + kept[1];
}

/* Appends; the role has at most 255 bytes. */
static inline void
e3_kept_append(EvwBuf *buf, EvwDatatype datatype, EvwBytes role)
{
	const uint8_t head[] = {(uint8_t) datatype, (uint8_t) role.len};

	evw_buf_append(buf, head, sizeof(head));
	if (role.len > 0)
		evw_buf_append(buf, role.data, role.len);
}

#endif /* E3_KEPT_H */
