/*
 * client/attest.h
 *	  Evidence before trust: what E3 must show before it gets a value.
 *
 *	  HELLO --> ATTEST --> verdict --> values ... ATTEST, when the first certificate of
 *	  the last document nears its end --> verdict --> values
 *
 * The verdict belongs to one connection, and to the settings that it was made under.
 */
#ifndef EVC_CLIENT_ATTEST_H
#define EVC_CLIENT_ATTEST_H

#include "postgres.h"

#include "client/conn.h"
#include "guc_attest.h"

/* What the settings demand. */
typedef struct EvcDemand
{
	const char *kind; /* NULL: no evidence */
	EvcExpectations expect;
} EvcDemand;

/* Raises what src/guc_attest.h says, so before there is a connection. */
extern void evc_attest_demand(EvcDemand *demand);

/*
 * After HELLO: asks for evidence if it is demanded, and looks at it; the connection is
 * then trusted.  On failure *trouble is EVIDENCE, CONNECT or that of the exchange, and
 * the connection is closed, as it is when an interrupt is thrown.
 */
extern bool evc_attest(EvcConn *conn, const EvcDemand *demand, int64 deadline,
					   EvcTrouble *trouble);

/* The same on a trusted connection if it is time for it, at most for
 * evcrypt.connect_timeout; requests may be out. */
extern bool evc_attest_renew(EvcConn *conn, EvcTrouble *trouble);

#endif /* EVC_CLIENT_ATTEST_H */
