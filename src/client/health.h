/*
 * client/health.h
 *	  Asks one endpoint how it is, on a connection of its own.
 */
#ifndef EVC_HEALTH_H
#define EVC_HEALTH_H

#include "postgres.h"

#include "client/trouble.h"
#include "guc.h"
#include "wire/report.h"

/* Longest text of E3 that is shown. */
#define EVC_HEALTH_TEXT_MAX 255

typedef struct EvcHealth
{
	bool reachable; /* HELLO was exchanged */
	double latency_ms;
	double clock_offset_ms; /* E3's clock minus this one's */
	char version[EVC_HEALTH_TEXT_MAX + 1];
	char backend[EVC_HEALTH_TEXT_MAX + 1];
	bool tells_isolation;
	char isolation_missing[EVC_HEALTH_TEXT_MAX + 1]; /* names, with spaces between */
	uint32 n_key_versions;
	uint32 key_versions[EVW_KEY_VERSIONS_MAX]; /* of evcrypt.app, newest first */
	uint32 n_index_versions;
	uint32 index_versions[EVW_INDEX_VERSIONS_MAX]; /* of its index key, the same */
} EvcHealth;

/*
 * Takes at most evcrypt.connect_timeout to connect and as long again to ask.
 * On failure *trouble says why, and of *health only "reachable" counts.  Throws
 * what interrupts demand.
 */
extern bool evc_health_ask(const EvcEndpoint *endpoint, EvcHealth *health,
						   EvcTrouble *trouble);

#endif /* EVC_HEALTH_H */
