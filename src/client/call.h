/*
 * client/call.h
 *	  A request to E3 over the connection that this backend keeps.
 */
#ifndef EVC_CALL_H
#define EVC_CALL_H

#include "postgres.h"

#include "wire/reply.h"
#include "wire/request.h"

typedef struct EvcRequest
{
	EvwVerb verb;
	EvwRequestHeader header; /* the deadline is filled in when it is sent */
	EvwBytes columns;		 /* encoded, as wire/request.h says */
	uint32 n_columns;		 /* MessagePack objects in them */
	uint32 n_values;
} EvcRequest;

/*
 * Sends the request and takes its result, with as many values as were sent;
 * it points into "reply", which the caller owns and wipes.
 *
 * A request is repeated once if the connection breaks before its reply is
 * there, and while E3 is busy and evcrypt.request_timeout allows.  Raises what
 * client/report.h says, and what interrupts demand; the connection is usable or
 * closed afterwards.
 */
extern void evc_call(const EvcRequest *request, EvwBuf *reply, EvwResult *result);

#endif /* EVC_CALL_H */
