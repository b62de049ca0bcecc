/*
 * batch/results.h
 *	  What came back of a batch's values, where the reply lies.
 *
 * In line where every value is asked for.
 */
#ifndef EVC_RESULTS_H
#define EVC_RESULTS_H

#include "postgres.h"

#include "wire/reply.h"

typedef struct EvcResults
{
	uint32 count;
	const uint8_t *bytes;	 /* one after the other */
	const uint8_t *statuses; /* of each; NULL: all are EVW_OK */
	uint32 *offsets;		 /* of each in the bytes, and of their end */
	uint32 n_offsets;		 /* room for */
	bool ascii;				 /* as soon as that is known */
	bool ascii_known;
	struct EvcResults *further; /* those with higher numbers; NULL: none */
} EvcResults;

/*
 * Those of "count" values, as many as the reply has, which lives longer.  "context"
 * is for the offsets, whose memory is used again.
 */
extern void evc_results_set(EvcResults *results, MemoryContext context,
							const EvwResult *reply, uint32 count);

/* There are none; memory stays. */
extern void evc_results_clear(EvcResults *results);

/* The bytes of one if EVW_OK, or else the status of a value that failed. */
static inline EvwStatus
evc_results_get(const EvcResults *results, uint32 index, EvwBytes *bytes)
{
	uint8_t code;

	while (index >= results->count)
	{
		index -= results->count;
		results = results->further;
	}
	bytes->data = results->bytes + results->offsets[index];
	bytes->len = results->offsets[index + 1] - results->offsets[index];
	code = results->statuses != NULL ? results->statuses[index] : 0;
	return code == 0 ? EVW_OK : (EvwStatus) (EVW_VALUE_STATUS_BASE + code);
}

/* evc_results_are_ascii, which had not been asked before. */
extern bool evc_results_look_for_ascii(EvcResults *results);

/* ASCII without NUL, which is text in every encoding? */
static inline bool
evc_results_are_ascii(EvcResults *results)
{
	return results->ascii_known ? results->ascii : evc_results_look_for_ascii(results);
}

#endif /* EVC_RESULTS_H */
