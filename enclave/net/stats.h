/*
 * net/stats.h
 *	  Counters of STATS.  Only the network thread touches them.
 */
#ifndef E3_STATS_H
#define E3_STATS_H

#include "net/latency.h"
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

/* RESULT of STATS, with the network thread's own latency. */
extern void e3_stats_encode(EvwBuf *buf, uint64_t id, const E3Stats *stats,
							const E3Latency *latency);

#endif /* E3_STATS_H */
