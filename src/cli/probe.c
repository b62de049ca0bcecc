/*
 * cli/probe.c
 *	  evcrypt probe: the way of an application's values, from the client to E3 and
 *	  back, with values that mean nothing.
 */
#include "cli/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"

/* No character of it is special in an array. */
#define VALUE_FORMAT "probe-%07d 0123456789abcdef"
#define VALUE_SIZE 40

typedef struct Probe
{
	PGconn *server;
	char *schema;
	int n_values;
	double connect_ms;
	double encrypt_ms;
	double decrypt_ms;
	char trouble[512]; /* empty: none */
} Probe;

/* {"probe-0000000 ...","probe-0000001 ..."}, to be freed. */
static char *
make_values(int n)
{
	size_t size = (size_t) n * (VALUE_SIZE + 2) + 3;
	char *array = malloc(size);
	size_t len = 0;

	if (array == NULL)
		return NULL;
	for (int i = 0; i < n; i++)
		len += (size_t) snprintf(array + len, size - len, "%c\"" VALUE_FORMAT "\"",
								 i == 0 ? '{' : ',', i);
	snprintf(array + len, size - len, "}");
	return array;
}

static void
fail(Probe *probe, const char *what)
{
	snprintf(probe->trouble, sizeof(probe->trouble), "%s: %s", what,
			 evc_server_trouble(probe->server));
}

/* One statement with one array; NULL if it fails, which is noted. */
static PGresult *
timed(Probe *probe, const char *what, const char *query, const char *array, double *ms)
{
	double start = evc_now_ms();
	PGresult *result = evc_ask(probe->server, query, 1, &array, NULL);

	*ms = evc_now_ms() - start;
	if (result == NULL)
		fail(probe, what);
	return result;
}

/* The ciphertexts as one array, which is what goes back. */
static PGresult *
encrypt(Probe *probe, const char *values)
{
	char query[512];

	snprintf(query, sizeof(query),
			 "SELECT array_agg(%s.encrypt(v) ORDER BY i)"
			 " FROM unnest($1::text[]) WITH ORDINALITY AS t (v, i)",
			 probe->schema);
	return timed(probe, "could not encrypt", query, values, &probe->encrypt_ms);
}

static PGresult *
decrypt(Probe *probe, const char *ciphertexts)
{
	char query[512];

	snprintf(query, sizeof(query),
			 "SELECT %s.decrypt(v) FROM unnest($1::%s.encrypted[]) AS v", probe->schema,
			 probe->schema);
	return timed(probe, "could not decrypt", query, ciphertexts, &probe->decrypt_ms);
}

static bool
are_the_same(const PGresult *result, int n)
{
	char value[VALUE_SIZE];

	for (int i = 0; i < PQntuples(result); i++)
	{
		snprintf(value, sizeof(value), VALUE_FORMAT, i);
		if (strcmp(PQgetvalue(result, i, 0), value) != 0)
			return false;
	}
	return PQntuples(result) == n;
}

static void
round_trip(Probe *probe)
{
	char *values = make_values(probe->n_values);
	PGresult *ciphertexts = values != NULL ? encrypt(probe, values) : NULL;
	PGresult *plaintexts =
		ciphertexts != NULL ? decrypt(probe, PQgetvalue(ciphertexts, 0, 0)) : NULL;

	if (values == NULL)
		snprintf(probe->trouble, sizeof(probe->trouble), "out of memory");
	else if (plaintexts != NULL && !are_the_same(plaintexts, probe->n_values))
		snprintf(probe->trouble, sizeof(probe->trouble),
				 "what was decrypted is not what was encrypted");
	PQclear(plaintexts);
	PQclear(ciphertexts);
	free(values);
}

static bool
set_timeout(Probe *probe, int timeout_ms)
{
	char text[16];
	const char *value = text;
	PGresult *result;

	snprintf(text, sizeof(text), "%d", timeout_ms);
	result = evc_ask(probe->server, "SELECT set_config('statement_timeout', $1, false)",
					 1, &value, NULL);
	PQclear(result);
	return result != NULL;
}

static void
run(Probe *probe, const EvcCli *cli)
{
	double start = evc_now_ms();

	probe->server = evc_connect(cli, probe->trouble, sizeof(probe->trouble));
	probe->connect_ms = evc_now_ms() - start;
	if (probe->server == NULL)
		return;
	probe->schema = evc_extension_schema(probe->server);
	if (probe->schema == NULL)
		snprintf(probe->trouble, sizeof(probe->trouble),
				 "evcrypt is not in the database %s", PQdb(probe->server));
	else if (!set_timeout(probe, cli->timeout_ms))
		fail(probe, "could not set a timeout");
	else
		round_trip(probe);
	PQfreemem(probe->schema);
	PQfinish(probe->server);
}

static void
print(const Probe *probe, const EvcCli *cli, const char *status, double total)
{
	const char *trouble = *probe->trouble != '\0' ? probe->trouble : NULL;

	if (cli->json)
	{
		printf("{\"status\": \"%s\", \"values\": %d, \"max_ms\": %d, \"total_ms\": %.3f,"
			   " \"connect_ms\": %.3f, \"encrypt_ms\": %.3f, \"decrypt_ms\": %.3f, "
			   "\"error\": ",
			   status, probe->n_values, cli->max_ms, total, probe->connect_ms,
			   probe->encrypt_ms, probe->decrypt_ms);
		evc_print_json(trouble);
		printf("}\n");
		return;
	}
	printf("%s: ", status);
	if (trouble != NULL)
		evc_print_plain(trouble);
	else
		printf("%d values encrypted in %.1f ms, decrypted in %.1f ms, connected in %.1f "
			   "ms",
			   probe->n_values, probe->encrypt_ms, probe->decrypt_ms, probe->connect_ms);
	putchar('\n');
}

EvcExit
evc_probe(const EvcCli *cli)
{
	Probe probe = {.n_values = cli->values};
	EvcExit status = EVC_EXIT_OK;
	static const char *const names[] = {"ok", "slow", "failure"};
	double total;

	run(&probe, cli);
	total = probe.connect_ms + probe.encrypt_ms + probe.decrypt_ms;
	if (*probe.trouble != '\0')
		status = EVC_EXIT_FAILURE;
	else if (cli->max_ms > 0 && total > cli->max_ms)
		status = EVC_EXIT_WARNING;
	print(&probe, cli, names[status], total);
	return fflush(stdout) == 0 ? status : EVC_EXIT_FAILURE;
}
