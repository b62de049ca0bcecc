/*
 * copy/shape.h
 *	  The columns that are copied, numbered from 0 in the order of the input.
 */
#ifndef EVC_COPY_SHAPE_H
#define EVC_COPY_SHAPE_H

#include "postgres.h"

#include "access/attnum.h"

#include "batch/marker.h"
#include "label/context.h"

typedef struct EvcCopyField
{
	AttrNumber number;		  /* in the table */
	const char *name;		  /* likewise */
	EvcMarker *marker;		  /* NULL: copied as it is */
	int group;				  /* of a set's, that has batches of the marker's kind */
	EvcLabelContext *context; /* that its values are bound to; NULL: none */
	AttrNumber bound_to;	  /* column whose value that needs; 0: none */
	int place;				  /* of its ciphertext in a row, from 0 */
	Oid domain;				  /* over the type encrypted; InvalidOid: none */
	void *domain_cache;		  /* domain_check's */
} EvcCopyField;

/* What the sets of one load have in common. */
typedef struct EvcCopyShape
{
	int n_fields;
	EvcCopyField *fields;
	int n_places;
	int n_groups; /* kinds of batches that they need */
} EvcCopyShape;

/* The fields' markers are known: which of them share batches. */
extern void evc_shape_group(EvcCopyShape *shape);

#endif /* EVC_COPY_SHAPE_H */
