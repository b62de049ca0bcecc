/*
 * ctl/certs.c
 *	  e3ctl certs: a private authority, and certificates of it.
 *
 *	  DIR/ca.crt ca.key          makes the others, and is kept away from all
 *	  DIR/server.crt server.key  for E3
 *	  DIR/NAME.crt NAME.key      for a client, whose name it says
 *
 * For development and small set-ups: there is no revocation here, and what is there
 * already is left alone.
 */
#include "ctl/certs.h"

#include "ctl/ctl.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/secret.h"
#include "wire/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DAYS_DEFAULT 365
#define DAYS_MAX 3650
#define NAMES_MAX 2048
#define SERVER_DEFAULT "localhost,127.0.0.1,::1"
#define CLIENT_DEFAULT "client"

typedef struct Certs
{
	const char *dir;
	uint32_t days;
	E3Cert *ca;
} Certs;

static bool
is_there(const char *path)
{
	struct stat info;

	return lstat(path, &info) == 0;
}

/* DIR/NAME.END */
static bool
path_of(const Certs *certs, const char *name, const char *end, char path[PATH_MAX])
{
	int len = snprintf(path, PATH_MAX, "%s/%s.%s", certs->dir, name, end);

	return len > 0 && len < PATH_MAX;
}

static int
write_file(const char *path, EvwBytes bytes)
{
	if (e3_file_create(path, bytes) != E3_FILE_OK)
		return e3_ctl_fail("%s: %s", path, strerror(errno));
	printf("made %s\n", path);
	return EXIT_SUCCESS;
}

/* A certificate is for everybody to read. */
static int
write_pair(const char *crt, const char *key, const E3Cert *cert)
{
	EvwBuf text;
	int status = EXIT_FAILURE;

	e3_buf_init(&text);
	if (!e3_cert_write_key(cert, &text))
		(void) e3_ctl_fail("%s: cannot be written", key);
	else if (write_file(key, (EvwBytes){text.data, text.len}) == EXIT_SUCCESS)
	{
		text.len = 0;
		if (!e3_cert_write(cert, &text))
			(void) e3_ctl_fail("%s: cannot be written", crt);
		else
			status = write_file(crt, (EvwBytes){text.data, text.len});
	}
	e3_buf_release(&text);
	if (status == EXIT_SUCCESS && chmod(crt, 0644) != 0)
		status = e3_ctl_fail("%s: %s", crt, strerror(errno));
	return status;
}

static int
make_pair(const Certs *certs, const char *name, const E3CertWish *wish, E3Cert **made)
{
	char crt[PATH_MAX];
	char key[PATH_MAX];
	E3Cert *cert;
	int status;

	*made = NULL;
	if (!path_of(certs, name, "crt", crt) || !path_of(certs, name, "key", key))
		return e3_ctl_fail("%s: %s", certs->dir, strerror(ENAMETOOLONG));
	if (is_there(crt) && is_there(key))
		return EXIT_SUCCESS;
	if (is_there(crt) || is_there(key))
		return e3_ctl_fail("%s and %s: one is there without the other", crt, key);
	cert = e3_cert_new(certs->ca, wish);
	if (cert == NULL)
		return e3_ctl_fail("%s: cannot be made", crt);
	status = write_pair(crt, key, cert);
	if (status == EXIT_SUCCESS)
		*made = cert;
	else
		e3_cert_free(cert);
	return status;
}

/* The authority that is there, or a new one. */
static int
find_ca(Certs *certs)
{
	const E3CertWish wish = {.subject = "evcrypt private authority",
							 .use = E3_CERT_CA,
							 .days = certs->days};
	char crt[PATH_MAX];
	char key[PATH_MAX];
	int status = make_pair(certs, "ca", &wish, &certs->ca);

	if (status != EXIT_SUCCESS || certs->ca != NULL)
		return status;
	(void) path_of(certs, "ca", "crt", crt);
	(void) path_of(certs, "ca", "key", key);
	certs->ca = e3_cert_read(crt, key);
	if (certs->ca == NULL)
		return e3_ctl_fail("%s, %s: are not an authority's certificate and key", crt,
						   key);
	return EXIT_SUCCESS;
}

