/*
 * client/tls.h
 *	  TLS to E3: 1.3 only, certificates both ways, the host's name checked.
 *
 * Certificates are read from their files for each connection, so new ones need no
 * reload.
 */
#ifndef EVC_TLS_H
#define EVC_TLS_H

#include "postgres.h"

#include "client/trouble.h"
#include "client/wait.h"
#include "guc.h"

typedef struct EvcTls
{
	struct ssl_st *ssl; /* NULL: no TLS */
	bool wants_write;	/* to read on */
} EvcTls;

/*
 * TLS on a connected socket, which stays the caller's: handshake and all.  On failure
 * *trouble is CONNECT or CONNECT_TIMEOUT.  When it fails or throws what interrupts
 * demand, the caller frees.
 */
extern bool evc_tls_open(EvcTls *tls, pgsocket sock, const EvcEndpoint *endpoint,
						 EvcWaiter *waiter, int64 deadline, EvcTrouble *trouble);

/* Sends nothing; may be called in any state, and in a forked child. */
extern void evc_tls_free(EvcTls *tls);

/* As RFC 8446, 7.5, with a context of no bytes: what both ends can make, and nobody else.
 */
extern bool evc_tls_export(EvcTls *tls, const char *label, uint8_t *out, size_t len);

/* As client/transport.h has them. */
extern ssize_t evc_tls_read(EvcTls *tls, void *at, size_t len, EvcTrouble *trouble);
extern ssize_t evc_tls_write(EvcTls *tls, const void *at, size_t len, bool *begun);

#endif /* EVC_TLS_H */
