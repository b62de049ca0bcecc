/*
 * wire/report.h
 *	  What E3 tells of itself: the RESULTs of HEALTH, STATS and KEYS.
 *
 * These have no columns; what they say is in the header.
 */
#ifndef EVW_REPORT_H
#define EVW_REPORT_H

#include "wire/limits.h"
#include "wire/message.h"

/* Key versions of one app that a report can list. */
#define EVW_KEY_VERSIONS_MAX 64

/* Index keys that an app can have at a time. */
#define EVW_INDEX_VERSIONS_MAX 8

typedef struct EvwHealth
{
	EvwBytes version;			/* of E3 */
	EvwBytes backend;			/* AEAD and key agreement libraries */
	EvwBytes isolation;			/* what keeps others out of E3's process: names, with */
	EvwBytes isolation_missing; /* spaces between; and what is not there of it */
	uint64_t uptime_ms;
	uint64_t unix_us; /* E3's wall clock */
	uint32_t queued;  /* requests waiting */
	uint32_t running; /* requests being worked on */
	uint32_t n_key_versions;
	uint32_t key_versions[EVW_KEY_VERSIONS_MAX]; /* of the app asked for, newest first */
	uint32_t n_index_versions;
	uint32_t index_versions[EVW_INDEX_VERSIONS_MAX]; /* of its index key, the same */
} EvwHealth;

extern void evw_health_encode(EvwBuf *buf, uint64_t id, const EvwHealth *health);
extern EvwStatus evw_health_decode(const EvwMessage *message,
								   EvwHealth *health) EVW_MUST_USE;

/* One counter of STATS; the header maps names to numbers. */
typedef struct EvwCounter
{
	const char *name;
	uint64_t value;
} EvwCounter;

extern void evw_stats_encode(EvwBuf *buf, uint64_t id, const EvwCounter *counters,
							 uint32_t count);

/* Value of one counter of a STATS result; MALFORMED if it is not there. */
extern EvwStatus evw_stats_find(const EvwMessage *message, const char *name,
								uint64_t *value) EVW_MUST_USE;

/* Public keys of one key version, compressed points. */
typedef struct EvwPublicKeys
{
	uint32_t version;
	uint8_t p256[EVW_POINT_LEN];
	uint8_t secp256k1[EVW_POINT_LEN];
} EvwPublicKeys;

/* One version of an app's index key: its number, and how long its indexes are. */
typedef struct EvwIndexKey
{
	uint32_t version;
	uint32_t bytes;
} EvwIndexKey;

/* All newest first. */
extern void evw_keys_encode(EvwBuf *buf, uint64_t id, const EvwPublicKeys *keys,
							uint32_t count, const EvwIndexKey *indexes,
							uint32_t n_indexes);

/* The public keys; at most "max" are stored, *count says how many. */
extern EvwStatus evw_keys_decode(const EvwMessage *message, EvwPublicKeys *keys,
								 uint32_t max, uint32_t *count) EVW_MUST_USE;

#endif /* EVW_REPORT_H */
