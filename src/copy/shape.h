/*
 * copy/shape.h
 *	  The columns that are copied, numbered from 0 in the order of the input.
 */
#ifndef EVC_COPY_SHAPE_H
#define EVC_COPY_SHAPE_H

#include "postgres.h"

#include "access/attnum.h"

#include "batch/marker.h"

typedef struct EvcCopyField
{
	AttrNumber number;	/* in the table */
	const char *name;	/* likewise */
	EvcMarker *marker;	/* NULL: copied as it is */
	int place;			/* of its ciphertext in a row, from 0 */
	Oid domain;			/* over the type encrypted; InvalidOid: none */
	void *domain_cache; /* domain_check's */
} EvcCopyField;

/* What the sets of one load have in common. */
typedef struct EvcCopyShape
{
	int n_fields;
	EvcCopyField *fields;
	int n_places;
} EvcCopyShape;

#endif /* EVC_COPY_SHAPE_H */
