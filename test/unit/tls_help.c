/*
 * unit/tls_help.c
 *	  Certificates, and a connection with E3's end and a client's.
 */
#include "tls_help.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"

void
help_tls_write(const char *dir, const char *name, const E3Cert *cert)
{
	char file[64];
	EvwBuf text;

	e3_buf_init(&text);
	assert_true(e3_cert_write(cert, &text));
	(void) snprintf(file, sizeof(file), "%s.crt", name);
	help_write_file(help_path(dir, file, 0), (const char *) text.data, text.len, 0644);
	text.len = 0;
	assert_true(e3_cert_write_key(cert, &text));
	(void) snprintf(file, sizeof(file), "%s.key", name);
	help_write_file(help_path(dir, file, 0), (const char *) text.data, text.len, 0600);
	e3_buf_release(&text);
}

void
help_tls_certs(const char *dir)
{
	const E3CertWish ca_wish = {.subject = "ca", .use = E3_CERT_CA, .seconds = 86400};
	const E3CertWish server_wish = {"e3", "DNS:localhost", E3_CERT_SERVER, 86400};
	const E3CertWish client_wish = {"db", "DNS:" TLS_HELP_NAME, E3_CERT_CLIENT, 86400};
	E3Cert *ca = e3_cert_new(NULL, &ca_wish);
	E3Cert *server = e3_cert_new(ca, &server_wish);
	E3Cert *client = e3_cert_new(ca, &client_wish);

	help_tls_write(dir, "ca", ca);
	help_tls_write(dir, "server", server);
	help_tls_write(dir, "client", client);
	e3_cert_free(client);
	e3_cert_free(server);
	e3_cert_free(ca);
}

int
help_arena_and_certs(void **state)
{
	if (help_arena_and_dir(state) != 0)
		return -1;
	help_tls_certs(help_dir);
	return 0;
}

E3TlsFiles
help_tls_files(const char *dir, const char *name)
{
	E3TlsFiles files = {.crl = ""};

	(void) snprintf(files.certificate, PATH_MAX, "%s/%s.crt", dir, name);
	(void) snprintf(files.key, PATH_MAX, "%s/%s.key", dir, name);
	(void) snprintf(files.client_ca, PATH_MAX, "%s/ca.crt", dir);
	return files;
}

E3TlsContext *
help_tls_load(const char *dir)
{
	const E3TlsFiles files = help_tls_files(dir, "server");
	char cause[E3_TLS_CAUSE_MAX];
	E3TlsContext *context = e3_tls_context_new(&files, cause);

	if (context == NULL)
		fail_msg("%s", cause);
	return context;
}

/* What the library tells whoever wants to read along. */
static void
keep_secret(const SSL *ssl, const char *line)
{
	static const char label[] = "CLIENT_TRAFFIC_SECRET_0 ";
	TlsPair *pair = SSL_get_app_data(ssl);

	if (strncmp(line, label, strlen(label)) == 0)
		assert_int_equal(help_hex_to(strrchr(line, ' ') + 1, pair->secret,
									 TLS_HELP_SECRET_LEN),
						 TLS_HELP_SECRET_LEN);
}

static SSL *
new_client(TlsPair *pair)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	assert_int_equal(SSL_CTX_load_verify_file(context, help_path(pair->dir, "ca.crt", 0)),
					 1);
	assert_int_equal(SSL_CTX_use_certificate_chain_file(context,
														help_path(pair->dir, "client.crt",
																  0)),
					 1);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(context,
												 help_path(pair->dir, "client.key", 0),
												 SSL_FILETYPE_PEM),
					 1);
	assert_int_equal(SSL_CTX_set_alpn_protos(context, (const unsigned char *) E3_TLS_ALPN,
											 sizeof(E3_TLS_ALPN) - 1),
					 0);
	SSL_CTX_set_keylog_callback(context, keep_secret);
	pair->client_context = context;
	return SSL_new(context);
}

static void
shake_hands(TlsPair *pair)
{
	E3TlsStep step = E3_TLS_WANTS_READ;
	int client = 0;

	for (int i = 0; i < 100 && (step != E3_TLS_DONE || client != 1); i++)
	{
		if (client != 1)
			client = SSL_connect(pair->client);
		if (step != E3_TLS_DONE)
			step = e3_tls_link_handshake(pair->e3.link, &pair->peer);
		assert_true(step != E3_TLS_FAILED);
	}
	assert_int_equal(step, E3_TLS_DONE);
}

int
help_tls_set_up(void **state)
{
	TlsPair *pair = calloc(1, sizeof(TlsPair));
	const int small = 4096;
	int fds[2];

	help_make_dir(pair->dir);
	help_tls_certs(pair->dir);
	pair->context = help_tls_load(pair->dir);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	/* So that records are taken in parts. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)),
						 0);
	pair->e3 = e3_transport_tls(fds[0], e3_tls_link_new(pair->context, fds[0]));
	pair->client_fd = fds[1];
	pair->client = new_client(pair);
	SSL_set_app_data(pair->client, pair);
	assert_int_equal(SSL_set_fd(pair->client, fds[1]), 1);
	shake_hands(pair);
	*state = pair;
	return 0;
}

int
help_tls_tear_down(void **state)
{
	TlsPair *pair = *state;

	pair->e3.ops->close(&pair->e3);
	SSL_free(pair->client);
	SSL_CTX_free(pair->client_context);
	if (pair->client_fd >= 0)
		close(pair->client_fd);
	e3_tls_context_release(pair->context);
	free(pair);
	return 0;
}
