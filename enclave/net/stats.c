/*
 * net/stats.c
 *	  Counters of STATS.
 */
#include "net/stats.h"

#include "wire/report.h"

void
e3_stats_encode(EvwBuf *buf, uint64_t id, const E3Stats *stats, const E3Latency *loop,
				const E3Latency *stops, const E3KeysAtHand *keys,
				const E3AuditCounts *audit)
{
#define COUNTER(name) {#name, stats->name},
	const EvwCounter counters[] = {
		E3_STATS_LIST(COUNTER){"loop_turns", loop->count},
		{"loop_p50_ns", e3_latency_percentile(loop, 5000)},
		{"loop_p99_ns", e3_latency_percentile(loop, 9900)},
		{"loop_p999_ns", e3_latency_percentile(loop, 9990)},
		{"loop_p9999_ns", e3_latency_percentile(loop, 9999)},
		{"loop_max_ns", loop->max_ns},
		{"stops", stops->count},
		{"stop_p50_ns", e3_latency_percentile(stops, 5000)},
		{"stop_p99_ns", e3_latency_percentile(stops, 9900)},
		{"stop_max_ns", stops->max_ns},
		{"keys_ready", keys->ready},
		{"keys_cached", keys->cached},
		{"audit_last", audit->last},
		{"audit_dropped", audit->dropped},
	};
#undef COUNTER

	evw_stats_encode(buf, id, counters, sizeof(counters) / sizeof(counters[0]));
}

void
e3_stats_encode_own(EvwBuf *buf, uint64_t id, const E3Stats *own)
{
	const EvwCounter counters[] = {
		{"requests", own->requests},
		{"requests_encrypt", own->requests_encrypt},
		{"requests_decrypt", own->requests_decrypt},
		{"requests_reencrypt", own->requests_reencrypt},
		{"requests_blind_index", own->requests_blind_index},
		{"requests_echo", own->requests_echo},
		{"requests_attest", own->requests_attest},
		{"requests_failed", own->requests_failed},
		{"requests_cancelled", own->requests_cancelled},
		{"values_done", own->values_done},
	};

	evw_stats_encode(buf, id, counters, sizeof(counters) / sizeof(counters[0]));
}
