/*
 * wire/message.h
 *	  What every message has: a type, an id, a header; and columns of values.
 *
 * A message is one MessagePack array [type, id, header, columns...].  The
 * header is a map with string keys; unknown keys are skipped, a key given
 * twice is an error.  A column of values is two bins: the bytes one after the
 * other, and their lengths as little-endian u32.
 */
#ifndef EVW_MESSAGE_H
#define EVW_MESSAGE_H

#include "wire/buf.h"
#include "wire/reader.h"

/* Message types.  Requests and HELLO are below 64, replies from 64 on. */
typedef enum EvwVerb
{
	EVW_VERB_HELLO = 1,
	EVW_VERB_ATTEST = 2,
	EVW_VERB_ENCRYPT = 3,
	EVW_VERB_DECRYPT = 4,
	EVW_VERB_REENCRYPT = 5,
	EVW_VERB_BLIND_INDEX = 6,
	EVW_VERB_CANCEL = 7,
	EVW_VERB_HEALTH = 8,
	EVW_VERB_STATS = 9,
	EVW_VERB_KEYS = 10,
	EVW_VERB_ECHO = 11,
	EVW_VERB_RELOAD = 12,
	EVW_VERB_RESULT = 64,
	EVW_VERB_ERROR = 65,
	EVW_VERB_CANCELLED = 66
} EvwVerb;

/* Values of the same batch, in place. */
typedef struct EvwColumn
{
	EvwBytes bytes;
	EvwBytes lengths; /* 4 bytes a value */
} EvwColumn;

/* A message taken apart as far as every type is alike. */
typedef struct EvwMessage
{
	uint32_t type;
	uint64_t id;
	EvwBytes header;	/* encoded map */
	EvwReader columns;	/* stands on the first column */
	uint32_t n_columns; /* objects left in the array */
} EvwMessage;

/*
 * Walks the whole body (depth, counts and lengths checked, no byte left over)
 * and splits it.  Everything points into "body".
 */
extern EvwStatus evw_message_split(EvwBytes body, EvwMessage *message) EVW_MUST_USE;

/* Frame, array of 3 + n_columns, type and id; the header comes next. */
extern void evw_message_begin(EvwBuf *buf, EvwVerb type, uint64_t id, uint32_t n_columns);

/* Number of values in a column. */
extern uint32_t evw_column_count(const EvwColumn *column);

/*
 * Checks that lengths add up to the bytes and that none is above "max".
 * BAD_COLUMNS, or "too_long".
 */
extern EvwStatus evw_column_check(const EvwColumn *column, uint32_t max,
								  EvwStatus too_long) EVW_MUST_USE;

/* The values of a column that has been checked, one after the other; in line. */
typedef struct EvwColumnCursor
{
	const uint8_t *at;
	const uint8_t *length_at;
} EvwColumnCursor;

extern void evw_column_open(EvwColumnCursor *cursor, const EvwColumn *column);

/* The value that is next; there is one. */
static inline EvwBytes
evw_column_peek(const EvwColumnCursor *cursor)
{
	return (EvwBytes){cursor->at, evw_get_le32(cursor->length_at)};
}

/* The same, and goes on to the one after it. */
static inline EvwBytes
evw_column_next(EvwColumnCursor *cursor)
{
	EvwBytes value = evw_column_peek(cursor);

	cursor->at += value.len;
	cursor->length_at += 4;
	return value;
}

/*
 * Columns of a message, in order; nil or a missing column gives data NULL.  An
 * object of another kind fails message->columns.
 */
extern EvwBytes evw_message_bin(EvwMessage *message);

/*
 * Both bins of a value column.  BAD_COLUMNS if only one is there, or an object
 * of another kind; TOO_MANY_VALUES.
 */
extern EvwStatus evw_message_column(EvwMessage *message, EvwColumn *column) EVW_MUST_USE;

/*
 * The keys of a header map, one after the other.  "known" lists the keys that
 * the caller knows, ending with NULL; others are skipped with their value.
 * Returns the index of the next known key, whose value is next in "reader",
 * or -1 at the end or on failure, when reader->status is MALFORMED or
 * BAD_HEADER (doubled key).
 */
typedef struct EvwHeaderKeys
{
	EvwReader reader;
	const char *const *known;
	uint32_t pairs; /* left */
	uint32_t seen;	/* bit set of known keys */
} EvwHeaderKeys;

extern void evw_header_open(EvwHeaderKeys *keys, EvwBytes header,
							const char *const *known);
extern int evw_header_next(EvwHeaderKeys *keys);

#endif /* EVW_MESSAGE_H */
