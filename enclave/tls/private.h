/*
 * tls/private.h
 *	  What the files of this room share.
 */
#ifndef E3_TLS_PRIVATE_H
#define E3_TLS_PRIVATE_H

#include "base/identity.h"
#include "tls/context.h"

#include <openssl/ssl.h>

#include <stdatomic.h>

#define E3_TLS_DIGEST_LEN 32

struct E3TlsContext
{
	atomic_uint references;
	SSL_CTX *ssl;
	uint8_t digest[E3_TLS_DIGEST_LEN]; /* of all files */
};

/* tls/files.c: certificates, key and lists into context->ssl, and their digest. */
extern bool e3_tls_files_load(E3TlsContext *context, const E3TlsFiles *files,
							  char cause[E3_TLS_CAUSE_MAX]) EVW_MUST_USE;

/* tls/peer.c: the first DNS name or URI among a certificate's names. */
extern bool e3_tls_peer_name(X509 *certificate, E3Identity *identity) EVW_MUST_USE;

/* tls/link.c: OpenSSL's message callback; counts what only keeps E3 busy. */
extern void e3_tls_link_watch(int sent, int version, int type, const void *data,
							  size_t len, SSL *ssl, void *arg);

#endif /* E3_TLS_PRIVATE_H */
