/*
 * unit/pkits_test.c
 *	  The certification paths of the NIST's Public Key Interoperability Test Suite
 *	  (PKITS 1.0.1), shown in real handshakes to E3's context and to the extension's.
 *
 * The vectors' certificates have no names that either side would take.  So each path is
 * judged without the rule on names, which must come to PKITS's own result but for what
 * is listed here, and by E3 once more with it.
 */
#include "pkits_help.h"
#include "tls_help.h"

#include <openssl/pem.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls/private.h"

#include "postgres.h"

#include "client/tls_context.h"

/* PostgreSQL has its own, in a library that is not linked here. */
#undef snprintf

#define WHY_LEN 200

static PkitsVector *vectors;
static int n_vectors;
static char dir[PATH_MAX];

/* The settings that src/client/tls_context.c reads, and what it has of PostgreSQL. */
char *evc_sslcert, *evc_sslkey, *evc_sslrootcert, *evc_sslcrl;
extern char *pg_strerror(int errnum);

char *
pg_strerror(int errnum)
{
	(void) errnum;
	return (char *) "strerror";
}

/*
 * Valid paths that are refused nevertheless, on the safe side: what RFC 5280 leaves to
 * whoever wants it, and OpenSSL does unless it is told otherwise.
 */
#define LISTS "a list that another key has signed, or that is for some reasons only"
#define CHANGES "a list that has changes only"
#define DSA "TLS 1.3 has no DSA"

static const struct
{
	const char *name;
	const char *why;
} refused[] = {
	{"ValidDSASignaturesTest4", DSA},
	{"ValidDSAParameterInheritanceTest5", DSA},
	{"ValidBasicSelfIssuedNewWithOldTest4", LISTS},
	{"ValidBasicSelfIssuedCRLSigningKeyTest6", LISTS},
	{"ValidonlySomeReasonsTest19", LISTS},
	{"ValidSeparateCertificateandCRLKeysTest19", LISTS},
	{"ValidIDPwithindirectCRLTest22", LISTS},
	{"ValidIDPwithindirectCRLTest24", LISTS},
	{"ValidIDPwithindirectCRLTest25", LISTS},
	{"ValidcRLIssuerTest28", LISTS},
	{"ValidcRLIssuerTest29", LISTS},
	{"ValidcRLIssuerTest30", LISTS},
	{"ValidcRLIssuerTest33", LISTS},
	{"ValiddeltaCRLTest2", CHANGES},
	{"ValiddeltaCRLTest5", CHANGES},
	{"ValiddeltaCRLTest7", CHANGES},
	{"ValiddeltaCRLTest8", CHANGES},
};

/* Its message has the certificates of Test19. */
#define WITHOUT_PATH "ValidonlySomeReasonsTest18"

/* --- files of the judges ------------------------------------------------------------ */

static void
write_bio(const char *name, BIO *bio)
{
	char *text;
	long len = BIO_get_mem_data(bio, &text);

	help_write_file(help_path(dir, name, 0), text, (size_t) len, 0600);
	BIO_free(bio);
}

static void
write_anchor(void)
{
	X509 *anchor = help_pkits_certificate("TrustAnchorRootCertificate.crt");
	BIO *out = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_X509(out, anchor), 1);
	write_bio("anchor.crt", out);
	X509_free(anchor);
}

static void
write_lists(const PkitsVector *vector)
{
	BIO *out = BIO_new(BIO_s_mem());

	for (int i = 0; i < sk_X509_CRL_num(vector->lists); i++)
		assert_int_equal(PEM_write_bio_X509_CRL(out, sk_X509_CRL_value(vector->lists, i)),
						 1);
	write_bio("lists.crl", out);
}

/* The judge's own certificate. */
static void
write_own(const char *name, E3CertUse use)
{
	const E3CertWish ca_wish = {.subject = "ca", .use = E3_CERT_CA, .seconds = 86400};
	const E3CertWish wish = {name, "DNS:localhost", use, 86400};
	E3Cert *ca = e3_cert_new(NULL, &ca_wish);
	E3Cert *cert = e3_cert_new(ca, &wish);

	help_tls_write(dir, name, cert);
	e3_cert_free(cert);
	e3_cert_free(ca);
}

