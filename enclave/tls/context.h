/*
 * tls/context.h
 *	  A certificate and its key, and whom it believes: one set of files.
 *
 * E3's own, or that of a client.
 *
 * TLS 1.3 only, certificates both ways, no tickets, no early data, ALPN "e3/1".
 * A context never changes: a reload makes another one, and connections keep theirs
 * until they end.
 */
#ifndef E3_TLS_CONTEXT_H
#define E3_TLS_CONTEXT_H

#include "config.h"

#define E3_TLS_ALPN "\4e3/1"
#define E3_TLS_FILE_MAX (1u << 20)
#define E3_TLS_CAUSE_MAX (PATH_MAX + 200)

typedef struct E3TlsContext E3TlsContext;

/*
 * Reads and checks all files.  NULL, and why not, if there is any doubt: a file that
 * is missing or, for the key, may be read by others; a certificate or a list of
 * revoked ones that is not valid today; a key of another certificate.
 */
extern E3TlsContext *e3_tls_context_new(const E3TlsFiles *files,
										char cause[E3_TLS_CAUSE_MAX]);

/* The same for a client, which "client_ca" vouches for E3 to. */
extern E3TlsContext *e3_tls_context_new_client(const E3TlsFiles *files,
											   char cause[E3_TLS_CAUSE_MAX]);

/*
 * What a configuration demands: *context is NULL if that is no TLS.  CONFIG, with a
 * line in the log, if its files are refused.
 */
extern EvwStatus e3_tls_context_load(const E3Config *config,
									 E3TlsContext **context) EVW_MUST_USE;

extern E3TlsContext *e3_tls_context_retain(E3TlsContext *context);
extern void e3_tls_context_release(E3TlsContext *context);

/* Made of the same bytes? */
extern bool e3_tls_context_equal(const E3TlsContext *a, const E3TlsContext *b);

#endif /* E3_TLS_CONTEXT_H */
