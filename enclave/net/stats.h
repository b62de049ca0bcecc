/*
 * net/stats.h
 *	  Counters of STATS.  Only the network thread touches them.
 */
#ifndef E3_STATS_H
#define E3_STATS_H

#include "base/latency.h"
#include "wire/buf.h"

#include <stdint.h>

/* X(name): every counter, since start; connections_open is of now. */
#define E3_STATS_LIST(X)                                                                 \
	X(connections_accepted)                                                              \
	X(connections_refused)                                                               \
	X(connections_open)                                                                  \
	X(handshakes_failed)                                                                 \
	X(requests)                                                                          \
	X(requests_encrypt)                                                                  \
	X(requests_decrypt)                                                                  \
	X(requests_reencrypt)                                                                \
	X(requests_blind_index)                                                              \
	X(requests_echo)                                                                     \
	X(requests_attest)                                                                   \
	X(requests_failed)                                                                   \
	X(requests_cancelled)                                                                \
	X(values_done)                                                                       \
	X(protocol_errors)                                                                   \
	X(bytes_in)                                                                          \
	X(bytes_out)

typedef struct E3Stats
{
#define E3_STATS_FIELD(name) uint64_t name;
	E3_STATS_LIST(E3_STATS_FIELD)
#undef E3_STATS_FIELD
} E3Stats;

/* Keys that need not be derived. */
typedef struct E3KeysAtHand
{
	uint32_t ready;	 /* made ahead, for requests to come */
	uint32_t cached; /* of ciphertexts that have been opened */
} E3KeysAtHand;

/* Of the audit; zero if there is none. */
typedef struct E3AuditCounts
{
	uint64_t last;	  /* number of its last record */
	uint64_t dropped; /* records that could not be written */
} E3AuditCounts;

/* RESULT of STATS for who is no administrator: what its own connection has done. */
extern void e3_stats_encode_own(EvwBuf *buf, uint64_t id, const E3Stats *own);

/* RESULT of STATS, with the times of the loop's turns and of stopping workers. */
extern void e3_stats_encode(EvwBuf *buf, uint64_t id, const E3Stats *stats,
							const E3Latency *loop, const E3Latency *stops,
							const E3KeysAtHand *keys, const E3AuditCounts *audit);

#endif /* E3_STATS_H */
