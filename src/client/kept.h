/*
 * client/kept.h
 *	  The connection that this backend keeps.
 */
#ifndef EVC_KEPT_H
#define EVC_KEPT_H

#include "postgres.h"

#include "client/conn.h"

extern EvcConn evc_kept;

/*
 * Makes sure of a connection to one of evcrypt.endpoints that E3 has not ended.
 * One that is burdened, or to endpoints that were set before, is closed first;
 * what is out on it is lost, and repeated by whom it belongs to.  Returns false
 * with *trouble.
 */
extern bool evc_kept_ready(EvcTrouble *trouble);

/* An error was thrown: closes it if HELLO has not been exchanged. */
extern void evc_kept_clean(void);

#endif /* EVC_KEPT_H */
