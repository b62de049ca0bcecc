/*
 * rpc/contexts.h
 *	  The contexts of a request's values, hashed one after the other.
 */
#ifndef E3_CONTEXTS_H
#define E3_CONTEXTS_H

#include "rpc/aad.h"
#include "wire/request.h"

typedef struct E3Contexts
{
	bool given;				/* the values have contexts */
	bool differ;			/* one a value; else one for all */
	EvwColumnCursor cursor; /* on the context of the value that is next */
	EvwBytes hashed;		/* whose digest is at hand; data NULL: none */
} E3Contexts;

/* Refuses the column if it is not what it should be. */
extern EvwStatus e3_contexts_check(const EvwRequest *request) EVW_MUST_USE;

/* Begins with those of the first value; the request must outlive it. */
extern void e3_contexts_open(E3Contexts *contexts, const EvwRequest *request);

/* Bytes that are to be hashed for the next value, at most. */
extern size_t e3_contexts_cost(const E3Contexts *contexts);

/* Puts the digest of the next value's context into "aad", if there are contexts. */
extern EvwStatus e3_contexts_bind(E3Contexts *contexts, E3Scratch *scratch,
								  E3Aad *aad) EVW_MUST_USE;

/*
 * How many values from the next one on, "most" at most, share its context; one, where
 * it takes long to see.
 */
extern uint32_t e3_contexts_alike(const E3Contexts *contexts, uint32_t most);

/* So many values are done; in line, as that is said of every value. */
static inline void
e3_contexts_pass(E3Contexts *contexts, uint32_t n)
{
	if (contexts->differ)
		while (n-- > 0)
			(void) evw_column_next(&contexts->cursor);
}

#endif /* E3_CONTEXTS_H */
