/*
 * program.c
 *	  A program that encrypts by itself, so that PostgreSQL sees nothing else; and one
 *	  that leaves it to PostgreSQL, and only moves the file.
 *
 * usage: program CONNINFO VERB FILE STATEMENT
 *
 *	 seal	values of the csv file, encrypted, to a binary COPY FROM STDIN
 *	 open	values of a binary COPY TO STDOUT, decrypted, into a csv file
 *	 pack	as seal, but as they are
 *	 unpack	as open, but as they are
 *	 send	the file as it is to a COPY FROM STDIN
 *	 take	what a COPY TO STDOUT says into the file
 *
 * The file's lines are an id, a comma and a value that needs no quotes.  Prints its
 * backend's process id, waits for a line, and prints the nanoseconds that it then took,
 * and the number of rows.
 */
#include "aead.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>

#define CHUNK 65536
#define VALUE_MAX 65536

/* The beginning of a binary COPY: signature, flags, length of an extension. */
#define HEADER "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"
#define HEADER_LEN 19

/* A row's number of fields, and the length and the value of an id. */
#define ID_LEN 8
#define BEFORE_VALUE (2 + 4 + ID_LEN + 4)

typedef struct Program
{
	PGconn *conn;
	FILE *file;
	const char *statement;
	bool encrypts; /* and decrypts */
	BenchAead aead;
	int64_t rows;
} Program;

typedef struct Verb
{
	const char *name;
	const char *mode;
	bool encrypts;
	void (*act)(Program *program);
} Verb;

static void
need(bool good, const Program *program, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "program: %s: %s\n", what, PQerrorMessage(program->conn));
	exit(1);
}

static uint8_t *
put(uint8_t *at, uint64_t number, int bytes)
{
	while (bytes-- > 0)
		*at++ = (uint8_t) (number >> 8 * bytes);
	return at;
}

static uint64_t
get(const uint8_t *at, int bytes)
{
	uint64_t number = 0;

	while (bytes-- > 0)
		number = number << 8 | *at++;
	return number;
}

static void
begin(Program *program, ExecStatusType status)
{
	PGresult *result = PQexec(program->conn, program->statement);

	need(PQresultStatus(result) == status, program, "COPY");
	PQclear(result);
}

/* Takes what the statement ends with. */
static void
finish(Program *program)
{
	for (PGresult *result; (result = PQgetResult(program->conn)) != NULL;)
	{
		need(PQresultStatus(result) == PGRES_COMMAND_OK, program, "COPY's end");
		if (program->rows == 0)
			program->rows = strtoll(PQcmdTuples(result), NULL, 10);
		PQclear(result);
	}
}

static void
send_bytes(Program *program, const void *bytes, size_t len)
{
	need(PQputCopyData(program->conn, bytes, (int) len) == 1, program, "sending");
}

/* One value as a field of a row; returns what is behind it. */
static uint8_t *
put_value(Program *program, uint8_t *at, const uint8_t *value, size_t len)
{
	size_t added = program->encrypts ? AEAD_ADDED : 0;

	at = put(at, len + added, 4);
	if (program->encrypts)
		need(aead_seal(&program->aead, at, value, len), program, "encrypting");
	else
		memcpy(at, value, len);
	return at + len + added;
}

static void
send_values(Program *program)
{
	static uint8_t chunk[CHUNK + BEFORE_VALUE + VALUE_MAX + AEAD_ADDED];
	uint8_t *at = chunk + HEADER_LEN;
	char *line = NULL;
	size_t size = 0;

	begin(program, PGRES_COPY_IN);
	memcpy(chunk, HEADER, HEADER_LEN);
	for (ssize_t len; (len = getline(&line, &size, program->file)) > 0;)
	{
		char *value;
		uint64_t id = strtoull(line, &value, 10);
		size_t value_len = (size_t) (line + len - value) - 2;

		need(*value == ',' && value_len <= VALUE_MAX, program, "a line");
		at = put(at, 2, 2);
		at = put(put(at, ID_LEN, 4), id, ID_LEN);
		at = put_value(program, at, (uint8_t *) value + 1, value_len);
		if (at - chunk >= CHUNK)
		{
			send_bytes(program, chunk, (size_t) (at - chunk));
			at = chunk;
		}
	}
	at = put(at, 0xffff, 2);
	send_bytes(program, chunk, (size_t) (at - chunk));
	need(PQputCopyEnd(program->conn, NULL) == 1, program, "ending");
	finish(program);
	free(line);
}

