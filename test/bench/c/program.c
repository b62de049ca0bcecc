/*
 * program.c
 *	  A program that encrypts by itself, so that PostgreSQL sees nothing else; and one
 *	  that leaves it to PostgreSQL, and only moves the file.
 *
 * usage: program CONNINFO VERB FILE WHAT
 *
 *	 seal	values of the csv file, encrypted, by binary COPY into table WHAT
 *	 open	values of table WHAT by binary COPY, decrypted, into a csv file
 *	 send	the file as it is to the statement WHAT, COPY … FROM STDIN
 *	 take	what the statement WHAT says, COPY … TO STDOUT, into the file
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
	const char *what;
	BenchAead aead;
	int64_t rows;
} Program;

typedef struct Verb
{
	const char *name;
	const char *mode;
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
begin(Program *program, const char *statement, ExecStatusType status)
{
	PGresult *result = PQexec(program->conn, statement);

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

static void
seal(Program *program)
{
	static uint8_t chunk[CHUNK + BEFORE_VALUE + VALUE_MAX + AEAD_ADDED];
	char statement[256];
	uint8_t *at = chunk + HEADER_LEN;
	char *line = NULL;
	size_t size = 0;

	snprintf(statement, sizeof(statement), "COPY %s FROM STDIN (FORMAT binary)",
			 program->what);
	begin(program, statement, PGRES_COPY_IN);
	memcpy(chunk, HEADER, HEADER_LEN);
	for (ssize_t len; (len = getline(&line, &size, program->file)) > 0;)
	{
		char *value;
		uint64_t id = strtoull(line, &value, 10);
		size_t value_len = (size_t) (line + len - value) - 2;

		need(*value == ',' && value_len <= VALUE_MAX, program, "a line");
		at = put(at, 2, 2);
		at = put(put(at, ID_LEN, 4), id, ID_LEN);
		at = put(at, value_len + AEAD_ADDED, 4);
		need(aead_seal(&program->aead, at, (uint8_t *) value + 1, value_len), program,
			 "encrypting");
		at += value_len + AEAD_ADDED;
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

static void
open_sealed(Program *program)
{
	static uint8_t value[VALUE_MAX];
	char statement[256];
	char *bytes;
	size_t skip = HEADER_LEN;

	snprintf(statement, sizeof(statement), "COPY %s TO STDOUT (FORMAT binary)",
			 program->what);
	begin(program, statement, PGRES_COPY_OUT);
	for (int len; (len = PQgetCopyData(program->conn, &bytes, 0)) > 0;)
	{
		const uint8_t *at = (uint8_t *) bytes + skip;

		if ((size_t) len >= skip + BEFORE_VALUE)
		{
			size_t sealed = (size_t) get(at + BEFORE_VALUE - 4, 4);

			need((size_t) len == skip + BEFORE_VALUE + sealed && sealed <= VALUE_MAX &&
					 aead_open(&program->aead, value, at + BEFORE_VALUE, sealed),
				 program, "decrypting");
			fprintf(program->file, "%" PRIu64 ",", get(at + 2 + 4, ID_LEN));
			fwrite(value, 1, sealed - AEAD_ADDED, program->file);
			putc('\n', program->file);
		}
		skip = 0;
		PQfreemem(bytes);
	}
	finish(program);
}

static void
send_file(Program *program)
{
	static char chunk[CHUNK];

	begin(program, program->what, PGRES_COPY_IN);
	for (size_t got; (got = fread(chunk, 1, sizeof(chunk), program->file)) > 0;)
		send_bytes(program, chunk, got);
	need(PQputCopyEnd(program->conn, NULL) == 1, program, "ending");
	finish(program);
}

static void
take_file(Program *program)
{
	char *bytes;

	begin(program, program->what, PGRES_COPY_OUT);
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
	static const Verb verbs[] = {{"seal", "r", seal},
								 {"open", "w", open_sealed},
								 {"send", "r", send_file},
								 {"take", "w", take_file}};
	Program program = {0};

	for (size_t i = 0; argc == 5 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
	{
		int64_t began;

		if (strcmp(argv[2], verbs[i].name) != 0)
			continue;
		program.conn = PQconnectdb(argv[1]);
		program.file = fopen(argv[3], verbs[i].mode);
		program.what = argv[4];
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
	fputs("usage: program CONNINFO seal|open|send|take FILE WHAT\n", stderr);
	return 2;
}
