/*
 * client/kept.h
 *	  The connections that this backend keeps: one an endpoint, made when it is used.
 *
 * Requests go to the first endpoint of evcrypt.endpoints that will do; large ones
 * to that which this backend has given least to do.  One that failed is left alone
 * for a while (client/backoff.h); if all of them are, that is waited out.
 */
#ifndef EVC_KEPT_H
#define EVC_KEPT_H

#include "postgres.h"

#include "client/conn.h"

/* What is known of a request when a connection is chosen for it. */
typedef struct EvcErrand
{
	bool large;
	const EvcConn *last; /* the one that could not serve it, to be used last; or NULL */
} EvcErrand;

/*
 * A connection to one of evcrypt.endpoints that is trusted and that E3 has
 * not ended; NULL with *trouble if there is none within evcrypt.connect_timeout, or
 * each was tried and failed.  Those to endpoints that were set
 * before are closed first; what is out on them is lost, and repeated by whom it
 * belongs to.
 */
extern EvcConn *evc_kept_choose(const EvcErrand *errand, EvcTrouble *trouble);

/* A request was lost on this connection, or not taken: others go elsewhere for now. */
extern void evc_kept_suspect(const EvcConn *conn, const EvcTrouble *trouble);

/* Does evcrypt.endpoints, as it was last looked at, list more than one? */
extern bool evc_kept_several(void);

/* An error was thrown: closes those that are not trusted. */
extern void evc_kept_clean(void);

#endif /* EVC_KEPT_H */
