/*
 * copy/defaults.h
 *	  Defaults of columns that core does not evaluate for us.
 */
#ifndef EVC_COPY_DEFAULTS_H
#define EVC_COPY_DEFAULTS_H

#include "copy/state.h"

#include "utils/relcache.h"

/* Columns whose types the outer COPY was not shown still get their defaults. */
extern void evc_defaults_add(CopyFromState outer, Relation rel, List *columns);

/*
 * Defaults of the fields, NULL where a column has none: of those that the input lacks,
 * and of all if it may ask for them, when the inner COPY accepts the marker for those
 * that have one.
 */
extern ExprState **evc_defaults_of_fields(EvcLoad *load, Relation rel);

#endif /* EVC_COPY_DEFAULTS_H */
