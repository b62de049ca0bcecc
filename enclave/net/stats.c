/*
 * net/stats.c
 *	  Counters of STATS.
 */
#include "net/stats.h"

#include "wire/report.h"

void
e3_stats_encode(EvwBuf *buf, uint64_t id, const E3Stats *stats)
{
#define COUNTER(name) {#name, stats->name},
	const EvwCounter counters[] = {E3_STATS_LIST(COUNTER)};
#undef COUNTER

	evw_stats_encode(buf, id, counters, sizeof(counters) / sizeof(counters[0]));
}
