/*
 * unit/tls_test.c
 *	  E3's end of TLS over a socket pair, against a client of the library's own.
 */
#include "e3_help.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"
#include "ctl/certs.h"
#include "tls/transport.h"

#define NAME "db1.example.org"

/* Both ends of one connection. */
typedef struct Pair
{
	char dir[PATH_MAX];
	E3TlsContext *context;
	E3Transport e3;
	E3Identity peer;
	SSL_CTX *client_context;
	SSL *client;
	int client_fd;
} Pair;

static void
write_cert(const char *dir, const char *name, const E3Cert *cert)
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

static void
make_certs(const char *dir)
{
	const E3CertWish ca_wish = {.subject = "ca", .use = E3_CERT_CA, .days = 1};
	const E3CertWish server_wish = {"e3", "DNS:localhost", E3_CERT_SERVER, 1};
	const E3CertWish client_wish = {"db", "DNS:" NAME, E3_CERT_CLIENT, 1};
	E3Cert *ca = e3_cert_new(NULL, &ca_wish);
	E3Cert *server = e3_cert_new(ca, &server_wish);
	E3Cert *client = e3_cert_new(ca, &client_wish);

	write_cert(dir, "ca", ca);
	write_cert(dir, "server", server);
	write_cert(dir, "client", client);
	e3_cert_free(client);
	e3_cert_free(server);
	e3_cert_free(ca);
}

static E3TlsContext *
load(const char *dir)
{
	char cause[E3_TLS_CAUSE_MAX];
	E3TlsFiles files = {.crl = ""};
	E3TlsContext *context;

	(void) snprintf(files.certificate, PATH_MAX, "%s/server.crt", dir);
	(void) snprintf(files.key, PATH_MAX, "%s/server.key", dir);
	(void) snprintf(files.client_ca, PATH_MAX, "%s/ca.crt", dir);
	context = e3_tls_context_new(&files, cause);
	if (context == NULL)
		fail_msg("%s", cause);
	return context;
}

static SSL *
new_client(Pair *pair)
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
	pair->client_context = context;
	return SSL_new(context);
}

static void
shake_hands(Pair *pair)
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

