/*
 * plan/markers.c
 *	  A cache of which functions are ours, emptied when pg_proc changes.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/syscache.h"

#include "plan/markers.h"

/* As module_pathname in evcrypt.control. */
#define LIBRARY "$libdir/evcrypt"

/* C symbols of functions that are STABLE and ask E3. */
static const char *const stable_symbols[] = {
	"evc_decrypt",
	"evc_decrypt_as",
	"evc_try_decrypt",
};

typedef struct MarkerEntry
{
	Oid function; /* hash key */
	bool is_marker;
} MarkerEntry;

static HTAB *markers;
static bool markers_outdated;

/* The table may be in use when this comes, so it is only marked. */
static void
on_function_change(Datum arg, int cache_id, uint32 hash_value)
{
	markers_outdated = true;
}

void
evc_markers_init(void)
{
	CacheRegisterSyscacheCallback(PROCOID, on_function_change, (Datum) 0);
}

static void
ensure_table(void)
{
	HASHCTL info = {.keysize = sizeof(Oid), .entrysize = sizeof(MarkerEntry)};

	if (markers != NULL && !markers_outdated)
		return;
	if (markers != NULL)
		hash_destroy(markers);
	markers_outdated = false;
	markers = hash_create("evcrypt markers", 64, &info, HASH_ELEM | HASH_BLOBS);
}

static bool
is_stable_symbol(const char *symbol)
{
	for (size_t i = 0; i < lengthof(stable_symbols); i++)
		if (strcmp(symbol, stable_symbols[i]) == 0)
			return true;
	return false;
}

static bool
attribute_is(HeapTuple function, AttrNumber attribute, bool (*matches)(const char *))
{
	bool is_null;
	Datum value = SysCacheGetAttr(PROCOID, function, attribute, &is_null);
	char *string;
	bool result;

	if (is_null)
		return false;
	string = TextDatumGetCString(value);
	result = matches(string);
	pfree(string);
	return result;
}

static bool
is_our_library(const char *library)
{
	return strcmp(library, LIBRARY) == 0;
}

static bool
look_up(Oid function)
{
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	bool is_marker;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	is_marker = form->prolang == ClanguageId && form->provolatile == PROVOLATILE_STABLE &&
				attribute_is(tuple, Anum_pg_proc_prosrc, is_stable_symbol) &&
				attribute_is(tuple, Anum_pg_proc_probin, is_our_library);
	ReleaseSysCache(tuple);
	return is_marker;
}

bool
evc_is_stable_marker(Oid function)
{
	MarkerEntry *entry;
	bool is_marker;

	/* PostgreSQL's own functions are what most statements call. */
	if (function < FirstNormalObjectId)
		return false;
	ensure_table();
	entry = hash_search(markers, &function, HASH_FIND, NULL);
	if (entry != NULL)
		return entry->is_marker;
	/* Looking up may take invalidations in, so the entry is made afterwards. */
	is_marker = look_up(function);
	entry = hash_search(markers, &function, HASH_ENTER, NULL);
	entry->is_marker = is_marker;
	return is_marker;
}
