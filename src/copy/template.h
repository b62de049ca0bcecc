/*
 * copy/template.h
 *	  A table as core's parser is to see it: the same but for types of columns.
 */
#ifndef EVC_COPY_TEMPLATE_H
#define EVC_COPY_TEMPLATE_H

#include "postgres.h"

#include "access/attnum.h"
#include "utils/relcache.h"

/* A copy, in the current memory context, that depends on nothing of the original. */
extern Relation evc_template_new(Relation rel);

/* The column gets this type, and loses its default. */
extern void evc_template_set_type(Relation template, AttrNumber number, Oid type,
								  int32 typmod);

#endif /* EVC_COPY_TEMPLATE_H */