/* --- who is judged ------------------------------------------------------------------ */

/* Shows the vector's certificate and what leads to it, and trusts everybody. */
static SSL *
new_shower(const PkitsVector *vector, const SSL_METHOD *method, int fd)
{
	SSL_CTX *context = SSL_CTX_new(method);
	SSL *ssl;

	SSL_CTX_set_security_level(context, 0);
	assert_int_equal(SSL_CTX_set_alpn_protos(context, (const unsigned char *) E3_TLS_ALPN,
											 sizeof(E3_TLS_ALPN) - 1),
					 0);
	/* Neither of those of DSA, for which the library has no use; what then fails is the
	 * handshake. */
	(void) SSL_CTX_use_certificate(context, vector->leaf);
	(void) SSL_CTX_use_PrivateKey(context, vector->key);
	for (int i = 0; i < sk_X509_num(vector->path); i++)
		if (X509_cmp(sk_X509_value(vector->path, i), vector->leaf) != 0)
			assert_int_equal(SSL_CTX_add1_chain_cert(context,
													 sk_X509_value(vector->path, i)),
							 1);
	ssl = SSL_new(context);
	SSL_CTX_free(context);
	assert_int_equal(SSL_set_fd(ssl, fd), 1);
	return ssl;
}

static void
make_sockets(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
}

/* --- the judges: "" is accepted, else why not ----------------------------------------
 */

static void
judge_by_e3(const PkitsVector *vector, bool names_count, char why[WHY_LEN])
{
	char cause[E3_TLS_CAUSE_MAX];
	E3TlsFiles files;
	E3TlsContext *context;
	E3TlsLink *link;
	E3TlsStep step = E3_TLS_WANTS_READ;
	E3Identity peer;
	SSL *client;
	int fds[2];

	(void) snprintf(files.certificate, PATH_MAX, "%s/e3.crt", dir);
	(void) snprintf(files.key, PATH_MAX, "%s/e3.key", dir);
	(void) snprintf(files.client_ca, PATH_MAX, "%s/anchor.crt", dir);
	(void) snprintf(files.crl, PATH_MAX, "%s/lists.crl", dir);
	context = e3_tls_context_new(&files, cause);
	if (context == NULL)
	{
		(void) snprintf(why, WHY_LEN, "%.150s", strrchr(cause, ':') + 2);
		return;
	}
	if (!names_count)
		SSL_CTX_set_verify(context->ssl, SSL_CTX_get_verify_mode(context->ssl), NULL);
	make_sockets(fds);
	link = e3_tls_link_new(context, fds[0]);
	client = new_shower(vector, TLS_client_method(), fds[1]);
	for (int i = 0; i < 20 && step == E3_TLS_WANTS_READ; i++)
	{
		(void) SSL_connect(client);
		step = e3_tls_link_handshake(link, names_count ? &peer : NULL);
	}
	(void) snprintf(why, WHY_LEN, "%s",
					step == E3_TLS_DONE ? "" : e3_tls_link_cause(link));
	e3_tls_link_free(link);
	SSL_free(client);
	e3_tls_context_release(context);
	close(fds[0]);
	close(fds[1]);
}

