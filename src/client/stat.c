/*
 * client/stat.c
 *	  What has been asked of E3, per operation and curve.
 */
#include "postgres.h"

#include "client/stat.h"

#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"

#define SMALL_MAX 16
#define MEDIUM_MAX 1024

#define N_COUNTERS (sizeof(EvcStat) / sizeof(int64))

/* An EvcStat that many write. */
typedef struct Counters
{
	pg_atomic_uint64 of[N_COUNTERS];
} Counters;

typedef Counters Table[EVC_STAT_OPERATIONS][EVC_STAT_CURVES];

static const struct
{
	EvwVerb verb;
	const char *name;
} operations[EVC_STAT_OPERATIONS] = {
	{EVW_VERB_ENCRYPT, "encrypt"},
	{EVW_VERB_DECRYPT, "decrypt"},
	{EVW_VERB_REENCRYPT, "reencrypt"},
	{EVW_VERB_BLIND_INDEX, "blind_index"},
};

static Table own;
static Table *table = &own;
static shmem_request_hook_type prev_shmem_request_hook;
static shmem_startup_hook_type prev_shmem_startup_hook;

EvcStatClass
evc_stat_class(uint32 n_values)
{
	if (n_values <= SMALL_MAX)
		return EVC_STAT_SMALL;
	return n_values <= MEDIUM_MAX ? EVC_STAT_MEDIUM : EVC_STAT_LARGE;
}

/* EvcStat is all counters, one after the other. */
static void
add(Counters *counters, const EvcStat *delta)
{
	const int64 *more = (const int64 *) delta;

	for (size_t i = 0; i < N_COUNTERS; i++)
		if (more[i] != 0)
			(void) pg_atomic_fetch_add_u64(&counters->of[i], more[i]);
}

void
evc_stat_add(EvwVerb verb, EvwCurve curve, const EvcStat *delta)
{
	for (int i = 0; i < EVC_STAT_OPERATIONS; i++)
		if (operations[i].verb == verb)
			add(&(*table)[i][curve], delta);
}

void
evc_stat_read(int operation, EvwCurve curve, EvcStat *stat)
{
	Counters *counters = &(*table)[operation][curve];
	int64 *sums = (int64 *) stat;

	for (size_t i = 0; i < N_COUNTERS; i++)
		sums[i] = (int64) pg_atomic_read_u64(&counters->of[i]);
}

const char *
evc_stat_operation_name(int operation)
{
	return operations[operation].name;
}

bool
evc_stat_has_curve(int operation)
{
	return operations[operation].verb != EVW_VERB_BLIND_INDEX;
}

static void
each_counter(Table *counters, void (*set)(volatile pg_atomic_uint64 *, uint64))
{
	for (int i = 0; i < EVC_STAT_OPERATIONS; i++)
		for (int j = 0; j < EVC_STAT_CURVES; j++)
			for (size_t k = 0; k < N_COUNTERS; k++)
				set(&(*counters)[i][j].of[k], 0);
}

void
evc_stat_reset(void)
{
	each_counter(table, pg_atomic_write_u64);
}

static void
request_shmem(void)
{
	if (prev_shmem_request_hook != NULL)
		prev_shmem_request_hook();
	RequestAddinShmemSpace(sizeof(Table));
}

static void
startup_shmem(void)
{
	bool found;

	if (prev_shmem_startup_hook != NULL)
		prev_shmem_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	table = ShmemInitStruct("evcrypt statistics", sizeof(Table), &found);
	if (!found)
		each_counter(table, pg_atomic_init_u64);
	LWLockRelease(AddinShmemInitLock);
}

void
evc_stat_init(void)
{
	each_counter(&own, pg_atomic_init_u64);
	if (!process_shared_preload_libraries_in_progress)
		return;
	prev_shmem_request_hook = shmem_request_hook;
	shmem_request_hook = request_shmem;
	prev_shmem_startup_hook = shmem_startup_hook;
	shmem_startup_hook = startup_shmem;
}
