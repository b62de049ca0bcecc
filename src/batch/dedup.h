/*
 * batch/dedup.h
 *	  Which ciphertexts of a batch are equal, so that each is opened once.
 *
 * A hint, not a set: at a bounded cost a value, whatever the values are, most
 * of those that are equal are found.  Where the first few hundred are all
 * different, those after them are not looked at.
 */
#ifndef EVC_DEDUP_H
#define EVC_DEDUP_H

#include "postgres.h"

#include "wire/buf.h"

/* Of so many values some are equal, or it is not worth looking. */
#define EVC_DEDUP_TRIAL 256

typedef struct EvcDedupSlot
{
	uint32 number; /* of the value, from 1; 0: empty */
	uint32 len;
	size_t offset; /* of its bytes */
} EvcDedupSlot;

typedef struct EvcDedup
{
	MemoryContext context;
	EvcDedupSlot only; /* the slots, while there is one */
	EvcDedupSlot *slots;
	uint32 n_slots; /* a power of two */
	uint32 n_used;
	uint32 n_found; /* equal ones */
} EvcDedup;

extern void evc_dedup_init(EvcDedup *dedup, MemoryContext context);

/* The next one's, where it is worth looking. */
extern int64 evc_dedup_look(EvcDedup *dedup, const uint8_t *bytes, EvwBytes value,
							size_t offset, uint32 number);

/* Is it worth looking for one that is equal to the value with this number? */
static inline bool
evc_dedup_looks(const EvcDedup *dedup, uint32 number)
{
	return dedup->n_found > 0 || number < EVC_DEDUP_TRIAL;
}

/*
 * The number, from 0, of an equal value among those noted, or -1; the value is
 * then noted with this number.  "bytes" hold the noted values at their offsets,
 * and this one will follow at "offset".
 */
static inline int64
evc_dedup_note(EvcDedup *dedup, const uint8_t *bytes, EvwBytes value, size_t offset,
			   uint32 number)
{
	if (!evc_dedup_looks(dedup, number))
		return -1;
	return evc_dedup_look(dedup, bytes, value, offset, number);
}

/* Forgets all values; memory stays. */
extern void evc_dedup_reset(EvcDedup *dedup);

#endif /* EVC_DEDUP_H */
