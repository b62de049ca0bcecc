/*
 * unit/tls_refused_test.c
 *	  Clients that E3 does not shake hands with, and files that it does not use.
 */
#include "tls_help.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Fixture
{
	char dir[PATH_MAX];
	SSL_CTX *client; /* with the good certificate and ALPN */
} Fixture;

/* A client without a certificate and without ALPN, in place of the one that is there. */
static void
renew_client(Fixture *fixture)
{
	SSL_CTX_free(fixture->client);
	fixture->client = SSL_CTX_new(TLS_client_method());
}

/* What the client says that it speaks. */
static void
use_alpn(const Fixture *fixture, const char *protocols)
{
	assert_int_equal(SSL_CTX_set_alpn_protos(fixture->client,
											 (const unsigned char *) protocols,
											 (unsigned) strlen(protocols)),
					 0);
}

static void
use_certificate(const Fixture *fixture, const char *crt, const char *key)
{
	assert_int_equal(SSL_CTX_use_certificate_chain_file(fixture->client,
														help_path(fixture->dir, crt, 0)),
					 1);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(fixture->client,
												 help_path(fixture->dir, key, 0),
												 SSL_FILETYPE_PEM),
					 1);
}

static int
set_up(void **state)
{
	Fixture *fixture = calloc(1, sizeof(*fixture));

	help_make_dir(fixture->dir);
	help_tls_certs(fixture->dir);
	renew_client(fixture);
	use_certificate(fixture, "client.crt", "client.key");
	use_alpn(fixture, E3_TLS_ALPN);
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	Fixture *fixture = *state;

	SSL_CTX_free(fixture->client);
	free(fixture);
	return 0;
}

/* E3's context of the fixture's files, with a revocation list if there is one. */
static E3TlsContext *
load(const Fixture *fixture, char cause[E3_TLS_CAUSE_MAX])
{
	E3TlsFiles files = help_tls_files(fixture->dir, "server");
	const char *crl = help_path(fixture->dir, "ca.crl", 1);

	if (access(crl, R_OK) == 0)
		(void) snprintf(files.crl, PATH_MAX, "%s", crl);
	return e3_tls_context_new(&files, cause);
}

/* Does E3 agree to this client? */
static bool
shakes_hands(const Fixture *fixture)
{
	char cause[E3_TLS_CAUSE_MAX] = "";
	E3TlsContext *context = load(fixture, cause);
	SSL *client = SSL_new(fixture->client);
	E3TlsStep step = E3_TLS_WANTS_READ;
	E3TlsLink *link;
	E3Identity peer;
	char after;
	int fds[2];

	if (context == NULL)
		fail_msg("%s", cause);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	link = e3_tls_link_new(context, fds[0]);
	assert_int_equal(SSL_set_fd(client, fds[1]), 1);
	for (int i = 0; i < 100 && step != E3_TLS_DONE && step != E3_TLS_FAILED; i++)
	{
		(void) SSL_connect(client);
		step = e3_tls_link_handshake(link, &peer);
	}
	assert_true(step == E3_TLS_DONE || step == E3_TLS_FAILED);
	/* What E3 has said after that. */
	(void) SSL_read(client, &after, 1);
	e3_tls_link_free(link);
	SSL_free(client);
	e3_tls_context_release(context);
	for (int i = 0; i < 2; i++)
		close(fds[i]);
	return step == E3_TLS_DONE;
}

/* Another certificate of the authority, which the client has from now on. */
static void
issue(const Fixture *fixture, E3CertUse use, const char *names)
{
	const E3CertWish wish = {"other", names, use, 86400};
	E3Cert *ca = e3_cert_read(help_path(fixture->dir, "ca.crt", 0),
							  help_path(fixture->dir, "ca.key", 1));
	E3Cert *cert = e3_cert_new(ca, &wish);

	assert_non_null(cert);
	help_tls_write(fixture->dir, "other", cert);
	use_certificate(fixture, "other.crt", "other.key");
	e3_cert_free(cert);
	e3_cert_free(ca);
}