/* A row, with the header before it if it is the first. */
static void
write_row(Program *program, const uint8_t *row, size_t len)
{
	static uint8_t opened[VALUE_MAX];
	const uint8_t *value = row + BEFORE_VALUE;
	size_t value_len = (size_t) get(value - 4, 4);

	need(len == BEFORE_VALUE + value_len && value_len <= VALUE_MAX, program, "a row");
	if (program->encrypts)
	{
		need(aead_open(&program->aead, opened, value, value_len), program, "decrypting");
		value = opened;
		value_len -= AEAD_ADDED;
	}
	fprintf(program->file, "%" PRIu64 ",", get(row + 2 + 4, ID_LEN));
	fwrite(value, 1, value_len, program->file);
	putc('\n', program->file);
}

static void
take_values(Program *program)
{
	char *bytes;
	size_t skip = HEADER_LEN;

	begin(program, PGRES_COPY_OUT);
	for (int len; (len = PQgetCopyData(program->conn, &bytes, 0)) > 0;)
	{
		if ((size_t) len >= skip + BEFORE_VALUE)
			write_row(program, (uint8_t *) bytes + skip, (size_t) len - skip);
		skip = 0;
		PQfreemem(bytes);
	}
	finish(program);
}

static void
send_file(Program *program)
{
	static char chunk[CHUNK];

	begin(program, PGRES_COPY_IN);
	for (size_t got; (got = fread(chunk, 1, sizeof(chunk), program->file)) > 0;)
		send_bytes(program, chunk, got);
	need(PQputCopyEnd(program->conn, NULL) == 1, program, "ending");
	finish(program);
}

static void
take_file(Program *program)
{
	char *bytes;

	begin(program, PGRES_COPY_OUT);
	for (int len; (len = PQgetCopyData(program->conn, &bytes, 0)) > 0;)
	{
		fwrite(bytes, 1, (size_t) len, program->file);
		PQfreemem(bytes);
	}
	finish(program);
}

static int64_t
now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (int64_t) at.tv_sec * 1000000000 + at.tv_nsec;
}

int
main(int argc, char **argv)
{
	static const Verb verbs[] = {
		{"seal", "r", true, send_values},  {"open", "w", true, take_values},
		{"pack", "r", false, send_values}, {"unpack", "w", false, take_values},
		{"send", "r", false, send_file},   {"take", "w", false, take_file},
	};
	Program program = {0};

	for (size_t i = 0; argc == 5 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
	{
		int64_t began;

		if (strcmp(argv[2], verbs[i].name) != 0)
			continue;
		program.conn = PQconnectdb(argv[1]);
		program.file = fopen(argv[3], verbs[i].mode);
		program.statement = argv[4];
		program.encrypts = verbs[i].encrypts;
		need(PQstatus(program.conn) == CONNECTION_OK, &program, "connecting");
		need(program.file != NULL && aead_init(&program.aead), &program, argv[3]);
		printf("%d\n", PQbackendPID(program.conn));
		fflush(stdout);
		need(getchar() == '\n', &program, "waiting");
		began = now();
		verbs[i].act(&program);
		need(fflush(program.file) == 0, &program, argv[3]);
		printf("%" PRId64 " %" PRId64 "\n", now() - began, program.rows);
		PQfinish(program.conn);
		return fclose(program.file) == 0 ? 0 : 1;
	}
	fputs("usage: program CONNINFO VERB FILE STATEMENT\n", stderr);
	return 2;
}