static int
set_up(void **state)
{
	Pair *pair = calloc(1, sizeof(Pair));
	const int small = 4096;
	int fds[2];

	help_make_dir(pair->dir);
	make_certs(pair->dir);
	pair->context = load(pair->dir);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	/* So that records are taken in parts. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)),
						 0);
	pair->e3 = e3_transport_tls(fds[0], e3_tls_link_new(pair->context, fds[0]));
	pair->client_fd = fds[1];
	pair->client = new_client(pair);
	assert_int_equal(SSL_set_fd(pair->client, fds[1]), 1);
	shake_hands(pair);
	*state = pair;
	return 0;
}

static int
tear_down(void **state)
{
	Pair *pair = *state;

	pair->e3.ops->close(&pair->e3);
	SSL_free(pair->client);
	SSL_CTX_free(pair->client_context);
	if (pair->client_fd >= 0)
		close(pair->client_fd);
	e3_tls_context_release(pair->context);
	help_remove_dir(pair->dir);
	free(pair);
	return 0;
}

static void
the_certificate_says_who_it_is(void **state)
{
	Pair *pair = *state;
	char text[E3_IDENTITY_TEXT_MAX];

	assert_string_equal(e3_identity_text(&pair->peer, text), "dns:" NAME);
	assert_string_equal(SSL_get_version(pair->client), "TLSv1.3");
}

static void
contexts_are_equal_by_their_files(void **state)
{
	Pair *pair = *state;
	E3TlsContext *same = load(pair->dir);
	E3TlsContext *other;

	assert_true(e3_tls_context_equal(pair->context, same));
	make_certs(pair->dir);
	other = load(pair->dir);
	assert_false(e3_tls_context_equal(pair->context, other));
	e3_tls_context_release(other);
	e3_tls_context_release(same);
}

#define LONG 100000

/* What E3 writes, however little the socket takes, the client reads. */
static void
bytes_go_out_in_order(void **state)
{
	Pair *pair = *state;
	uint8_t *out = malloc(LONG);
	uint8_t *in = malloc(LONG);
	size_t sent = 0;
	size_t came = 0;

	for (size_t i = 0; i < LONG; i++)
		out[i] = (uint8_t) (i * 31 >> 3);
	while (came < LONG)
	{
		/* In two parts, the second of which must not overtake. */
		size_t first = sent < LONG / 3 ? LONG / 3 - sent : 0;
		const struct iovec parts[] = {{out + sent, first},
									  {out + sent + first, LONG - sent - first}};
		ssize_t now = pair->e3.ops->write(&pair->e3, parts, 2);
		size_t got = 0;

		assert_true(now >= 0);
		sent += (size_t) now;
		while (came < LONG &&
			   SSL_read_ex(pair->client, in + came, LONG - came, &got) == 1)
			came += got;
	}
	assert_int_equal(sent, LONG);
	assert_memory_equal(in, out, LONG);
	free(in);
	free(out);
}

/* The client's bytes, read in small pieces: what the library holds is pending. */
static void
what_is_read_ahead_is_pending(void **state)
{
	Pair *pair = *state;
	char text[1000] = "x";
	char piece[100];
	size_t done;

	assert_int_equal(SSL_write_ex(pair->client, text, sizeof(text), &done), 1);
	for (int i = 0; i < 9; i++)
	{
		assert_int_equal(pair->e3.ops->read(&pair->e3, piece, sizeof(piece)),
						 sizeof(piece));
		assert_true(pair->e3.ops->pending(&pair->e3));
	}
	assert_int_equal(pair->e3.ops->read(&pair->e3, piece, sizeof(piece)), sizeof(piece));
	assert_false(pair->e3.ops->pending(&pair->e3));
	assert_int_equal(pair->e3.ops->read(&pair->e3, piece, sizeof(piece)), E3_IO_LATER);
}

/* The client asks for new keys, and takes the answer; what E3 says to that. */
static ssize_t
update_keys(Pair *pair)
{
	char nowhere[16];
	size_t done;
	ssize_t result;

	assert_int_equal(SSL_key_update(pair->client, SSL_KEY_UPDATE_REQUESTED), 1);
	assert_int_equal(SSL_do_handshake(pair->client), 1);
	/* Once for the question, once for the answer. */
	result = pair->e3.ops->read(&pair->e3, nowhere, sizeof(nowhere));
	if (result == E3_IO_LATER)
		result = pair->e3.ops->read(&pair->e3, nowhere, sizeof(nowhere));
	(void) SSL_read_ex(pair->client, nowhere, sizeof(nowhere), &done);
	return result;
}

/* How many E3 puts up with. */
static int
count_updates(Pair *pair)
{
	int count = 0;

	while (update_keys(pair) == E3_IO_LATER)
		assert_true(++count < 100);
	return count;
}

static void
a_flood_of_key_updates_is_ended(void **state)
{
	Pair *pair = *state;

	assert_int_equal(count_updates(pair), 16);
}

static void
keys_may_change_for_much_data(void **state)
{
	static char text[16384];
	Pair *pair = *state;
	size_t came = 0;
	size_t done;

	while (came < (4 << 20))
	{
		ssize_t got;

		(void) SSL_write_ex(pair->client, text, sizeof(text), &done);
		while ((got = pair->e3.ops->read(&pair->e3, text, sizeof(text))) > 0)
			came += (size_t) got;
		assert_int_equal(got, E3_IO_LATER);
	}
	/* What is still on its way. */
	while (SSL_write_ex(pair->client, text, sizeof(text), &done) != 1)
		while (pair->e3.ops->read(&pair->e3, text, sizeof(text)) > 0)
			;
	while (pair->e3.ops->read(&pair->e3, text, sizeof(text)) > 0)
		;
	assert_int_equal(count_updates(pair), 16 + 4);
}

static void
an_end_is_an_end_with_and_without_a_word(void **state)
{
	Pair *pair = *state;
	char nowhere[16];

	close(pair->client_fd);
	pair->client_fd = -1;
	assert_int_equal(pair->e3.ops->read(&pair->e3, nowhere, sizeof(nowhere)), E3_IO_GONE);
}

static void
what_was_changed_on_the_way_is_refused(void **state)
{
	Pair *pair = *state;
	char record[4096];
	char nowhere[16];
	ssize_t len;
	size_t done;

	/* E3's own record, back to E3: not under the client's key. */
	assert_int_equal(pair->e3.ops->write(&pair->e3, &(struct iovec){"hello", 5}, 1), 5);
	len = read(pair->client_fd, record, sizeof(record));
	assert_true(len > 5);
	assert_int_equal(write(pair->client_fd, record, (size_t) len), len);
	assert_int_equal(pair->e3.ops->read(&pair->e3, nowhere, sizeof(nowhere)), E3_IO_GONE);
	/* It was told so. */
	assert_int_equal(SSL_read_ex(pair->client, nowhere, sizeof(nowhere), &done), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_certificate_says_who_it_is),
		TEST(contexts_are_equal_by_their_files),
		TEST(bytes_go_out_in_order),
		TEST(what_is_read_ahead_is_pending),
		TEST(a_flood_of_key_updates_is_ended),
		TEST(keys_may_change_for_much_data),
		TEST(an_end_is_an_end_with_and_without_a_word),
		TEST(what_was_changed_on_the_way_is_refused),
	};

	/* As E3 does. */
	(void) signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
