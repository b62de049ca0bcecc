/*
 * copy/options.h
 *	  The options ENCRYPT and DECRYPT, and the columns that they name.
 */
#ifndef EVC_COPY_OPTIONS_H
#define EVC_COPY_OPTIONS_H

#include "postgres.h"

#include "access/attnum.h"
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
#include "utils/relcache.h"

#include "batch/marker.h"
#include "label/label.h"

/* A column whose values are plaintext outside and ciphertext inside. */
typedef struct EvcCopyColumn
{
	AttrNumber number;
	Oid encrypted; /* the type "encrypted", which the column or its domain has */
	Oid type;	   /* of the plaintext */
	int32 typmod;
	EvcColumnLabel *label; /* NULL: it has none */
} EvcCopyColumn;

/* Is one of the options ENCRYPT or DECRYPT? */
extern bool evc_copy_options_ours(List *options);

/*
 * Takes the option that fits the direction of the copy out of the statement.
 * Raises what is wrong with the options as such: the other direction, two of
 * them, no list.
 */
extern DefElem *evc_copy_options_take(ParseState *pstate, CopyStmt *stmt);

/*
 * The columns that the option names, as EvcCopyColumn; there is one at least.  Of
 * those that are copied, whose numbers are in "copied".
 */
extern List *evc_copy_columns(ParseState *pstate, const DefElem *option, Relation rel,
							  List *copied);

/* Number of the column that the context of this one needs, or InvalidAttrNumber. */
extern AttrNumber evc_copy_bound_to(const EvcCopyColumn *column);

/* "copied", and after them those that contexts need besides. */
extern List *evc_copy_needed(List *columns, List *copied);

/*
 * The marker of the column's calls, in the current memory context; with the app and the
 * role that its label names.
 */
extern EvcMarker *evc_copy_marker(const EvcCopyColumn *column, EvcMarkerKind kind);

/* What DECRYPT calls for the column: decrypt, or decrypt_as where it is not text. */
extern EvcMarkerKind evc_copy_decrypt_kind(const EvcCopyColumn *column);

/* The one with this number, or NULL. */
extern EvcCopyColumn *evc_copy_column(List *columns, AttrNumber number);

#endif /* EVC_COPY_OPTIONS_H */