static void
judge_by_extension(const PkitsVector *vector, char why[WHY_LEN])
{
	EvcEndpoint endpoint = {.host = "localhost"};
	EvcTrouble trouble = {.cause = NULL};
	SSL *ssl = evc_tls_context_use(&endpoint, &trouble);
	SSL *server;
	int fds[2];
	int done = -1;

	if (ssl == NULL)
	{
		(void) snprintf(why, WHY_LEN, "%s", trouble.cause);
		return;
	}
	assert_int_equal(X509_VERIFY_PARAM_set1_host(SSL_get0_param(ssl), NULL, 0), 1);
	make_sockets(fds);
	assert_int_equal(SSL_set_fd(ssl, fds[0]), 1);
	SSL_set_connect_state(ssl);
	server = new_shower(vector, TLS_server_method(), fds[1]);
	for (int i = 0; i < 20 && done == -1; i++)
	{
		done = SSL_do_handshake(ssl);
		if (done != 1 && SSL_get_error(ssl, done) != SSL_ERROR_WANT_READ)
			done = 0;
		(void) SSL_accept(server);
	}
	if (done == 1)
		why[0] = '\0';
	else if (SSL_get_verify_result(ssl) != X509_V_OK)
		(void) snprintf(why, WHY_LEN, "%s",
						X509_verify_cert_error_string(SSL_get_verify_result(ssl)));
	else
		(void) snprintf(why, WHY_LEN, "no handshake");
	SSL_free(ssl);
	SSL_free(server);
	close(fds[0]);
	close(fds[1]);
}

/* --- what PKITS says ------------------------------------------------------------------
 */

/* Neither side demands a policy, and what certificates say of policies is not looked at.
 */
static bool
is_about_policies(const PkitsVector *vector)
{
	return strstr(vector->name, "olic") != NULL ||
		   strstr(vector->name, "UserNotice") != NULL ||
		   strstr(vector->name, "CPSPointer") != NULL;
}

static bool
is_to_be_accepted(const PkitsVector *vector)
{
	if (strncmp(vector->name, "Valid", 5) != 0)
		return false;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (strcmp(vector->name, refused[i].name) == 0)
		{
			print_message("refused, but valid: %s: %s\n", refused[i].name,
						  refused[i].why);
			return false;
		}
	return true;
}

static void
expect(const PkitsVector *vector, const char *judge, bool accepted, const char *why)
{
	if (accepted != (*why == '\0'))
		fail_msg("%s by %s: %s", vector->name, judge, accepted ? why : "is accepted");
}

static void
judge_path(const PkitsVector *vector)
{
	bool accepted = is_to_be_accepted(vector);
	E3Identity peer;
	char why[WHY_LEN];

	write_lists(vector);
	judge_by_e3(vector, false, why);
	expect(vector, "E3", accepted, why);
	judge_by_e3(vector, true, why);
	expect(vector, "E3 with names", accepted && e3_tls_peer_name(vector->leaf, &peer),
		   why);
	judge_by_extension(vector, why);
	expect(vector, "the extension", accepted, why);
}

static void
paths_are_judged_as_pkits_says(void **state)
{
	int judged = 0, policies = 0;

	(void) state;
	if (vectors == NULL)
		skip();
	for (int i = 0; i < n_vectors; i++)
	{
		if (strcmp(vectors[i].name, WITHOUT_PATH) == 0)
			print_message("skipped: %s: its certificates do not come with it\n",
						  vectors[i].name);
		else if (is_about_policies(&vectors[i]))
			policies++;
		else
		{
			judge_path(&vectors[i]);
			judged++;
		}
	}
	print_message("skipped: %d paths about policies, of which none is demanded\n",
				  policies);
	print_message("judged: %d paths of PKITS\n", judged);
	assert_true(judged >= 150);
}

/* For one of the four settings. */
static char *
path_of(const char *file, int setting)
{
	static char paths[4][PATH_MAX + 20];

	(void) snprintf(paths[setting], sizeof(paths[0]), "%s/%s", dir, file);
	return paths[setting];
}

static int
set_up(void **state)
{
	(void) state;
	help_make_dir(dir);
	vectors = help_pkits_read(&n_vectors);
	if (vectors == NULL)
		return 0;
	write_own("e3", E3_CERT_SERVER);
	write_own("db", E3_CERT_CLIENT);
	write_anchor();
	evc_sslcert = path_of("db.crt", 0);
	evc_sslkey = path_of("db.key", 1);
	evc_sslrootcert = path_of("anchor.crt", 2);
	evc_sslcrl = path_of("lists.crl", 3);
	return 0;
}

static int
tear_down(void **state)
{
	(void) state;
	help_pkits_free();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(paths_are_judged_as_pkits_says)};

	(void) signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