static X509 *
read_certificate(const Fixture *fixture, const char *name)
{
	FILE *file = fopen(help_path(fixture->dir, name, 0), "r");
	X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);

	assert_non_null(certificate);
	(void) fclose(file);
	return certificate;
}

static EVP_PKEY *
read_key(const Fixture *fixture, const char *name)
{
	FILE *file = fopen(help_path(fixture->dir, name, 0), "r");
	EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);

	assert_non_null(key);
	(void) fclose(file);
	return key;
}

/* The authority's list, which ends then; "revoked" is a certificate's file, or NULL. */
static void
publish(const Fixture *fixture, const char *revoked, long seconds)
{
	X509_CRL *list = X509_CRL_new();
	X509 *ca = read_certificate(fixture, "ca.crt");
	EVP_PKEY *key = read_key(fixture, "ca.key");
	ASN1_TIME *time = ASN1_TIME_set(NULL, 0);
	FILE *file = fopen(help_path(fixture->dir, "ca.crl", 1), "w");

	assert_int_equal(X509_CRL_set_version(list, X509_CRL_VERSION_2), 1);
	assert_int_equal(X509_CRL_set_issuer_name(list, X509_get_subject_name(ca)), 1);
	assert_non_null(X509_gmtime_adj(time, -3600));
	assert_int_equal(X509_CRL_set1_lastUpdate(list, time), 1);
	assert_non_null(X509_gmtime_adj(time, seconds));
	assert_int_equal(X509_CRL_set1_nextUpdate(list, time), 1);
	if (revoked != NULL)
	{
		X509 *certificate = read_certificate(fixture, revoked);
		X509_REVOKED *entry = X509_REVOKED_new();

		assert_non_null(X509_gmtime_adj(time, -60));
		assert_int_equal(X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(
																  certificate)),
						 1);
		assert_int_equal(X509_REVOKED_set_revocationDate(entry, time), 1);
		assert_int_equal(X509_CRL_add0_revoked(list, entry), 1);
		X509_free(certificate);
	}
	assert_true(X509_CRL_sign(list, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_X509_CRL(file, list), 1);
	(void) fclose(file);
	ASN1_TIME_free(time);
	EVP_PKEY_free(key);
	X509_free(ca);
	X509_CRL_free(list);
}

static void
expect_files_refused(const Fixture *fixture, const char *why)
{
	char cause[E3_TLS_CAUSE_MAX] = "";

	assert_null(load(fixture, cause));
	if (strstr(cause, why) == NULL)
		fail_msg("%s, not %s", cause, why);
}

/* ---- clients ---- */

static void
a_good_client_is_let_in(void **state)
{
	assert_true(shakes_hands(*state));
}

static void
an_older_protocol_is_not_spoken(void **state)
{
	const Fixture *fixture = *state;

	assert_int_equal(SSL_CTX_set_max_proto_version(fixture->client, TLS1_2_VERSION), 1);
	assert_false(shakes_hands(fixture));
}

static void
who_shows_no_certificate_is_refused(void **state)
{
	Fixture *fixture = *state;

	renew_client(fixture);
	use_alpn(fixture, E3_TLS_ALPN);
	assert_false(shakes_hands(fixture));
	use_certificate(fixture, "client.crt", "client.key");
	assert_true(shakes_hands(fixture));
}

static void
who_does_not_say_what_it_speaks_is_refused(void **state)
{
	Fixture *fixture = *state;

	renew_client(fixture);
	use_certificate(fixture, "client.crt", "client.key");
	assert_false(shakes_hands(fixture));
	use_alpn(fixture, "\x02h2");
	assert_false(shakes_hands(fixture));
	use_alpn(fixture, E3_TLS_ALPN);
	assert_true(shakes_hands(fixture));
}

