/*
 * cli/check_endpoints.c
 *	  Is E3 there, does it serve, and who else could be in its place?
 */
#include "cli/doctor.h"

#include <errno.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Milliseconds by which E3's clock may be off. */
#define SKEW_WARNING 1000.0
#define SKEW_FAILURE 300000.0

static const char prefix_unix[] = "unix:";

/* One question for every endpoint; NULL if there is no answer, which is said. */
static PGresult *
ask_health(EvcDoctor *doctor)
{
	char query[512];
	char sqlstate[6] = "";
	PGresult *result;

	snprintf(query, sizeof(query),
			 "SELECT endpoint, reachable, round(latency_ms::numeric, 2), version,"
			 " key_versions::text, clock_offset_ms, error, "
			 "current_setting('evcrypt.app'),"
			 " isolation_missing"
			 " FROM %s.evcrypt_health()",
			 doctor->schema);
	result = evc_ask(doctor->server, query, 0, NULL, sqlstate);
	if (result != NULL)
		return result;
	if (strcmp(sqlstate, "42501") == 0)
		evc_find(doctor, "endpoints", EVC_GRADE_UNKNOWN,
				 "Ask as a superuser, or GRANT EXECUTE ON FUNCTION evcrypt_health().",
				 "this role may not execute evcrypt_health()");
	else
		evc_find(doctor, "endpoints", EVC_GRADE_FAILURE, NULL, "%s",
				 evc_server_trouble(doctor->server));
	return NULL;
}

static void
check_e3_clock(EvcDoctor *doctor, const char *endpoint, const char *text)
{
	double offset = fabs(strtod(text, NULL));

	if (offset > SKEW_WARNING)
		evc_find(doctor, "clock",
				 offset > SKEW_FAILURE ? EVC_GRADE_FAILURE : EVC_GRADE_WARNING,
				 "Certificates and credentials go by it: set it by NTP or chrony.",
				 "the clock of %s is off by %.1f s", endpoint, offset / 1e3);
}

/* Nothing where all is there, and where E3 does not say. */
static void
check_isolation(EvcDoctor *doctor, const char *endpoint, const char *missing)
{
	if (*missing != '\0')
		evc_find(doctor, "isolation", EVC_GRADE_WARNING,
				 "E3's [isolation] section, its kernel and its service manager decide: "
				 "see "
				 "docs/operations.md.",
				 "%s is less shut off than it could be: %s", endpoint, missing);
}

static void
check_endpoint(EvcDoctor *doctor, const PGresult *health, int i, int n)
{
	const char *endpoint = PQgetvalue(health, i, 0);
	const char *app = PQgetvalue(health, i, 7);

	if (*PQgetvalue(health, i, 1) != 't')
	{
		evc_find(doctor, "endpoints", n > 1 ? EVC_GRADE_WARNING : EVC_GRADE_FAILURE,
				 "evcrypt.endpoints names it; is E3 running there?", "%s: %s", endpoint,
				 PQgetvalue(health, i, 6));
		return;
	}
	if (PQgetisnull(health, i, 4) || strcmp(PQgetvalue(health, i, 4), "{}") == 0)
		evc_find(doctor, "endpoints", EVC_GRADE_FAILURE,
				 "Create it with \"e3ctl app add\", or let evcrypt.app name another.",
				 "%s has no app \"%s\"", endpoint, app);
	else
		evc_find(doctor, "endpoints", EVC_GRADE_OK, NULL,
				 "%s answers in %s ms, version %s, app \"%s\"", endpoint,
				 PQgetvalue(health, i, 2), PQgetvalue(health, i, 3), app);
	check_isolation(doctor, endpoint, PQgetvalue(health, i, 8));
	if (!PQgetisnull(health, i, 5))
		check_e3_clock(doctor, endpoint, PQgetvalue(health, i, 5));
}

void
evc_check_endpoints(EvcDoctor *doctor)
{
	PGresult *health = ask_health(doctor);
	int reachable = 0;

	for (int i = 0; i < PQntuples(health); i++)
	{
		check_endpoint(doctor, health, i, PQntuples(health));
		reachable += *PQgetvalue(health, i, 1) == 't';
	}
	if (health != NULL && PQntuples(health) > 1 && reachable == 0)
		evc_find(doctor, "endpoints", EVC_GRADE_FAILURE, NULL,
				 "no endpoint can be reached");
	PQclear(health);
}

/* --- transport -------------------------------------------------------------- */

