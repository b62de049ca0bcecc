/*
 * net/stats.c
 *	  Counters of STATS.
 */
#include "net/stats.h"

#include "wire/report.h"

void
e3_stats_encode(EvwBuf *buf, uint64_t id, const E3Stats *stats, const E3Latency *latency,
				const E3KeysAtHand *keys, const E3AuditCounts *audit)
{
#define COUNTER(name) {#name, stats->name},
	const EvwCounter counters[] = {
		E3_STATS_LIST(COUNTER){"loop_turns", latency->count},
		{"loop_p50_ns", e3_latency_percentile(latency, 5000)},
		{"loop_p99_ns", e3_latency_percentile(latency, 9900)},
		{"loop_p999_ns", e3_latency_percentile(latency, 9990)},
		{"loop_p9999_ns", e3_latency_percentile(latency, 9999)},
		{"loop_max_ns", latency->max_ns},
		{"keys_ready", keys->ready},
		{"keys_cached", keys->cached},
		{"audit_last", audit->last},
		{"audit_dropped", audit->dropped},
	};
#undef COUNTER

	evw_stats_encode(buf, id, counters, sizeof(counters) / sizeof(counters[0]));
}