/* Its alternative name: "IP:" or "DNS:" and the name; false if it is neither. */
static bool
alternative(const char *name, char *text, size_t size)
{
	struct in6_addr address;
	EvwEndpoint endpoint;
	char probe[EVW_ENDPOINT_TEXT_MAX];
	int len = snprintf(probe, sizeof(probe), "%s:1", name);

	if (inet_pton(AF_INET, name, &address) == 1 ||
		inet_pton(AF_INET6, name, &address) == 1)
		return snprintf(text, size, "IP:%s", name) < (int) size;
	/* A name that an endpoint may have, and a file. */
	if (len < 0 || (size_t) len >= sizeof(probe) ||
		evw_endpoint_parse_host(&endpoint, probe, (size_t) len) != NULL)
		return false;
	return snprintf(text, size, "DNS:%s", name) < (int) size;
}

/* "IP:...,DNS:..." of a comma-separated list; false if there is anything else in it. */
static bool
alternatives(const char *list, char names[NAMES_MAX])
{
	char copy[NAMES_MAX];
	char *rest = copy;
	char *name;
	size_t len = 0;

	if (snprintf(copy, sizeof(copy), "%s", list) >= (int) sizeof(copy))
		return false;
	while ((name = strsep(&rest, ",")) != NULL)
	{
		if (len > 0)
			names[len++] = ',';
		if (len >= NAMES_MAX || !alternative(name, names + len, NAMES_MAX - len))
			return false;
		len += strlen(names + len);
	}
	return true;
}

/* A client has a host's name, which becomes that of a file. */
static bool
are_clients(const char *list)
{
	char names[NAMES_MAX];
	char *rest = names;
	char *name;

	if (!alternatives(list, names))
		return false;
	while ((name = strsep(&rest, ",")) != NULL)
		if (strncmp(name, "DNS:", 4) != 0 || strcmp(name, "DNS:ca") == 0 ||
			strcmp(name, "DNS:server") == 0)
			return false;
	return true;
}

static int
make_server(const Certs *certs, const char *names)
{
	const E3CertWish wish = {.subject = "e3",
							 .names = names,
							 .use = E3_CERT_SERVER,
							 .days = certs->days};
	E3Cert *made;
	int status = make_pair(certs, "server", &wish, &made);

	e3_cert_free(made);
	return status;
}

static int
make_client(const Certs *certs, const char *name)
{
	char names[EVW_ENDPOINT_HOST_MAX + 8];
	const E3CertWish wish = {.subject = name,
							 .names = names,
							 .use = E3_CERT_CLIENT,
							 .days = certs->days};
	E3Cert *made;
	int status;

	(void) snprintf(names, sizeof(names), "DNS:%s", name);
	status = make_pair(certs, name, &wish, &made);
	e3_cert_free(made);
	return status;
}

static int
make_clients(const Certs *certs, const char *list)
{
	char copy[NAMES_MAX];
	char *rest = copy;
	char *name;
	int status = EXIT_SUCCESS;

	(void) snprintf(copy, sizeof(copy), "%s", list);
	while (status == EXIT_SUCCESS && (name = strsep(&rest, ",")) != NULL)
		status = make_client(certs, name);
	return status;
}

static int
read_days(const E3Ctl *ctl, uint32_t *days)
{
	uint64_t number = DAYS_DEFAULT;
	const char *end = "";

	if (ctl->certs_days != NULL &&
		(!e3_parse_digits(ctl->certs_days, 10, &number, &end) || *end != '\0' ||
		 number < 1 || number > DAYS_MAX))
		return e3_ctl_fail("--days: must be a whole number from 1 to %d", DAYS_MAX);
	*days = (uint32_t) number;
	return EXIT_SUCCESS;
}

static int
make_all(Certs *certs, const char *server_names, const char *clients)
{
	int status = EXIT_SUCCESS;

	if (mkdir(certs->dir, 0755) != 0 && errno != EEXIST)
		return e3_ctl_fail("%s: %s", certs->dir, strerror(errno));
	status = find_ca(certs);
	if (status == EXIT_SUCCESS)
		status = make_server(certs, server_names);
	if (status == EXIT_SUCCESS)
		status = make_clients(certs, clients);
	e3_cert_free(certs->ca);
	return status;
}

int
e3_ctl_certs(E3Ctl *ctl)
{
	const char *servers = ctl->certs_server != NULL ? ctl->certs_server : SERVER_DEFAULT;
	const char *clients = ctl->certs_client != NULL ? ctl->certs_client : CLIENT_DEFAULT;
	Certs certs = {.dir = ctl->args[0]};
	char server_names[NAMES_MAX];

	/* Before anything is made. */
	if (!alternatives(servers, server_names))
		return e3_ctl_fail("--server: names and addresses, comma separated");
	if (!are_clients(clients))
		return e3_ctl_fail("--client: host names, comma separated, not \"ca\" or "
						   "\"server\"");
	if (read_days(ctl, &certs.days) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	return make_all(&certs, server_names, clients);
}
