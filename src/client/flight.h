/*
 * client/flight.h
 *	  One frame on its way to E3, and its reply on the way back.
 *
 *	  idle --> sending --> out --> answered
 *	              |         |
 *	              +---------+----> failed
 *
 * Whoever owns a flight keeps it where it is until it is answered, failed or
 * abandoned (client/mux.h): its connection lists it until then.
 */
#ifndef EVC_FLIGHT_H
#define EVC_FLIGHT_H

#include "postgres.h"

#include <sys/uio.h>

#include "lib/ilist.h"

#include "client/trouble.h"
#include "wire/message.h"

typedef enum EvcFlightState
{
	EVC_FLIGHT_IDLE,
	EVC_FLIGHT_SENDING,	 /* on its connection's list */
	EVC_FLIGHT_OUT,		 /* wholly sent; on the list too */
	EVC_FLIGHT_ANSWERED, /* message is the reply */
	EVC_FLIGHT_FAILED	 /* trouble says why */
} EvcFlightState;

/* A frame in two pieces: prefix, type, id and header; and the columns. */
typedef struct EvcFrame
{
	uint64 id; /* of the request; 0: HELLO */
	EvwBytes head;
	EvwBytes columns;
} EvcFrame;

typedef struct EvcFlight
{
	dlist_node node;
	EvcFlightState state;
	uint64 id;
	struct iovec out[2]; /* what is still to be sent */
	bool begun;			 /* some bytes have been sent */
	EvwBuf reply;		 /* taken by evc_buffer_take, when answered */
	EvwMessage message;	 /* points into reply */
	EvcTrouble trouble;
	int64 bytes_sent; /* of all its frames, as below */
	int64 bytes_received;
} EvcFlight;

#endif /* EVC_FLIGHT_H */
