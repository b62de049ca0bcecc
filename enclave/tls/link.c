/*
 * tls/link.c
 *	  TLS on one socket.
 */
#include "tls/link.h"

#include "tls/private.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <stdlib.h>
#include <string.h>

/*
 * Keys may be changed as often as anybody has reason to: at the start, and once for
 * so many bytes.
 */
#define KEY_UPDATES_FREE 16
#define KEY_UPDATE_BYTES (UINT64_C(1) << 20)

struct E3TlsLink
{
	SSL *ssl;
	uint64_t received; /* bytes of data */
	uint64_t key_updates;
};

static E3TlsLink *
new_link(E3TlsContext *context, int fd)
{
	E3TlsLink *link = calloc(1, sizeof(E3TlsLink));

	if (link == NULL)
		return NULL;
	link->ssl = SSL_new(context->ssl);
	if (link->ssl != NULL && SSL_set_fd(link->ssl, fd) == 1)
	{
		SSL_set_msg_callback_arg(link->ssl, link);
		return link;
	}
	e3_tls_link_free(link);
	return NULL;
}

E3TlsLink *
e3_tls_link_new(E3TlsContext *context, int fd)
{
	E3TlsLink *link = new_link(context, fd);

	if (link != NULL)
		SSL_set_accept_state(link->ssl);
	return link;
}

static bool
expect_host(SSL *ssl, const char *host)
{
	SSL_set_hostflags(ssl,
					  X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	/* Succeeds if it is an address. */
	if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1)
		return true;
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

E3TlsLink *
e3_tls_link_new_client(E3TlsContext *context, int fd, const char *host)
{
	E3TlsLink *link = new_link(context, fd);

	if (link == NULL)
		return NULL;
	SSL_set_connect_state(link->ssl);
	if (expect_host(link->ssl, host))
		return link;
	e3_tls_link_free(link);
	return NULL;
}

void
e3_tls_link_free(E3TlsLink *link)
{
	if (link == NULL)
		return;
	SSL_free(link->ssl);
	free(link);
}

void
e3_tls_link_watch(int sent, int version, int type, const void *data, size_t len, SSL *ssl,
				  void *arg)
{
	E3TlsLink *link = arg;

	(void) version;
	(void) ssl;
	if (!sent && type == SSL3_RT_HANDSHAKE && len > 0 && link != NULL &&
		*(const uint8_t *) data == SSL3_MT_KEY_UPDATE)
		link->key_updates++;
}

static bool
is_flooded(const E3TlsLink *link)
{
	return link->key_updates > KEY_UPDATES_FREE + link->received / KEY_UPDATE_BYTES;
}

/* What a call of the library that did not succeed wants. */
static E3TlsStep
step_of(const E3TlsLink *link, int result)
{
	if (is_flooded(link))
		return E3_TLS_FAILED;
	switch (SSL_get_error(link->ssl, result))
	{
		case SSL_ERROR_WANT_READ:
			return E3_TLS_WANTS_READ;
		case SSL_ERROR_WANT_WRITE:
			return E3_TLS_WANTS_WRITE;
		default:
			return E3_TLS_FAILED;
	}
}

E3TlsStep
e3_tls_link_handshake(E3TlsLink *link, E3Identity *peer)
{
	X509 *certificate;
	int result;

	ERR_clear_error();
	result = SSL_do_handshake(link->ssl);
	if (result != 1)
		return step_of(link, result);
	if (peer == NULL)
		return E3_TLS_DONE;
	certificate = SSL_get0_peer_certificate(link->ssl);
	if (certificate == NULL || !e3_tls_peer_name(certificate, peer))
		return E3_TLS_FAILED;
	return E3_TLS_DONE;
}

const char *
e3_tls_link_cause(const E3TlsLink *link)
{
	long verified = SSL_get_verify_result(link->ssl);
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	if (verified == X509_V_ERR_APPLICATION_VERIFICATION)
		return "certificate names nobody";
	if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_CALLBACK_FAILED)
		return "peer does not say that it speaks e3/1";
	if (verified != X509_V_OK)
		return X509_verify_cert_error_string(verified);
	return reason != NULL ? reason : "peer closed the connection";
}

E3TlsStep
e3_tls_link_read(E3TlsLink *link, void *at, size_t len, size_t *done)
{
	int result;

	*done = 0;
	ERR_clear_error();
	result = SSL_read_ex(link->ssl, at, len, done);
	if (result != 1)
		return step_of(link, result);
	link->received += *done;
	return E3_TLS_DONE;
}

E3TlsStep
e3_tls_link_write(E3TlsLink *link, const void *at, size_t len, size_t *done)
{
	int result;

	*done = 0;
	ERR_clear_error();
	result = SSL_write_ex(link->ssl, at, len, done);
	return result == 1 ? E3_TLS_DONE : step_of(link, result);
}

bool
e3_tls_link_export(E3TlsLink *link, const char *label, uint8_t *out, size_t len)
{
	return SSL_export_keying_material(link->ssl, out, len, label, strlen(label), NULL, 0,
									  1) == 1;
}

bool
e3_tls_link_pending(const E3TlsLink *link)
{
	return SSL_has_pending(link->ssl) == 1;
}

void
e3_tls_link_close(E3TlsLink *link)
{
	ERR_clear_error();
	(void) SSL_shutdown(link->ssl);
}
