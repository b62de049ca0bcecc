/*
 * rpc/contexts.c
 *	  The contexts of a request's values: a constant is hashed once.
 */
#include "rpc/contexts.h"

#include "wire/limits.h"

#include <string.h>

/* Longer ones are not compared with each other, to see which values go together. */
#define COMPARED_MAX 256

EvwStatus
e3_contexts_check(const EvwRequest *request)
{
	if (request->contexts.bytes.data == NULL)
		return EVW_OK;
	return evw_column_check(&request->contexts, EVW_CONTEXT_MAX, EVW_CONTEXT_TOO_LONG);
}

void
e3_contexts_open(E3Contexts *contexts, const EvwRequest *request)
{
	uint32_t count = evw_column_count(&request->values);

	*contexts = (E3Contexts){.given = request->contexts.bytes.data != NULL};
	if (!contexts->given)
		return;
	contexts->differ = count > 1 && evw_column_count(&request->contexts) == count;
	evw_column_open(&contexts->cursor, &request->contexts);
}

static bool
are_equal(EvwBytes a, EvwBytes b)
{
	return a.len == b.len && (a.data == b.data || memcmp(a.data, b.data, a.len) == 0);
}

size_t
e3_contexts_cost(const E3Contexts *contexts)
{
	if (!contexts->given || (!contexts->differ && contexts->hashed.data != NULL))
		return 0;
	return evw_column_peek(&contexts->cursor).len;
}

EvwStatus
e3_contexts_bind(E3Contexts *contexts, E3Scratch *scratch, E3Aad *aad)
{
	EvwBytes next;
	EvwStatus status;

	if (!contexts->given)
		return EVW_OK;
	next = evw_column_peek(&contexts->cursor);
	if (contexts->hashed.data != NULL && are_equal(next, contexts->hashed))
		return EVW_OK;
	status = e3_aad_bind(aad, scratch, next);
	contexts->hashed = status == EVW_OK ? next : (EvwBytes){NULL, 0};
	return status;
}

uint32_t
e3_contexts_alike(const E3Contexts *contexts, uint32_t most)
{
	EvwColumnCursor cursor = contexts->cursor;
	EvwBytes first;
	uint32_t n = 1;

	if (!contexts->differ || most == 0)
		return most;
	first = evw_column_next(&cursor);
	if (first.len > COMPARED_MAX)
		return 1;
	while (n < most && are_equal(evw_column_next(&cursor), first))
		n++;
	return n;
}
