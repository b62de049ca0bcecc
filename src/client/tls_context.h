/*
 * client/tls_context.h
 *	  What the settings evcrypt.ssl* make of a connection.
 */
#ifndef EVC_TLS_CONTEXT_H
#define EVC_TLS_CONTEXT_H

#include "postgres.h"

#include "client/trouble.h"
#include "guc.h"

#define EVC_TLS_ALPN "\4e3/1"

/*
 * A new client that will accept nobody but this host; NULL with a cause in *trouble if
 * a file is not as it must be.  Throws nothing.
 */
extern struct ssl_st *evc_tls_context_use(const EvcEndpoint *endpoint,
										  EvcTrouble *trouble);

#endif /* EVC_TLS_CONTEXT_H */
