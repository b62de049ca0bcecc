/*
 * client.c
 *	  Runs statements for the benchmark and takes their times.
 *
 * usage: client CONNINFO E3-SOCKET
 *
 * Reads commands, one a line, words separated by tabs, and answers each with
 * one line.  When connected it says "ok" and the backend's process id.
 *
 *	 run	SQL				as psql would
 *	 stream	SQL				rows in binary, one at a time, none kept
 *	 text	SQL				the same as text
 *	 repeat	N SQL			N times, by the simple protocol
 *	 single	N VALUE SQL		N times, prepared, with $1 = VALUE
 *	 echo	N VALUE			N round trips to E3, without PostgreSQL
 *
 * The answer is "ok", the nanoseconds it took, the instructions that the
 * backend executed in user mode (-1 if they can't be counted), and what there is
 * to say: of run the first field of the result or the number of rows changed,
 * of stream and text the number of rows, of single and echo N times.  Or "error" and why.
 */
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "e3.h"

#define WORDS_MAX 4

typedef struct Client
{
	PGconn *conn;
	int instructions;	/* descriptor of the counter, or -1 */
	const char *socket; /* E3's */
	int e3;				/* connection to it, while echo runs */
} Client;

typedef struct Start
{
	int64_t ns;
	int64_t instructions;
} Start;

typedef struct Verb
{
	const char *name;
	int words;
	void (*act)(Client *client, char **words);
} Verb;

static int64_t
now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (int64_t) at.tv_sec * 1000000000 + at.tv_nsec;
}

static void
open_counter(Client *client)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attributes),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};

	client->instructions = (int) syscall(SYS_perf_event_open, &attributes,
										 PQbackendPID(client->conn), -1, -1, 0);
}

static int64_t
instructions(const Client *client)
{
	int64_t count;

	if (client->instructions < 0 ||
		read(client->instructions, &count, sizeof(count)) != sizeof(count))
		return -1;
	return count;
}

static Start
start(const Client *client)
{
	Start at = {.instructions = instructions(client)};

	at.ns = now();
	return at;
}

/* The beginning of the answer. */
static void
finish(const Client *client, Start began)
{
	int64_t ns = now() - began.ns;
	int64_t count = instructions(client);

	printf("ok\t%" PRId64 "\t%" PRId64 "\t", ns,
		   began.instructions < 0 || count < 0 ? -1 : count - began.instructions);
}

static void
fail(const char *what)
{
	printf("error\t");
	for (; *what != '\0'; what++)
		putchar(*what == '\n' || *what == '\t' ? ' ' : *what);
	putchar('\n');
}

static bool
good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

static void
run(Client *client, char **words)
{
	Start began = start(client);
	PGresult *result = PQexec(client->conn, words[1]);

	if (good(result))
	{
		finish(client, began);
		puts(PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : PQcmdTuples(result));
	}
	else
		fail(PQerrorMessage(client->conn));
	PQclear(result);
}

/* Format is PostgreSQL's: 0 text, 1 binary. */
static void
take_rows(Client *client, const char *sql, int format)
{
	Start began = start(client);
	bool failed =
		!PQsendQueryParams(client->conn, sql, 0, NULL, NULL, NULL, NULL, format);
	PGresult *result;
	int64_t rows = 0;

	PQsetSingleRowMode(client->conn);
	while ((result = PQgetResult(client->conn)) != NULL)
	{
		if (PQresultStatus(result) == PGRES_SINGLE_TUPLE)
			rows++;
		else if (!good(result))
			failed = true;
		PQclear(result);
	}
	if (failed)
	{
		fail(PQerrorMessage(client->conn));
		return;
	}
	finish(client, began);
	printf("%" PRId64 "\n", rows);
}

static void
stream(Client *client, char **words)
{
	take_rows(client, words[1], 1);
}

static void
text(Client *client, char **words)
{
	take_rows(client, words[1], 0);
}

static void
repeat(Client *client, char **words)
{
	long n = strtol(words[1], NULL, 10);
	Start began = start(client);

	for (long i = 0; i < n; i++)
	{
		PGresult *result = PQexec(client->conn, words[2]);
		bool is_good = good(result);

		PQclear(result);
		if (!is_good)
		{
			fail(PQerrorMessage(client->conn));
			return;
		}
	}
	finish(client, began);
	putchar('\n');
}

/* N times; each one's time is said. */
static void
each(Client *client, long n, const char *value, bool (*once)(Client *, const char *))
{
	int64_t *times = malloc((size_t) n * sizeof(*times));
	Start began = start(client);

	for (long i = 0; i < n; i++)
	{
		int64_t at = now();

		if (times == NULL || !once(client, value))
		{
			fail("one of many failed");
			free(times);
			return;
		}
		times[i] = now() - at;
	}
	finish(client, began);
	for (long i = 0; i < n; i++)
		printf("%s%" PRId64, i > 0 ? " " : "", times[i]);
	putchar('\n');
	free(times);
}

static bool
execute_once(Client *client, const char *value)
{
	PGresult *result = PQexecPrepared(client->conn, "single", 1, &value, NULL, NULL, 0);
	bool is_good = good(result) && PQntuples(result) == 1 && !PQgetisnull(result, 0, 0);

	PQclear(result);
	return is_good;
}

static void
single(Client *client, char **words)
{
	PGresult *result = PQprepare(client->conn, "single", words[3], 1, NULL);

	if (good(result))
		each(client, strtol(words[1], NULL, 10), words[2], execute_once);
	else
		fail(PQerrorMessage(client->conn));
	PQclear(result);
	PQclear(PQexec(client->conn, "DEALLOCATE single"));
}

static bool
echo_once(Client *client, const char *value)
{
	return bench_e3_echo(client->e3, value, strlen(value));
}

/* On a connection of its own: E3 closes those that are idle. */
static void
echo(Client *client, char **words)
{
	client->e3 = bench_e3_connect(client->socket);
	if (client->e3 < 0)
	{
		fail("cannot connect to E3");
		return;
	}
	each(client, strtol(words[1], NULL, 10), words[2], echo_once);
	close(client->e3);
}

static const Verb verbs[] = {
	{"run", 2, run},	   {"stream", 2, stream}, {"text", 2, text},
	{"repeat", 3, repeat}, {"single", 4, single}, {"echo", 3, echo},
};

static void
obey(Client *client, char *line)
{
	char *words[WORDS_MAX];
	int count = 0;

	for (char *word; count < WORDS_MAX && (word = strsep(&line, "\t")) != NULL;)
		words[count++] = word;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
	{
		if (strcmp(words[0], verbs[i].name) == 0 && count == verbs[i].words)
		{
			verbs[i].act(client, words);
			return;
		}
	}
	fail("no such command");
}

int
main(int argc, char **argv)
{
	Client client = {.instructions = -1};
	char *line = NULL;
	size_t size = 0;

	if (argc != 3)
	{
		fputs("usage: client CONNINFO E3-SOCKET\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	client.conn = PQconnectdb(argv[1]);
	client.socket = argv[2];
	if (PQstatus(client.conn) != CONNECTION_OK)
	{
		fail(PQerrorMessage(client.conn));
		return 1;
	}
	open_counter(&client);
	printf("ok\t%d\n", PQbackendPID(client.conn));
	for (ssize_t len; (len = getline(&line, &size, stdin)) > 0;)
	{
		line[strcspn(line, "\n")] = '\0';
		obey(&client, line);
	}
	free(line);
	PQfinish(client.conn);
	return 0;
}