static void
another_authority_does_not_do(void **state)
{
	const Fixture *fixture = *state;
	const E3CertWish ca_wish = {.subject = "ca", .use = E3_CERT_CA, .seconds = 86400};
	const E3CertWish wish = {"db", "DNS:" TLS_HELP_NAME, E3_CERT_CLIENT, 86400};
	E3Cert *ca = e3_cert_new(NULL, &ca_wish);
	E3Cert *cert = e3_cert_new(ca, &wish);

	help_tls_write(fixture->dir, "stranger", cert);
	use_certificate(fixture, "stranger.crt", "stranger.key");
	assert_false(shakes_hands(fixture));
	e3_cert_free(cert);
	e3_cert_free(ca);
}

static void
a_certificate_must_be_a_clients_and_name_one(void **state)
{
	const Fixture *fixture = *state;

	issue(fixture, E3_CERT_CLIENT, "DNS:db2.example.org");
	assert_true(shakes_hands(fixture));
	issue(fixture, E3_CERT_CLIENT, "URI:spiffe://example.org/db");
	assert_true(shakes_hands(fixture));
	issue(fixture, E3_CERT_SERVER, "DNS:db2.example.org");
	assert_false(shakes_hands(fixture));
	issue(fixture, E3_CERT_CLIENT, "IP:127.0.0.1");
	assert_false(shakes_hands(fixture));
	issue(fixture, E3_CERT_CLIENT, "DNS:*.example.org");
	assert_false(shakes_hands(fixture));
}

static void
a_revoked_certificate_is_refused(void **state)
{
	const Fixture *fixture = *state;

	publish(fixture, NULL, 3600);
	assert_true(shakes_hands(fixture));
	publish(fixture, "server.crt", 3600);
	assert_true(shakes_hands(fixture));
	publish(fixture, "client.crt", 3600);
	assert_false(shakes_hands(fixture));
}

static int tickets;

static int
count_ticket(SSL *ssl, SSL_SESSION *session)
{
	(void) ssl;
	(void) session;
	tickets++;
	return 0;
}

/* There is nothing to resume. */
static void
no_ticket_is_given(void **state)
{
	const Fixture *fixture = *state;

	tickets = 0;
	SSL_CTX_set_session_cache_mode(fixture->client, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(fixture->client, count_ticket);
	assert_true(shakes_hands(fixture));
	assert_int_equal(tickets, 0);
}

/* ---- files ---- */

static void
a_key_that_others_may_read_is_not_used(void **state)
{
	const Fixture *fixture = *state;

	assert_int_equal(chmod(help_path(fixture->dir, "server.key", 0), 0644), 0);
	expect_files_refused(fixture, "nobody else may read");
	assert_int_equal(chmod(help_path(fixture->dir, "server.key", 0), 0600), 0);
	assert_true(shakes_hands(fixture));
}

static void
the_key_must_be_the_certificates(void **state)
{
	const Fixture *fixture = *state;
	char from[PATH_MAX];

	(void) snprintf(from, sizeof(from), "%s", help_path(fixture->dir, "client.key", 0));
	assert_int_equal(rename(from, help_path(fixture->dir, "server.key", 1)), 0);
	expect_files_refused(fixture, "is not the key of the certificate");
}

static void
a_list_that_has_ended_is_not_used(void **state)
{
	const Fixture *fixture = *state;

	publish(fixture, "client.crt", -60);
	expect_files_refused(fixture, "revocation list has expired");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_good_client_is_let_in),
		TEST(an_older_protocol_is_not_spoken),
		TEST(who_shows_no_certificate_is_refused),
		TEST(who_does_not_say_what_it_speaks_is_refused),
		TEST(another_authority_does_not_do),
		TEST(a_certificate_must_be_a_clients_and_name_one),
		TEST(a_revoked_certificate_is_refused),
		TEST(no_ticket_is_given),
		TEST(a_key_that_others_may_read_is_not_used),
		TEST(the_key_must_be_the_certificates),
		TEST(a_list_that_has_ended_is_not_used),
	};

	return cmocka_run_group_tests(tests, help_arena, NULL);
}
