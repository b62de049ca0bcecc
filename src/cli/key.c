/*
 * cli/key.c
 *	  Ranges of a key, as SQL.
 */
#include "cli/key.h"

#include <stdlib.h>
#include <string.h>

void
evc_bound_copy(EvcBound *to, const EvcBound *from)
{
	EvcBound copy = {.n = from->n};

	for (int i = 0; i < from->n; i++)
		copy.values[i] = evc_copy_text(from->values[i]);
	evc_bound_free(to);
	*to = copy;
}

void
evc_bound_free(EvcBound *bound)
{
	for (int i = 0; i < bound->n; i++)
		free(bound->values[i]);
	bound->n = 0;
}

void
evc_key_free(EvcKey *key)
{
	for (int i = 0; i < key->n; i++)
	{
		EvcKeyColumn *column = &key->columns[i];

		free(column->name);
		free(column->type);
		free(column->less);
		free(column->greater);
		free(column->less_equal);
		free(column->greater_equal);
		free(column->equal);
	}
	key->n = 0;
}

void
evc_key_names(EvcText *sql, const EvcKey *key)
{
	for (int i = 0; i < key->n; i++)
		evc_text_add(sql, "%s%s", i > 0 ? ", " : "", key->columns[i].name);
}

void
evc_key_order(EvcText *sql, const EvcKey *key)
{
	for (int i = 0; i < key->n; i++)
		evc_text_add(sql, "%s%s USING %s", i > 0 ? ", " : "", key->columns[i].name,
					 key->columns[i].less);
}

static void
add_parameters(EvcText *sql, const EvcKey *key, int first)
{
	for (int i = 0; i < key->n; i++)
		evc_text_add(sql, "%s$%d::%s", i > 0 ? ", " : "", first + i,
					 key->columns[i].type);
}

/* Have all columns the same operators by name?  Then rows compare as rows. */
static bool
is_uniform(const EvcKey *key)
{
	for (int i = 1; i < key->n; i++)
		if (strcmp(key->columns[i].greater, key->columns[0].greater) != 0 ||
			strcmp(key->columns[i].less_equal, key->columns[0].less_equal) != 0)
			return false;
	return true;
}

static void
add_rowwise(EvcText *sql, const EvcKey *key, const char *operator_name, int first)
{
	evc_text_add(sql, "(");
	evc_key_names(sql, key);
	evc_text_add(sql, ") %s (", operator_name);
	add_parameters(sql, key, first);
	evc_text_add(sql, ")");
}

/*
 * What a comparison of rows means, column by column: (a >= $1 AND (a > $1 OR b > $2)).
 * The index is used for its first column alone.
 */
static void
add_stepwise(EvcText *sql, const EvcKey *key, bool above, int first)
{
	const EvcKeyColumn *last = &key->columns[key->n - 1];

	for (int i = 0; i < key->n - 1; i++)
	{
		const EvcKeyColumn *column = &key->columns[i];

		evc_text_add(sql, "(%s %s $%d::%s AND (%s %s $%d::%s OR ", column->name,
					 above ? column->greater_equal : column->less_equal, first + i,
					 column->type, column->name, above ? column->greater : column->less,
					 first + i, column->type);
	}
	evc_text_add(sql, "%s %s $%d::%s", last->name,
				 above ? last->greater : last->less_equal, first + key->n - 1,
				 last->type);
	for (int i = 0; i < key->n - 1; i++)
		evc_text_add(sql, "))");
}

static void
add_comparison(EvcText *sql, const EvcKey *key, bool above, int first)
{
	const EvcKeyColumn *column = &key->columns[0];

	if (is_uniform(key))
		add_rowwise(sql, key, above ? column->greater : column->less_equal, first);
	else
		add_stepwise(sql, key, above, first);
}

int
evc_key_range(EvcText *sql, const EvcKey *key, const EvcBound *lower,
			  const EvcBound *upper)
{
	evc_text_add(sql, " WHERE ");
	if (lower->n > 0)
		add_comparison(sql, key, true, 1);
	if (lower->n > 0 && upper->n > 0)
		evc_text_add(sql, " AND ");
	if (upper->n > 0)
		add_comparison(sql, key, false, lower->n + 1);
	if (lower->n + upper->n == 0)
		evc_text_add(sql, "true");
	return lower->n + upper->n;
}
