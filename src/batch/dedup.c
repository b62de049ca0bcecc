/*
 * batch/dedup.c
 *	  Which ciphertexts of a batch are equal, so that each is opened once.
 *
 * Open addressing with few probes.  IV and tag of a ciphertext are as good as
 * random, so the hash looks at those bytes alone; who makes ciphertexts whose
 * hashes collide only makes them be opened one by one.
 */
#include "postgres.h"

#include "batch/dedup.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "wire/limits.h"

#define SLOTS_MIN 64
#define SLOTS_MAX 65536
#define PROBES 8

#define GOLDEN_RATIO UINT64CONST(0x9E3779B97F4A7C15)

/* The end of the IV, and that of the tag or of what is in its place. */
#define HASHED_LEN 8
#define IV_HASHED (EVW_ENVELOPE_HEAD - HASHED_LEN)

void
evc_dedup_init(EvcDedup *dedup, MemoryContext context)
{
	*dedup = (EvcDedup){.context = context, .slots = &dedup->only, .n_slots = 1};
}

static uint32
hash_of(EvwBytes value)
{
	uint64 iv;
	uint64 tail;

	if (value.len < EVW_ENVELOPE_HEAD + HASHED_LEN)
		return hash_bytes(value.data, (int) value.len);
	memcpy(&iv, value.data + IV_HASHED, HASHED_LEN);
	memcpy(&tail, value.data + value.len - HASHED_LEN, HASHED_LEN);
	return (uint32) ((iv ^ tail) * GOLDEN_RATIO >> 32);
}

/*
 * Where the value is, or else an empty slot for it; or its home, if the slots
 * near that are taken.
 */
static EvcDedupSlot *
find_slot(const EvcDedup *dedup, const uint8_t *bytes, EvwBytes value, bool *found)
{
	uint32 hash = hash_of(value);
	uint32 mask = dedup->n_slots - 1;

	*found = false;
	for (uint32 i = 0; i < PROBES; i++)
	{
		EvcDedupSlot *slot = &dedup->slots[(hash + i) & mask];

		if (slot->number == 0)
			return slot;
		*found = slot->len == value.len &&
				 memcmp(bytes + slot->offset, value.data, value.len) == 0;
		if (*found)
			return slot;
	}
	return &dedup->slots[hash & mask];
}

/* Doubles the slots; a value that finds no place in them is forgotten. */
static void
grow(EvcDedup *dedup, const uint8_t *bytes)
{
	EvcDedupSlot *old = dedup->slots;
	uint32 n_old = dedup->n_slots;
	bool found;

	dedup->n_slots = Max(n_old * 2, SLOTS_MIN);
	dedup->slots =
		MemoryContextAllocZero(dedup->context, dedup->n_slots * sizeof(EvcDedupSlot));
	for (uint32 i = 0; i < n_old; i++)
		if (old[i].number != 0)
		{
			EvwBytes value = {bytes + old[i].offset, old[i].len};

			*find_slot(dedup, bytes, value, &found) = old[i];
		}
	if (old != &dedup->only)
		pfree(old);
}

int64
evc_dedup_look(EvcDedup *dedup, const uint8_t *bytes, EvwBytes value, size_t offset,
			   uint32 number)
{
	bool found;
	EvcDedupSlot *slot;

	slot = find_slot(dedup, bytes, value, &found);
	if (found)
	{
		dedup->n_found++;
		return (int64) slot->number - 1;
	}
	if (dedup->n_used * 2 >= dedup->n_slots && dedup->n_used > 0 &&
		dedup->n_slots < SLOTS_MAX)
	{
		grow(dedup, bytes);
		slot = find_slot(dedup, bytes, value, &found);
	}
	dedup->n_used += slot->number == 0;
	*slot =
		(EvcDedupSlot){.number = number + 1, .len = (uint32) value.len, .offset = offset};
	return -1;
}

void
evc_dedup_reset(EvcDedup *dedup)
{
	memset(dedup->slots, 0, dedup->n_slots * sizeof(EvcDedupSlot));
	dedup->n_used = 0;
	dedup->n_found = 0;
}
