/*
 * batch/markers.c
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

#include "batch/markers.h"

/* As module_pathname in evcrypt.control. */
#define LIBRARY "$libdir/evcrypt"

static const EvcMarkerInfo infos[] = {
	[EVC_MARKER_ENCRYPT] = {.symbol = "evc_encrypt",
							.verb = EVW_VERB_ENCRYPT,
							.volatility = PROVOLATILE_VOLATILE,
							.n_needed = 1,
							.type_at = -1,
							.context_at = 1},
	[EVC_MARKER_DECRYPT] = {.symbol = "evc_decrypt",
							.verb = EVW_VERB_DECRYPT,
							.volatility = PROVOLATILE_STABLE,
							.n_needed = 1,
							.type_at = -1,
							.context_at = 1},
	[EVC_MARKER_DECRYPT_AS] = {.symbol = "evc_decrypt_as",
							   .verb = EVW_VERB_DECRYPT,
							   .volatility = PROVOLATILE_STABLE,
							   .n_needed = 2,
							   .type_at = 1,
							   .context_at = 2},
	[EVC_MARKER_TRY_DECRYPT] = {.symbol = "evc_try_decrypt",
								.verb = EVW_VERB_DECRYPT,
								.volatility = PROVOLATILE_STABLE,
								.n_needed = 1,
								.type_at = -1,
								.context_at = 1},
	[EVC_MARKER_REENCRYPT] = {.symbol = "evc_reencrypt",
							  .verb = EVW_VERB_REENCRYPT,
							  .volatility = PROVOLATILE_VOLATILE,
							  .n_needed = 1,
							  .type_at = -1,
							  .context_at = 1},
	[EVC_MARKER_BLIND_INDEX] = {.symbol = "evc_blind_index",
								.verb = EVW_VERB_BLIND_INDEX,
								.volatility = PROVOLATILE_STABLE,
								.n_needed = 1,
								.type_at = -1,
								.context_at = 1},
	[EVC_MARKER_BLIND_INDEX_ALL] = {.symbol = "evc_blind_index_all",
									.verb = EVW_VERB_BLIND_INDEX,
									.volatility = PROVOLATILE_STABLE,
									.n_needed = 1,
									.type_at = -1,
									.context_at = 1,
									.all = true},
	[EVC_MARKER_ENCRYPT_FIELDS] = {.symbol = "evc_encrypt_fields",
								   .verb = EVW_VERB_ENCRYPT,
								   .volatility = PROVOLATILE_VOLATILE,
								   .n_needed = 2,
								   .type_at = -1,
								   .context_at = 2},
	[EVC_MARKER_DECRYPT_FIELDS] = {.symbol = "evc_decrypt_fields",
								   .verb = EVW_VERB_DECRYPT,
								   .volatility = PROVOLATILE_STABLE,
								   .n_needed = 1,
								   .type_at = -1,
								   .context_at = 2},
};

typedef struct MarkerEntry
{
	Oid function; /* hash key */
	EvcMarkerKind kind;
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

/* A text attribute of a function, palloc'd; NULL if it is NULL. */
static char *
text_attribute(HeapTuple function, AttrNumber attribute)
{
	bool is_null;
	Datum value = SysCacheGetAttr(PROCOID, function, attribute, &is_null);

	return is_null ? NULL : TextDatumGetCString(value);
}

/* One that runs as somebody else, or under other settings, is called as it is. */
static bool
runs_as_declared(HeapTuple function)
{
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(function);

	return !form->prosecdef && !form->proretset &&
		   heap_attisnull(function, Anum_pg_proc_proconfig, NULL);
}

char *
evc_library_symbol(HeapTuple function)
{
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(function);
	char *library = text_attribute(function, Anum_pg_proc_probin);

	if (form->prolang != ClanguageId || library == NULL || strcmp(library, LIBRARY) != 0)
		return NULL;
	return text_attribute(function, Anum_pg_proc_prosrc);
}

/* A function that is declared as something else is no marker. */
static bool
is_declared_as(Form_pg_proc form, const EvcMarkerInfo *info)
{
	bool strict = info->type_at < 0 && form->pronargs <= info->context_at;

	return form->provolatile == info->volatility && form->proisstrict == strict &&
		   form->pronargs >= info->n_needed && form->pronargs <= info->context_at + 1;
}

static EvcMarkerKind
kind_of(HeapTuple function)
{
	char *symbol = evc_library_symbol(function);

	if (symbol == NULL || !runs_as_declared(function))
		return EVC_MARKER_NONE;
	for (size_t i = EVC_MARKER_NONE + 1; i < lengthof(infos); i++)
		if (strcmp(symbol, infos[i].symbol) == 0)
			return is_declared_as((Form_pg_proc) GETSTRUCT(function), &infos[i])
					   ? (EvcMarkerKind) i
					   : EVC_MARKER_NONE;
	return EVC_MARKER_NONE;
}

static EvcMarkerKind
look_up(Oid function)
{
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	EvcMarkerKind kind;

	if (!HeapTupleIsValid(tuple))
		return EVC_MARKER_NONE;
	kind = kind_of(tuple);
	ReleaseSysCache(tuple);
	return kind;
}

EvcMarkerKind
evc_marker_kind(Oid function)
{
	MarkerEntry *entry;
	EvcMarkerKind kind;

	/*
	 * PostgreSQL's own functions are what most statements call.  An extension that
	 * was created by a standalone server has numbers soon after them.
	 */
	if (function < FirstGenbkiObjectId)
		return EVC_MARKER_NONE;
	ensure_table();
	entry = hash_search(markers, &function, HASH_FIND, NULL);
	if (entry != NULL)
		return entry->kind;
	/* Looking up may take invalidations in, so the entry is made afterwards. */
	kind = look_up(function);
	entry = hash_search(markers, &function, HASH_ENTER, NULL);
	entry->kind = kind;
	return kind;
}

const EvcMarkerInfo *
evc_marker_info(EvcMarkerKind kind)
{
	Assert(kind > EVC_MARKER_NONE && kind < lengthof(infos));
	return &infos[kind];
}

EvcBatchKind
evc_marker_batches(EvcMarkerKind kind, bool bound)
{
	const EvcMarkerInfo *info = evc_marker_info(kind);

	return (EvcBatchKind){.verb = info->verb, .bound = bound, .all = info->all};
}

bool
evc_is_stable_marker(Oid function)
{
	EvcMarkerKind kind = evc_marker_kind(function);

	return kind != EVC_MARKER_NONE && infos[kind].volatility != PROVOLATILE_VOLATILE;
}

static bool found_none;

void
evc_markers_found_none(void)
{
	found_none = true;
}

bool
evc_markers_take_none(void)
{
	bool taken = found_none;

	found_none = false;
	return taken;
}
