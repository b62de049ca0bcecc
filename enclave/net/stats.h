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
	X(requests)                                                                          \
	X(requests_encrypt)                                                                  \
	X(requests_decrypt)                                                                  \
	X(requests_echo)                                                                     \
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

/* RESULT of STATS, with the times of the loop's turns and of stopping workers. */
extern void e3_stats_encode(EvwBuf *buf, uint64_t id, const E3Stats *stats,
							const E3Latency *loop, const E3Latency *stops,
							const E3KeysAtHand *keys);

#endif /* E3_STATS_H */
