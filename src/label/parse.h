/*
 * label/parse.h
 *	  The text of a security label, taken apart.
 *
 *	  label    = item *("," item)			each key once, in any order
 *	  item     = "app=" name | "role=" name | "type=" type | "context=" context
 *	  context  = constant | column | constant ["||"] column
 *	  constant = "'" ... "'"				a quote in it is doubled
 *	  column   = "column(" name ")"			as in SQL, also in double quotes
 *
 * Space may stand around each token.  The parser takes any bytes, allocates and
 * raises nothing, and knows nothing of PostgreSQL, so that it can be tested without.
 */
#ifndef EVC_LABEL_PARSE_H
#define EVC_LABEL_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/limits.h"

/* Bytes, without a terminator. */
#define EVC_LABEL_TEXT_MAX 4096
#define EVC_LABEL_TYPE_MAX 256
#define EVC_LABEL_CONSTANT_MAX 1024
#define EVC_LABEL_COLUMN_MAX 63

/* Strings end with a NUL; an empty one was not given. */
typedef struct EvcLabel
{
	char app[EVW_APP_MAX + 1];
	char role[EVW_ROLE_MAX + 1];
	char type[EVC_LABEL_TYPE_MAX + 1]; /* as it is written */
	bool has_context;
	bool has_constant; /* which may be empty */
	char constant[EVC_LABEL_CONSTANT_MAX + 1];
	char column[EVC_LABEL_COLUMN_MAX + 1];
	bool column_quoted; /* else its case is still to be folded */
} EvcLabel;

/*
 * Fills "label" and returns NULL, or what is wrong, and in *at where: an offset into
 * the text.
 */
extern const char *evc_label_parse(EvcLabel *label, const char *text, size_t len,
								   size_t *at);

#endif /* EVC_LABEL_PARSE_H */
