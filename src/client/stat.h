/*
 * client/stat.h
 *	  What has been asked of E3, per operation and curve.
 *
 * Server-wide, in shared memory, if the library is in
 * shared_preload_libraries; else this backend's.  Counters only grow, without
 * locks; a reader sees each of them as it was at some moment.
 */
#ifndef EVC_STAT_H
#define EVC_STAT_H

#include "postgres.h"

#include "wire/message.h"
#include "wire/request.h"

#define EVC_STAT_OPERATIONS 4
#define EVC_STAT_CURVES 2

/* Requests by how many values they have. */
typedef enum EvcStatClass
{
	EVC_STAT_SMALL,	 /* at most 16 */
	EVC_STAT_MEDIUM, /* at most 1024 */
	EVC_STAT_LARGE,
	EVC_STAT_CLASSES
} EvcStatClass;

typedef struct EvcStat
{
	int64 requests;		  /* asked for; a repeated one counts once */
	int64 values;		  /* in requests that were answered with a result */
	int64 bytes_sent;	  /* of frames, with their prefix */
	int64 bytes_received; /* of frames, with their prefix */
	int64 cancels;		  /* given up by a cancel, timeout, early end or exit */
	int64 errors;		  /* requests that raised an error of E3 or the connection */
	int64 retries;		  /* repeated after a lost connection or a busy E3 */
	int64 e3_ns;		  /* time that E3 reports, in nanoseconds */
	int64 wait_us;		  /* time spent waiting for E3, in microseconds */
	int64 cache_hits;	  /* values whose key E3 had at hand */
	/* Of those answered with a result, and the time that they took statements. */
	int64 class_requests[EVC_STAT_CLASSES];
	int64 class_us[EVC_STAT_CLASSES];
} EvcStat;

extern EvcStatClass evc_stat_class(uint32 n_values);

/* Adds to the counters of a verb that is counted.  Raises nothing. */
extern void evc_stat_add(EvwVerb verb, EvwCurve curve, const EvcStat *delta);

/* The counters of an operation, by number from 0. */
extern void evc_stat_read(int operation, EvwCurve curve, EvcStat *stat);
extern const char *evc_stat_operation_name(int operation);

/* Is it done on a curve?  Else all of it is counted with the first. */
extern bool evc_stat_has_curve(int operation);

/* Sets all counters to 0. */
extern void evc_stat_reset(void);

/* Asks for shared memory if the server starts.  Called when the library is loaded. */
extern void evc_stat_init(void);

#endif /* EVC_STAT_H */
