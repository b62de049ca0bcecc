/*
 * client/tls_context.c
 *	  What the settings evcrypt.ssl* make of a connection.
 */
#include "postgres.h"

#include "client/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <arpa/inet.h>
#include <sys/stat.h>
#include <unistd.h>

#define CIPHERS                                                                          \
	"TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"
#define GROUPS "X25519:P-256"

/* 112 bits: no SHA-1, no RSA below 2048. */
#define SECURITY_LEVEL 2

/* Intermediate certificates of a chain. */
#define DEPTH_MAX 4

static bool
refuse(EvcTrouble *trouble, const char *about, const char *cause)
{
	trouble->about = about;
	trouble->cause = cause;
	return false;
}

static bool
set_rules(SSL_CTX *context)
{
	SSL_CTX_set_security_level(context, SECURITY_LEVEL);
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
									 SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
								  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
								  SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_verify_depth(context, DEPTH_MAX);
	return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
		   SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
		   SSL_CTX_set_ciphersuites(context, CIPHERS) == 1 &&
		   SSL_CTX_set1_groups_list(context, GROUPS) == 1 &&
		   /* This one returns 0 for success. */
		   SSL_CTX_set_alpn_protos(context, (const unsigned char *) EVC_TLS_ALPN,
								   sizeof(EVC_TLS_ALPN) - 1) == 0;
}

/* As libpq has it: nobody else's, or root's and readable by its group at most. */
static const char *
key_file_trouble(const char *path)
{
	struct stat info;

	if (stat(path, &info) != 0)
		return strerror(errno);
	if (!S_ISREG(info.st_mode))
		return "is not a regular file";
	if (info.st_uid != geteuid() && info.st_uid != 0)
		return "must belong to the server's user or to root";
	if ((info.st_uid == geteuid() && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) ||
		(info.st_uid == 0 && (info.st_mode & (S_IWGRP | S_IXGRP | S_IRWXO)) != 0))
		return "may be read by others: it must be 0600, or 0640 if it belongs to root";
	return NULL;
}

/* Nobody is there to type one. */
static int
no_passphrase(char *buf, int size, int writing, void *user)
{
	*(bool *) user = true;
	return -1;
}

/* Why the library could not read a file, if it is not about what is in it. */
static const char *
file_cause(const char *otherwise)
{
	unsigned long error = ERR_peek_error();

	return ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error)) : otherwise;
}

static bool
use_key(SSL_CTX *context, EvcTrouble *trouble)
{
	static const char about[] = "evcrypt.sslkey";
	const char *cause = key_file_trouble(evc_sslkey);
	bool encrypted = false;

	if (cause != NULL)
		return refuse(trouble, about, cause);
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(context, &encrypted);
	if (SSL_CTX_use_PrivateKey_file(context, evc_sslkey, SSL_FILETYPE_PEM) == 1 &&
		SSL_CTX_check_private_key(context) == 1)
		return true;
	if (encrypted)
		return refuse(trouble, about, "is encrypted, and nobody is there to open it");
	if (ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH)
		return refuse(trouble, about, "is not the key of evcrypt.sslcert");
	return refuse(trouble, about, file_cause("is not a PEM file of a private key"));
}

/*
 * A list that has changes only the library would leave out, and whom it alone revokes
 * would be let in.
 */
static const char *
add_crl(X509_STORE *store, X509_CRL *crl)
{
	if (X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0)
		return "has a revocation list with changes only";
	if (X509_STORE_add_crl(store, crl) != 1)
		return "has a revocation list that cannot be used";
	return NULL;
}

/* The lists alone: the library's own reader would trust certificates beside them. */
static const char *
add_crls(X509_STORE *store, const STACK_OF(X509_INFO) * pieces)
{
	const char *cause = NULL;
	int added = 0;

	for (int i = 0; cause == NULL && i < sk_X509_INFO_num(pieces); i++)
	{
		const X509_INFO *piece = sk_X509_INFO_value(pieces, i);

		if (piece->crl == NULL)
			continue;
		cause = add_crl(store, piece->crl);
		added++;
	}
	return cause == NULL && added == 0 ? "is not a PEM file of revocation lists" : cause;
}

static bool
use_crl(X509_STORE *store, EvcTrouble *trouble)
{
	BIO *file = BIO_new_file(evc_sslcrl, "r");
	STACK_OF(X509_INFO) *pieces =
		file != NULL ? PEM_X509_INFO_read_bio(file, NULL, NULL, NULL) : NULL;
	const char *cause = add_crls(store, pieces);

	sk_X509_INFO_pop_free(pieces, X509_INFO_free);
	BIO_free(file);
	if (cause != NULL)
		return refuse(trouble, "evcrypt.sslcrl", file_cause(cause));
	return X509_STORE_set_flags(store,
								X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1;
}

static bool
use_files(SSL_CTX *context, EvcTrouble *trouble)
{
	if (*evc_sslrootcert == '\0')
		return refuse(trouble, "evcrypt.sslrootcert", "is not set");
	if (*evc_sslcert == '\0')
		return refuse(trouble, "evcrypt.sslcert", "is not set");
	if (*evc_sslkey == '\0')
		return refuse(trouble, "evcrypt.sslkey", "is not set");
	if (SSL_CTX_load_verify_file(context, evc_sslrootcert) != 1)
		return refuse(trouble, "evcrypt.sslrootcert",
					  file_cause("is not a PEM file of certificates"));
	if (SSL_CTX_use_certificate_chain_file(context, evc_sslcert) != 1)
		return refuse(trouble, "evcrypt.sslcert",
					  file_cause("is not a PEM file of a usable certificate"));
	if (!use_key(context, trouble))
		return false;
	return *evc_sslcrl == '\0' || use_crl(SSL_CTX_get_cert_store(context), trouble);
}

static bool
is_address(const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host, &address) == 1 ||
		   inet_pton(AF_INET6, host, &address) == 1;
}

/* The name must stand in the certificate as it is, among its alternative names. */
static bool
expect_host(SSL *ssl, const char *host)
{
	SSL_set_hostflags(ssl,
					  X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (is_address(host))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

SSL *
evc_tls_context_use(const EvcEndpoint *endpoint, EvcTrouble *trouble)
{
	SSL_CTX *context;
	SSL *ssl = NULL;

	ERR_clear_error();
	(void) refuse(trouble, "TLS", "out of memory");
	context = SSL_CTX_new(TLS_client_method());
	if (context != NULL && set_rules(context) && use_files(context, trouble))
		ssl = SSL_new(context);
	/* A connection keeps what it needs of it. */
	SSL_CTX_free(context);
	if (ssl != NULL && !expect_host(ssl, endpoint->host))
	{
		SSL_free(ssl);
		ssl = NULL;
	}
	ERR_clear_error();
	return ssl;
}
