/*
 * unit/tls_help.h
 *	  What the unit tests of TLS share: certificates, and E3's end of a connection over
 *	  a socket pair, against a client of the library's own.
 */
#ifndef TLS_HELP_H
#define TLS_HELP_H

#include "e3_help.h"

#include <openssl/ssl.h>

#include "cert/cert.h"
#include "tls/transport.h"

#define TLS_HELP_NAME "db1.example.org"
#define TLS_HELP_SECRET_LEN 48 /* of TLS_AES_256_GCM_SHA384, which E3 prefers */

/* Both ends of one connection. */
typedef struct TlsPair
{
	char dir[PATH_MAX];
	E3TlsContext *context;
	E3Transport e3;
	E3Identity peer;
	SSL_CTX *client_context;
	SSL *client;
	int client_fd;
	uint8_t secret[TLS_HELP_SECRET_LEN]; /* the client's, for what it sends */
	uint64_t records;					 /* of its own making that it has sent */
} TlsPair;

/* dir/name.crt and .key. */
extern void help_tls_write(const char *dir, const char *name, const E3Cert *cert);

/* "ca", "server" and "client", the latter TLS_HELP_NAME; in place of those that are
 * there. */
extern void help_tls_certs(const char *dir);

/* cmocka group set-up: help_arena_and_dir, and them in help_dir. */
extern int help_arena_and_certs(void **state);

/* The one of that name and its key, the authority, and no revocation list. */
extern E3TlsFiles help_tls_files(const char *dir, const char *name);

/* E3's context of them. */
extern E3TlsContext *help_tls_load(const char *dir);

/* cmocka set-up and its end: *state is a TlsPair that has shaken hands. */
extern int help_tls_set_up(void **state);
extern int help_tls_tear_down(void **state);

#endif /* TLS_HELP_H */
