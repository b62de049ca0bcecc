/*
 * redact/function.c
 *	  Does a function call one of ours, or is it one?
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "batch/markers.h"
#include "redact/match.h"

/* C symbols that neither take nor give a plaintext. */
static const char *const harmless[] = {
	"evc_encrypted_in",	  "evc_encrypted_out",	"evc_encrypted_recv",
	"evc_encrypted_send", "evc_encrypted_info", "evc_support",
	"evc_health",		  "evc_stat",			"evc_stat_reset_all",
};

static bool
is_harmless(const char *symbol)
{
	for (size_t i = 0; i < lengthof(harmless); i++)
		if (strcmp(symbol, harmless[i]) == 0)
			return true;
	return false;
}

/* A body that was stored parsed. */
static bool
parsed_body_calls(HeapTuple function, bool *has_one)
{
	bool is_null;
	Datum body = SysCacheGetAttr(PROCOID, function, Anum_pg_proc_prosqlbody, &is_null);

	*has_one = !is_null;
	return !is_null && evc_query_calls(stringToNode(TextDatumGetCString(body)));
}

static bool
body_calls(HeapTuple function)
{
	bool is_parsed;
	bool is_null;
	bool calls = parsed_body_calls(function, &is_parsed);
	Datum source;

	if (is_parsed)
		return calls;
	source = SysCacheGetAttr(PROCOID, function, Anum_pg_proc_prosrc, &is_null);
	return !is_null && evc_body_calls(TextDatumGetCString(source));
}

bool
evc_function_look(Oid function)
{
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid language;
	bool calls;

	if (!HeapTupleIsValid(tuple))
		return false;
	language = ((Form_pg_proc) GETSTRUCT(tuple))->prolang;
	if (language == ClanguageId)
	{
		char *symbol = evc_library_symbol(tuple);

		calls = symbol != NULL && !is_harmless(symbol);
	}
	else
		calls = language != INTERNALlanguageId && body_calls(tuple);
	ReleaseSysCache(tuple);
	return calls;
}
