/*
 * label/label.h
 *	  The label of a column for evcrypt, and what its names stand for.
 *
 * Labels are kept by PostgreSQL as text, so that they are dumped.  A partition has
 * none of its own: its columns have those of the columns of the same names in the
 * root.
 */
#ifndef EVC_LABEL_H
#define EVC_LABEL_H

#include "postgres.h"

#include "access/attnum.h"
#include "nodes/pg_list.h"
#include "utils/relcache.h"

#include "label/parse.h"

#define EVC_LABEL_PROVIDER "evcrypt"

typedef struct EvcColumnLabel
{
	EvcLabel parts;
	Oid type;			/* InvalidOid: not given */
	int32 typmod;		/* of that */
	AttrNumber context; /* column of the context; InvalidAttrNumber: none */
} EvcColumnLabel;

/* Where labels of the relation's columns are: its root if it is a partition, or it. */
extern Oid evc_label_root(Oid relation);

/*
 * Fills "label" for a column, whose number is that in "rel"; false if it has no label.
 * Raises 42601 if the text is none, 42703 if the column of the context does not exist,
 * 42704 if the type does not, and 42804 if one of the two is of no use.
 */
extern bool evc_label_find(Relation rel, AttrNumber number, EvcColumnLabel *label);

/* The same of a label that the column is about to get. */
extern void evc_label_read(Relation rel, AttrNumber number, const char *text,
						   EvcColumnLabel *label);

/* The name of the context's column as the catalog has it, palloc'd. */
extern char *evc_label_column_name(const EvcLabel *parts);

#endif /* EVC_LABEL_H */
