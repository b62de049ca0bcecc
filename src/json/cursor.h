/*
 * json/cursor.h
 *	  A document token by token, with what of it is meant by paths.
 */
#ifndef EVC_JSON_CURSOR_H
#define EVC_JSON_CURSOR_H

#include "postgres.h"

#include "json/paths.h"
#include "utils/jsonb.h"

/* Containers inside each other, where something in them is meant. */
#define EVC_JSON_DEPTH_MAX 1024

/* A container that paths lead into. */
typedef struct EvcJsonLevel
{
	EvcPathSet set;
	uint32 count; /* elements of an array */
	uint32 next;  /* element */
} EvcJsonLevel;

typedef struct EvcJsonCursor
{
	const EvcPaths *paths;
	JsonbIterator *iterator;
	EvcReach reach; /* of what comes next */
	EvcPathSet set; /* that lead into what comes next */
	int depth;		/* of levels that are open: */
	EvcJsonLevel levels[EVC_PATH_ELEMENTS_MAX];
	int inside; /* containers that are open below, meant as a whole */
	bool too_deep;
} EvcJsonCursor;

/* "paths" NULL: all of the document is meant.  Allocates in the current context. */
extern void evc_json_cursor_init(EvcJsonCursor *cursor, const EvcPaths *paths,
								 Jsonb *document);

/*
 * The next token and its value, as JsonbIteratorNext; a container in which nothing is
 * meant comes as one value.  *meant: the value is a scalar, and it is.  WJB_DONE also
 * where the document is too deep.
 */
extern JsonbIteratorToken evc_json_cursor_next(EvcJsonCursor *cursor, JsonbValue *value,
											   bool *meant);

#endif /* EVC_JSON_CURSOR_H */
