/*
 * client/tls.c
 *	  TLS to E3, on one socket.
 */
#include "postgres.h"

#include "client/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "client/tls_context.h"
#include "client/transport.h"

/* Its own words for what went wrong, which are constants. */
static void
describe(const EvcTls *tls, EvcTrouble *trouble)
{
	long verified = SSL_get_verify_result(tls->ssl);

	trouble->errnum = 0;
	if (verified != X509_V_OK)
	{
		trouble->about = "E3's certificate is refused";
		trouble->cause = X509_verify_cert_error_string(verified);
	}
	else if (ERR_peek_error() != 0)
	{
		trouble->about = "TLS";
		trouble->cause = ERR_reason_error_string(ERR_peek_error());
	}
}

/* What to wait for after a call that did not succeed; 0: nothing will help. */
static uint32
awaited_events(EvcTls *tls, int result)
{
	switch (SSL_get_error(tls->ssl, result))
	{
		case SSL_ERROR_WANT_READ:
			return WL_SOCKET_READABLE;
		case SSL_ERROR_WANT_WRITE:
			return WL_SOCKET_WRITEABLE;
		default:
			return 0;
	}
}

static bool
shake_hands(EvcTls *tls, EvcWaiter *waiter, int64 deadline, EvcTrouble *trouble)
{
	for (;;)
	{
		uint32 events;
		int result;

		ERR_clear_error();
		result = SSL_do_handshake(tls->ssl);
		if (result == 1)
			return true;
		events = awaited_events(tls, result);
		if (events == 0)
		{
			*trouble = (EvcTrouble){.kind = EVC_TROUBLE_CONNECT};
			describe(tls, trouble);
			ERR_clear_error();
			return false;
		}
		if (!evc_waiter_wait(waiter, events, deadline))
		{
			*trouble = (EvcTrouble){.kind = EVC_TROUBLE_CONNECT_TIMEOUT};
			return false;
		}
	}
}

/* A server that speaks something else is not E3. */
static bool
speaks_e3(const EvcTls *tls, EvcTrouble *trouble)
{
	const unsigned char *chosen;
	unsigned len;

	SSL_get0_alpn_selected(tls->ssl, &chosen, &len);
	if (len == sizeof(EVC_TLS_ALPN) - 2 && memcmp(chosen, EVC_TLS_ALPN + 1, len) == 0)
		return true;
	*trouble = (EvcTrouble){.kind = EVC_TROUBLE_CONNECT,
							.about = "TLS",
							.cause = "who listens there does not speak e3/1"};
	return false;
}

bool
evc_tls_open(EvcTls *tls, pgsocket sock, const EvcEndpoint *endpoint, EvcWaiter *waiter,
			 int64 deadline, EvcTrouble *trouble)
{
	*trouble = (EvcTrouble){.kind = EVC_TROUBLE_CONNECT};
	tls->wants_write = false;
	tls->ssl = evc_tls_context_use(endpoint, trouble);
	if (tls->ssl == NULL)
		return false;
	if (SSL_set_fd(tls->ssl, sock) != 1)
	{
		trouble->cause = "out of memory";
		return false;
	}
	SSL_set_connect_state(tls->ssl);
	return shake_hands(tls, waiter, deadline, trouble) && speaks_e3(tls, trouble);
}

void
evc_tls_free(EvcTls *tls)
{
	SSL_free(tls->ssl);
	tls->ssl = NULL;
}

bool
evc_tls_export(EvcTls *tls, const char *label, uint8_t *out, size_t len)
{
	bool done = SSL_export_keying_material(tls->ssl, out, len, label, strlen(label), NULL,
										   0, 1) == 1;

	ERR_clear_error();
	return done;
}

ssize_t
evc_tls_read(EvcTls *tls, void *at, size_t len, EvcTrouble *trouble)
{
	size_t got;
	uint32 events;
	int result;

	ERR_clear_error();
	result = SSL_read_ex(tls->ssl, at, len, &got);
	if (result == 1)
	{
		tls->wants_write = false;
		return (ssize_t) got;
	}
	events = awaited_events(tls, result);
	tls->wants_write = events == WL_SOCKET_WRITEABLE;
	if (events != 0)
		return EVC_IO_LATER;
	*trouble = (EvcTrouble){.kind = EVC_TROUBLE_LOST};
	describe(tls, trouble);
	ERR_clear_error();
	return EVC_IO_GONE;
}

ssize_t
evc_tls_write(EvcTls *tls, const void *at, size_t len, bool *begun)
{
	size_t sent;
	int result;

	ERR_clear_error();
	result = SSL_write_ex(tls->ssl, at, len, &sent);
	if (result == 1)
		return (ssize_t) sent;
	/* A record has been made, and waits for the socket. */
	*begun = awaited_events(tls, result) != 0;
	ERR_clear_error();
	return *begun ? EVC_IO_LATER : EVC_IO_GONE;
}
