/*
 * client/dial.h
 *	  From an endpoint to a connected socket.
 */
#ifndef EVC_DIAL_H
#define EVC_DIAL_H

#include "postgres.h"

#include <sys/socket.h>

#include "client/trouble.h"
#include "client/wait.h"
#include "guc.h"

/* Addresses of one host that are tried. */
#define EVC_ADDRESSES_MAX 8

typedef struct EvcAddress
{
	struct sockaddr_storage address;
	socklen_t len;
} EvcAddress;

/*
 * Where an endpoint is: at least one address, or 0 with *trouble CONNECT.  A name that
 * is no number is looked up, which may block for as long as the system's resolver does.
 */
extern int evc_dial_find(const EvcEndpoint *endpoint,
						 EvcAddress addresses[EVC_ADDRESSES_MAX], EvcTrouble *trouble);

/* A new non-blocking socket for that address, or PGINVALID_SOCKET with errno. */
extern pgsocket evc_dial_socket(const EvcAddress *address);

/*
 * Connects it.  On failure *trouble is CONNECT or CONNECT_TIMEOUT.  Throws what
 * interrupts demand.
 */
extern bool evc_dial(pgsocket sock, const EvcAddress *address, EvcWaiter *waiter,
					 int64 deadline, EvcTrouble *trouble);

#endif /* EVC_DIAL_H */
