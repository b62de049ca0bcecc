/*
 * floor.c
 *	  The SQL functions that evcrypt's are compared with: what any function of
 *	  this shape costs inside PostgreSQL, and what a question to E3 does.
 *
 * No part of the extension: test/bench alone loads it, by its path.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "compat.h"
#include "e3.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(bench_copy);
PG_FUNCTION_INFO_V1(bench_copy_back);
PG_FUNCTION_INFO_V1(bench_echo);

/* Bytes that the copy is longer, in place of a ciphertext's key, IV and tag. */
#define ADDED 65

/* text → bytea: the value and ADDED bytes. */
Datum
bench_copy(PG_FUNCTION_ARGS)
{
	const text *value = PG_GETARG_TEXT_PP(0);
	Size len = VARSIZE_ANY_EXHDR(value);
	bytea *result = palloc(VARHDRSZ + len + ADDED);

	SET_VARSIZE(result, VARHDRSZ + len + ADDED);
	memcpy(VARDATA(result), VARDATA_ANY(value), len);
	memset(VARDATA(result) + len, 0, ADDED);
	PG_RETURN_BYTEA_P(result);
}

/* bytea → text: what bench_copy had been given. */
Datum
bench_copy_back(PG_FUNCTION_ARGS)
{
	const bytea *copy = PG_GETARG_BYTEA_PP(0);
	Size len = VARSIZE_ANY_EXHDR(copy);

	if (len < ADDED)
		elog(ERROR, "not a copy");
	PG_RETURN_TEXT_P(cstring_to_text_with_len(VARDATA_ANY(copy), (int) (len - ADDED)));
}

/* The value, which has been to E3 and back; the second argument is E3's socket. */
Datum
bench_echo(PG_FUNCTION_ARGS)
{
	static int connection = -1;
	text *value = PG_GETARG_TEXT_PP(0);

	if (connection < 0)
		connection = bench_e3_connect(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	if (connection < 0 ||
		!bench_e3_echo(connection, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)))
		elog(ERROR, "E3 does not echo");
	PG_RETURN_TEXT_P(value);
}
