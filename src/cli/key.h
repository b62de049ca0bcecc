/*
 * cli/key.h
 *	  The key by which a table is walked, and ranges of it, as SQL.
 *
 * A range goes from a lower bound, which is not in it, to an upper one, which is; a
 * bound that is missing is no bound.  Ranges that follow each other have every row
 * once, since all comparisons are those of the index' own operators.
 */
#ifndef EVC_CLI_KEY_H
#define EVC_CLI_KEY_H

#include <stdbool.h>

#include "cli/sqltext.h"

#define EVC_KEY_COLUMNS_MAX 32

typedef struct EvcKeyColumn
{
	char *name;	   /* quoted */
	char *type;	   /* without a modifier, as in a cast */
	char *less;	   /* OPERATOR(schema.<) */
	char *greater; /* and so on, of the index' family */
	char *less_equal;
	char *greater_equal;
	char *equal;
} EvcKeyColumn;

typedef struct EvcKey
{
	int n;
	EvcKeyColumn columns[EVC_KEY_COLUMNS_MAX];
} EvcKey;

/* A place in a key: its values as text, owned; none: no bound. */
typedef struct EvcBound
{
	int n;
	char *values[EVC_KEY_COLUMNS_MAX];
} EvcBound;

extern void evc_bound_copy(EvcBound *to, const EvcBound *from);
extern void evc_bound_free(EvcBound *bound);
extern void evc_key_free(EvcKey *key);

/* "a, b" and "a USING OPERATOR(pg_catalog.<), b USING ...". */
extern void evc_key_names(EvcText *sql, const EvcKey *key);
extern void evc_key_order(EvcText *sql, const EvcKey *key);

/*
 * " WHERE ..." for rows between two bounds, whose values are the parameters $1 and
 * on, the lower's first; without bounds it is true.  Returns how many parameters.
 */
extern int evc_key_range(EvcText *sql, const EvcKey *key, const EvcBound *lower,
						 const EvcBound *upper);

#endif /* EVC_CLI_KEY_H */
