/*
 * copy/context.h
 *	  Where in the input an error is, without what stands there.
 */
#ifndef EVC_COPY_CONTEXT_H
#define EVC_COPY_CONTEXT_H

#include "copy/state.h"

/*
 * evc_load_advance, under a context line of its own in place of the outer COPY's,
 * which knows nothing of the input.
 */
extern bool evc_context_advance(EvcLoad *load);

/* "COPY table, line n, column c", palloc'd. */
extern char *evc_context_text(const EvcLoad *load);

#endif /* EVC_COPY_CONTEXT_H */
