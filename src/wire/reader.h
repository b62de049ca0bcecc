/*
 * wire/reader.h
 *	  A bounded walk over MessagePack.
 *
 * Reads in place and allocates nothing.  Depth, counts and lengths are checked
 * against the bytes at hand before anybody trusts them: an array of n elements
 * needs n bytes, a map of n pairs 2n.  The first failure sticks; every read
 * after it returns zero, so a parser can read a whole message and look at
 * "status" once.
 */
#ifndef EVW_READER_H
#define EVW_READER_H

#include "wire/buf.h"
#include "wire/limits.h"

typedef struct EvwReader
{
	const uint8_t *at;
	const uint8_t *end;
	EvwStatus status;
} EvwReader;

typedef enum EvwKind
{
	EVW_KIND_NIL,
	EVW_KIND_BOOL,
	EVW_KIND_UINT, /* also a signed integer that is not negative */
	EVW_KIND_INT,  /* negative */
	EVW_KIND_FLOAT,
	EVW_KIND_STR,
	EVW_KIND_BIN,
	EVW_KIND_ARRAY,
	EVW_KIND_MAP,
	EVW_KIND_EXT,
	EVW_KIND_NONE /* no byte left, a reserved byte, or an earlier failure */
} EvwKind;

extern void evw_reader_init(EvwReader *reader, EvwBytes bytes);

/* Kind of the next object, which is not consumed. */
extern EvwKind evw_reader_peek(EvwReader *reader);

/* Each consumes one object of the kind named, or fails with MALFORMED. */
extern uint32_t evw_read_array(EvwReader *reader);
extern uint32_t evw_read_map(EvwReader *reader);
extern uint64_t evw_read_uint(EvwReader *reader);
extern EvwBytes evw_read_str(EvwReader *reader);
extern EvwBytes evw_read_bin(EvwReader *reader);

/* As evw_read_uint, but fails above "max". */
extern uint32_t evw_read_uint_max(EvwReader *reader, uint32_t max);

/* Consumes a nil if that is next, and says whether it did. */
extern bool evw_read_nil(EvwReader *reader);

/*
 * Consumes one object with all it contains, at most "depth" containers deep
 * and EVW_OBJECTS_MAX objects: TOO_DEEP, TOO_MANY_OBJECTS.
 */
extern void evw_read_skip(EvwReader *reader, int depth);

/* Fails with TRAILING_BYTES if anything is left; returns the reader's status. */
extern EvwStatus evw_reader_finish(EvwReader *reader) EVW_MUST_USE;

#endif /* EVW_READER_H */
