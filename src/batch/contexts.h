/*
 * batch/contexts.h
 *	  Contexts of a batch's values, as the columns of a request.
 *
 * As long as all values have the same one, which is the rule where it is a
 * constant, it stands there once.
 */
#ifndef EVC_CONTEXTS_H
#define EVC_CONTEXTS_H

#include "postgres.h"

#include "wire/buf.h"

typedef struct EvcContexts
{
	EvwBuf bytes;
	EvwBuf lengths;	 /* 4 bytes each */
	uint32 n_starts; /* room for */
	uint32 *starts;	 /* of each in the bytes */
	uint32 count;	 /* that stand there: one for all, or one a value */
	bool differ;	 /* one a value */
	MemoryContext context;
} EvcContexts;

extern void evc_contexts_init(EvcContexts *contexts, MemoryContext context);

/* Bytes of a frame that they take ... */
extern size_t evc_contexts_size(const EvcContexts *contexts);

/* ... and that they would take with that of one more value, which has this number. */
extern size_t evc_contexts_size_with(const EvcContexts *contexts, uint32 number,
									 EvwBytes more);

/* Adds a copy of the context of the value with this number; they come in order. */
extern void evc_contexts_add(EvcContexts *contexts, uint32 number, EvwBytes more);

/* Is this the context of that value? */
extern bool evc_contexts_match(const EvcContexts *contexts, uint32 number,
							   EvwBytes context);

/* Forgets those of all values but the first "count". */
extern void evc_contexts_truncate(EvcContexts *contexts, uint32 count);

/* Overwrites them: their memory is about to go. */
extern void evc_contexts_wipe(EvcContexts *contexts);

/* Overwrites and forgets them. */
extern void evc_contexts_reset(EvcContexts *contexts);

#endif /* EVC_CONTEXTS_H */
