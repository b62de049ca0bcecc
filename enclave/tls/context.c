/*
 * tls/context.c
 *	  What E3 agrees to when it speaks TLS.
 */
#include "tls/context.h"

#include "base/log.h"
#include "tls/private.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CIPHERS                                                                          \
	"TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"
#define GROUPS "X25519:P-256"

/* 112 bits: no SHA-1, no RSA below 2048. */
#define SECURITY_LEVEL 2

/* Intermediate certificates of a chain. */
#define DEPTH_MAX 4

/* A client that does not say what it speaks is told so before it says more. */
static int
require_alpn(SSL *ssl, int *alert, void *arg)
{
	const unsigned char *data;
	size_t len;

	(void) arg;
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation,
								  &data, &len) == 1)
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_NO_APPLICATION_PROTOCOL;
	return SSL_CLIENT_HELLO_ERROR;
}

static int
choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
			const unsigned char *in, unsigned in_len, void *arg)
{
	unsigned char *chosen;

	(void) ssl;
	(void) arg;
	if (SSL_select_next_proto(&chosen, out_len, (const unsigned char *) E3_TLS_ALPN,
							  sizeof(E3_TLS_ALPN) - 1, in,
							  in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* After all else has been found good: does the certificate name somebody? */
static int
check_peer(int good, X509_STORE_CTX *store)
{
	E3Identity identity;

	if (!good || X509_STORE_CTX_get_error_depth(store) > 0 ||
		e3_tls_peer_name(X509_STORE_CTX_get_current_cert(store), &identity))
		return good;
	X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

/* What holds on both sides. */
static bool
set_rules(SSL_CTX *ssl)
{
	SSL_CTX_set_security_level(ssl, SECURITY_LEVEL);
	SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
								 SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT |
								 SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
							  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
							  SSL_MODE_RELEASE_BUFFERS);
	/* SSL_read ends after whatever else than data has come: nobody keeps it busy. */
	SSL_CTX_clear_mode(ssl, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify_depth(ssl, DEPTH_MAX);
	return SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION) == 1 &&
		   SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) == 1 &&
		   SSL_CTX_set_ciphersuites(ssl, CIPHERS) == 1 &&
		   SSL_CTX_set1_groups_list(ssl, GROUPS) == 1;
}

static bool
set_server_rules(SSL_CTX *ssl)
{
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
					   check_peer);
	SSL_CTX_set_client_hello_cb(ssl, require_alpn, NULL);
	SSL_CTX_set_alpn_select_cb(ssl, choose_alpn, NULL);
	SSL_CTX_set_msg_callback(ssl, e3_tls_link_watch);
	return set_rules(ssl) && SSL_CTX_set_num_tickets(ssl, 0) == 1 &&
		   SSL_CTX_set_max_early_data(ssl, 0) == 1;
}

static bool
set_client_rules(SSL_CTX *ssl)
{
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	/* This one returns 0 for success. */
	return set_rules(ssl) &&
		   SSL_CTX_set_alpn_protos(ssl, (const unsigned char *) E3_TLS_ALPN,
								   sizeof(E3_TLS_ALPN) - 1) == 0;
}

static E3TlsContext *
new_context(const SSL_METHOD *method, bool (*set)(SSL_CTX *ssl), const E3TlsFiles *files,
			char cause[E3_TLS_CAUSE_MAX])
{
	E3TlsContext *context = calloc(1, sizeof(E3TlsContext));

	(void) snprintf(cause, E3_TLS_CAUSE_MAX, "out of memory");
	if (context == NULL)
		return NULL;
	atomic_init(&context->references, 1);
	context->ssl = SSL_CTX_new(method);
	if (context->ssl != NULL && set(context->ssl) &&
		e3_tls_files_load(context, files, cause))
		return context;
	e3_tls_context_release(context);
	return NULL;
}

E3TlsContext *
e3_tls_context_new(const E3TlsFiles *files, char cause[E3_TLS_CAUSE_MAX])
{
	return new_context(TLS_server_method(), set_server_rules, files, cause);
}

E3TlsContext *
e3_tls_context_new_client(const E3TlsFiles *files, char cause[E3_TLS_CAUSE_MAX])
{
	return new_context(TLS_client_method(), set_client_rules, files, cause);
}

EvwStatus
e3_tls_context_load(const E3Config *config, E3TlsContext **context)
{
	char cause[E3_TLS_CAUSE_MAX];

	*context = NULL;
	if (config->n_tls_listen == 0)
		return EVW_OK;
	*context = e3_tls_context_new(&config->tls, cause);
	if (*context != NULL)
		return EVW_OK;
	e3_log(E3_LOG_ERROR, "tls_refused", "cause=\"%s\"", cause);
	return EVW_CONFIG;
}

E3TlsContext *
e3_tls_context_retain(E3TlsContext *context)
{
	atomic_fetch_add(&context->references, 1);
	return context;
}

void
e3_tls_context_release(E3TlsContext *context)
{
	if (context == NULL || atomic_fetch_sub(&context->references, 1) > 1)
		return;
	SSL_CTX_free(context->ssl);
	free(context);
}

bool
e3_tls_context_equal(const E3TlsContext *a, const E3TlsContext *b)
{
	return memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}
