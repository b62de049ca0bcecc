/*
 * cli/check_link.c
 *	  The way between clients and the server, and their clocks.
 */
#include "cli/doctor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Seconds. */
#define SKEW_WARNING 1.0
#define SKEW_FAILURE 300.0

static bool
listens_here_only(const char *addresses)
{
	return *addresses == '\0' || strcmp(addresses, "localhost") == 0 ||
		   strncmp(addresses, "127.", 4) == 0 || strcmp(addresses, "::1") == 0;
}

/* What is decrypted goes to the client in clear, unless TLS carries it. */
void
evc_check_link(EvcDoctor *doctor)
{
	char *addresses = evc_setting(doctor, "listen_addresses");
	char *ssl = evc_setting(doctor, "ssl");
	bool has_ssl = ssl != NULL && strcmp(ssl, "on") == 0;

	if (!evc_server_is_here(doctor->server) && !PQsslInUse(doctor->server))
		evc_find(doctor, "link", EVC_GRADE_WARNING, "Use sslmode=verify-full.",
				 "this connection goes to another machine without TLS");
	else if (addresses != NULL && !listens_here_only(addresses) && !has_ssl)
		evc_find(doctor, "link", EVC_GRADE_WARNING,
				 "Set ssl = on, or listen_addresses = ''.",
				 "the server listens to other machines without TLS: plaintext travels in "
				 "clear");
	else
		evc_find(doctor, "link", EVC_GRADE_OK, NULL, "%s",
				 has_ssl ? "the server offers TLS"
						 : "the server listens to this machine only");
	free(ssl);
	free(addresses);
}

static double
now_of_client(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

/* The server read its clock at some time between question and answer. */
void
evc_check_clock(EvcDoctor *doctor)
{
	double before = now_of_client();
	PGresult *result =
		evc_examine(doctor, "clock", "SELECT extract(epoch FROM clock_timestamp())", 0,
					NULL);
	double after = now_of_client();
	double server;
	double offset;

	if (result == NULL)
		return;
	server = strtod(PQgetvalue(result, 0, 0), NULL);
	offset = fmax(before - server, server - after);
	if (offset > SKEW_WARNING)
		evc_find(doctor, "clock",
				 offset > SKEW_FAILURE ? EVC_GRADE_FAILURE : EVC_GRADE_WARNING,
				 "Certificates and credentials go by it: set both by NTP or chrony.",
				 "the server's clock and this machine's differ by %.1f s", offset);
	else
		evc_find(doctor, "clock", EVC_GRADE_OK, NULL,
				 "the server's clock and this machine's agree");
	PQclear(result);
}
