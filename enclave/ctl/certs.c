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
#include "ctl/ctl.h"
#include "ctl/pair.h"

#include "wire/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 2048
#define SERVER_DEFAULT "localhost,127.0.0.1,::1"
#define CLIENT_DEFAULT "client"

typedef struct Certs
{
	const char *dir;
	uint32_t seconds;
	E3Cert *ca;
} Certs;

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
							 .seconds = certs->seconds};
	E3Cert *made;
	int status = e3_pair_make(certs->dir, "server", certs->ca, &wish, &made);

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
							 .seconds = certs->seconds};
	E3Cert *made;
	int status;

	(void) snprintf(names, sizeof(names), "DNS:%s", name);
	status = e3_pair_make(certs->dir, name, certs->ca, &wish, &made);
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
make_all(Certs *certs, const char *server_names, const char *clients)
{
	const E3CertWish wish = {.subject = "evcrypt private authority",
							 .use = E3_CERT_CA,
							 .seconds = certs->seconds};
	int status = e3_pair_dir(certs->dir);

	if (status == EXIT_SUCCESS)
		status = e3_pair_find(certs->dir, "ca", NULL, &wish, &certs->ca);
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
	if (e3_pair_seconds(ctl->certs_days, &certs.seconds) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	return make_all(&certs, server_names, clients);
}