static void
check_folder(EvcDoctor *doctor, const char *path)
{
	char folder[4096];
	struct stat status;

	snprintf(folder, sizeof(folder), "%s", path);
	if (stat(dirname(folder), &status) != 0)
		return;
	snprintf(folder, sizeof(folder), "%s", path);
	if ((status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0)
		evc_find(doctor, "socket", EVC_GRADE_FAILURE, "chmod o-w, or 0750.",
				 "anybody can put another socket in the place of %s", path);
	else if ((status.st_mode & (S_IWOTH | S_IWGRP)) != 0)
		evc_find(doctor, "socket", EVC_GRADE_WARNING, "A folder of E3's own, 0750.",
				 "others than E3 can write to the folder %s", dirname(folder));
}

static void
check_socket(EvcDoctor *doctor, const char *path)
{
	struct stat status;

	if (!evc_server_is_here(doctor->server))
		evc_find(doctor, "socket", EVC_GRADE_UNKNOWN, "Run this on the server's machine.",
				 "%s is on another machine", path);
	else if (stat(path, &status) != 0)
		evc_find(doctor, "socket", EVC_GRADE_UNKNOWN,
				 "Run this as root, or as the server's user.", "%s: %s", path,
				 strerror(errno));
	else if (!S_ISSOCK(status.st_mode))
		evc_find(doctor, "socket", EVC_GRADE_FAILURE, NULL, "%s is no socket", path);
	else
	{
		if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0)
			evc_find(doctor, "socket", EVC_GRADE_WARNING,
					 "socket_mode = 0660 in e3.conf.",
					 "every user of the machine can open %s: only E3's access list is "
					 "left",
					 path);
		else
			evc_find(doctor, "socket", EVC_GRADE_OK, NULL, "%s has mode %04o", path,
					 (unsigned) status.st_mode & 07777);
		check_folder(doctor, path);
	}
}

/* The others are reached by TLS, all with the same files. */
void
evc_check_transport(EvcDoctor *doctor)
{
	char *endpoints = evc_setting(doctor, "evcrypt.endpoints");
	char *rest = endpoints;
	char *endpoint;
	bool by_tls = false;

	if (endpoints == NULL || *endpoints == '\0')
		evc_find(doctor, "tls", EVC_GRADE_FAILURE, "Set it in postgresql.conf.",
				 "evcrypt.endpoints is not set");
	while (rest != NULL && (endpoint = strsep(&rest, ",")) != NULL)
	{
		endpoint += strspn(endpoint, " \t\r\n");
		endpoint[strcspn(endpoint, " \t\r\n")] = '\0';
		if (strncmp(endpoint, prefix_unix, strlen(prefix_unix)) == 0)
			check_socket(doctor, endpoint + strlen(prefix_unix));
		else if (*endpoint != '\0' && !by_tls)
		{
			by_tls = true;
			evc_check_tls(doctor, endpoint);
		}
	}
	free(endpoints);
}

/* --- policy ----------------------------------------------------------------- */

static bool
may_execute(EvcDoctor *doctor)
{
	char encrypt[256];
	char decrypt[512];
	const char *const values[] = {encrypt, decrypt};
	PGresult *result;
	bool may;

	snprintf(encrypt, sizeof(encrypt), "%s.encrypt(text)", doctor->schema);
	snprintf(decrypt, sizeof(decrypt), "%s.decrypt(%s.encrypted)", doctor->schema,
			 doctor->schema);
	result = evc_ask(doctor->server,
					 "SELECT has_function_privilege($1, 'EXECUTE')"
					 " AND has_function_privilege($2, 'EXECUTE')",
					 2, values, NULL);
	may = result != NULL && *PQgetvalue(result, 0, 0) == 't';
	PQclear(result);
	return may;
}

/* A value of our own, in both directions or in one; NULL if it is refused. */
static PGresult *
try_value(EvcDoctor *doctor, bool decrypts, char sqlstate[6])
{
	char query[512];

	if (decrypts)
		snprintf(query, sizeof(query),
				 "SELECT %s.decrypt(%s.encrypt('evcrypt doctor'::text))", doctor->schema,
				 doctor->schema);
	else
		snprintf(query, sizeof(query), "SELECT %s.encrypt('evcrypt doctor'::text)",
				 doctor->schema);
	return evc_ask(doctor->server, query, 0, NULL, sqlstate);
}

static bool
is_refusal(const char *sqlstate)
{
	return strcmp(sqlstate, "42501") == 0 || strncmp(sqlstate, "28", 2) == 0;
}

void
evc_check_policy(EvcDoctor *doctor)
{
	char sqlstate[6] = "";
	PGresult *encrypted;
	PGresult *decrypted;

	if (!may_execute(doctor))
	{
		evc_find(doctor, "policy", EVC_GRADE_UNKNOWN, "Ask as a role that may.",
				 "this role may not execute encrypt and decrypt");
		return;
	}
	encrypted = try_value(doctor, false, sqlstate);
	if (encrypted == NULL)
	{
		evc_find(doctor, "policy", EVC_GRADE_FAILURE, NULL,
				 "a value cannot be encrypted: %s (%s)",
				 evc_server_trouble(doctor->server), sqlstate);
		return;
	}
	PQclear(encrypted);
	decrypted = try_value(doctor, true, sqlstate);
	if (decrypted != NULL && strcmp(PQgetvalue(decrypted, 0, 0), "evcrypt doctor") == 0)
		evc_find(doctor, "policy", EVC_GRADE_OK, NULL,
				 "E3 lets this session encrypt and decrypt, without a credential");
	else if (decrypted == NULL && is_refusal(sqlstate))
		evc_find(doctor, "policy", EVC_GRADE_OK, NULL,
				 "E3 lets this session encrypt, and without a credential not decrypt");
	else
		evc_find(doctor, "policy", EVC_GRADE_FAILURE, NULL,
				 "a value cannot be decrypted: %s (%s)",
				 decrypted == NULL ? evc_server_trouble(doctor->server)
								   : "it is another one",
				 sqlstate);
	PQclear(decrypted);
}
