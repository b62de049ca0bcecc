/*
 * tls/link.h
 *	  TLS on one socket: handshake, then bytes.  Nothing here blocks.
 *
 * One thread at a time; which one may change between two calls.
 */
#ifndef E3_TLS_LINK_H
#define E3_TLS_LINK_H

#include "base/identity.h"
#include "tls/context.h"

typedef struct E3TlsLink E3TlsLink;

typedef enum E3TlsStep
{
	E3_TLS_DONE,
	E3_TLS_WANTS_READ, /* call again when the socket can be read */
	E3_TLS_WANTS_WRITE,
	E3_TLS_FAILED
} E3TlsStep;

/* The socket stays the caller's.  NULL when out of memory. */
extern E3TlsLink *e3_tls_link_new(E3TlsContext *context, int fd);

/* The same to a server, whose certificate must have this name or address. */
extern E3TlsLink *e3_tls_link_new_client(E3TlsContext *context, int fd, const char *host);

/* Wipes and frees; sends nothing.  NULL is fine. */
extern void e3_tls_link_free(E3TlsLink *link);

/* Goes on with the handshake.  After DONE, *peer (of a client: NULL) is who the
 * certificate names. */
extern E3TlsStep e3_tls_link_handshake(E3TlsLink *link, E3Identity *peer) EVW_MUST_USE;

/* Why the handshake failed, for the log: words of the library, valid until the next call.
 */
extern const char *e3_tls_link_cause(const E3TlsLink *link);

/* DONE: *done bytes have moved, which is not 0. */
extern E3TlsStep e3_tls_link_read(E3TlsLink *link, void *at, size_t len,
								  size_t *done) EVW_MUST_USE;
/* The same bytes are to be offered again, perhaps more of them, if not all were taken. */
extern E3TlsStep e3_tls_link_write(E3TlsLink *link, const void *at, size_t len,
								   size_t *done) EVW_MUST_USE;

/* "len" bytes that both ends of this connection can make, and nobody else (RFC 8446,
 * 7.5), of a context of no bytes.  After the handshake. */
extern bool e3_tls_link_export(E3TlsLink *link, const char *label, uint8_t *out,
							   size_t len) EVW_MUST_USE;

/* Bytes that have been read from the socket, and not from the link. */
extern bool e3_tls_link_pending(const E3TlsLink *link);

/* Tells the peer that nothing more comes. */
extern void e3_tls_link_close(E3TlsLink *link);

#endif /* E3_TLS_LINK_H */
