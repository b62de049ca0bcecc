/*
 * client/stat.h
 *	  What this backend has asked of E3, per operation and curve.
 */
#ifndef EVC_STAT_H
#define EVC_STAT_H

#include "postgres.h"

#include "wire/message.h"
#include "wire/request.h"

#define EVC_STAT_OPERATIONS 2
#define EVC_STAT_CURVES 2

typedef struct EvcStat
{
	int64 requests;		  /* asked for; a repeated one counts once */
	int64 values;		  /* in requests that were answered with a result */
	int64 bytes_sent;	  /* of frames, with their prefix */
	int64 bytes_received; /* of frames, with their prefix */
	int64 cancels;		  /* requests given up by a cancel, timeout or exit */
	int64 errors;		  /* requests that raised an error of E3 or the connection */
	int64 retries;		  /* repeated after a lost connection or a busy E3 */
	int64 e3_ns;		  /* time that E3 reports, in nanoseconds */
	int64 wait_us;		  /* time spent waiting for E3, in microseconds */
	int64 cache_hits;	  /* values whose key E3 had at hand */
} EvcStat;

/* The counters of ENCRYPT or DECRYPT. */
extern EvcStat *evc_stat_for(EvwVerb verb, EvwCurve curve);

extern EvwVerb evc_stat_verb(int operation);
extern const char *evc_stat_operation_name(int operation);

#endif /* EVC_STAT_H */
