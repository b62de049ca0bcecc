/*
 * redact/verdict.c
 *	  What is known of functions and relations, until the catalogs change.
 */
#include "postgres.h"

#include "access/transam.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "redact/match.h"

typedef struct VerdictKey
{
	EvcObject kind;
	Oid object;
} VerdictKey;

typedef struct Verdict
{
	VerdictKey key;
	bool calls;
	char name[NAMEDATALEN]; /* of a function that calls; else empty */
} Verdict;

static HTAB *verdicts;
static bool outdated;

/*
 * The latest noes, where a statement finds those of its tables at once.  An empty
 * place is that of no object.
 */
#define NOES 64
static VerdictKey noes[NOES];

/* How many objects are being looked at, each for the sake of the one before. */
static int depth;

static void
on_catalog_change(Datum arg, int cache_id, uint32 hash_value)
{
	outdated = true;
}

static void
on_relation_change(Datum arg, Oid relation)
{
	outdated = true;
}

void
evc_verdict_init(void)
{
	CacheRegisterSyscacheCallback(PROCOID, on_catalog_change, (Datum) 0);
	CacheRegisterSyscacheCallback(TYPEOID, on_catalog_change, (Datum) 0);
	CacheRegisterRelcacheCallback(on_relation_change, (Datum) 0);
}

/* While objects are being looked at, the table stays. */
static void
ensure_table(void)
{
	HASHCTL info = {.keysize = sizeof(VerdictKey), .entrysize = sizeof(Verdict)};

	if (depth > 0 || (verdicts != NULL && !outdated))
		return;
	if (verdicts != NULL)
		hash_destroy(verdicts);
	outdated = false;
	memset(noes, 0, sizeof(noes));
	verdicts = hash_create("evcrypt verdicts", 64, &info, HASH_ELEM | HASH_BLOBS);
}

static bool
look(EvcObject kind, Oid object)
{
	if (kind == EVC_OBJECT_FUNCTION)
		return evc_function_look(object);
	if (kind == EVC_OBJECT_DOMAIN)
		return evc_domain_look(object);
	return evc_relation_look(kind, object);
}

/*
 * Objects may refer to each other in circles, so a "no" that was found on the way
 * to a "yes" may rest on one that was only assumed.
 */
static void
forget_noes(void)
{
	HASH_SEQ_STATUS scan;
	Verdict *verdict;

	hash_seq_init(&scan, verdicts);
	while ((verdict = hash_seq_search(&scan)) != NULL)
		if (!verdict->calls)
			(void) hash_search(verdicts, &verdict->key, HASH_REMOVE, NULL);
}

static void
keep_name(Verdict *verdict)
{
	char *name = verdict->key.kind == EVC_OBJECT_FUNCTION
					 ? get_func_name(verdict->key.object)
					 : NULL;

	if (name == NULL)
		return;
	strlcpy(verdict->name, name, NAMEDATALEN);
	pfree(name);
}

static bool
look_once(const VerdictKey *key)
{
	Verdict *verdict = hash_search(verdicts, key, HASH_ENTER, NULL);
	bool calls;

	/* The answer to whom it refers back to. */
	verdict->calls = false;
	verdict->name[0] = '\0';
	calls = look(key->kind, key->object);
	if (!calls)
		return false;
	verdict = hash_search(verdicts, key, HASH_ENTER, NULL);
	verdict->calls = true;
	keep_name(verdict);
	return true;
}

static bool
look_deeper(const VerdictKey *key)
{
	bool calls = false;

	depth++;
	PG_TRY();
	{
		calls = look_once(key);
	}
	PG_CATCH();
	{
		depth--;
		outdated = true;
		PG_RE_THROW();
	}
	PG_END_TRY();
	depth--;
	if (depth == 0 && calls)
		forget_noes();
	return calls;
}

static bool
find_verdict(const VerdictKey *key)
{
	Verdict *verdict;

	ensure_table();
	verdict = hash_search(verdicts, key, HASH_FIND, NULL);
	return verdict != NULL ? verdict->calls : look_deeper(key);
}

bool
evc_object_calls(EvcObject kind, Oid object)
{
	VerdictKey *no = &noes[(object + (Oid) kind) % NOES];
	VerdictKey key = {kind, object};

	/* Most are PostgreSQL's own. */
	if (object < FirstGenbkiObjectId ||
		(no->object == object && no->kind == kind && !outdated))
		return false;
	if (find_verdict(&key))
		return true;
	/* On the way to another object's it may rest on an assumption. */
	if (depth == 0)
		*no = key;
	return false;
}

bool
evc_is_rewritten(Oid relation)
{
	return evc_object_calls(EVC_OBJECT_REWRITTEN, relation);
}

bool
evc_known_callers(bool (*matches)(const char *name, const char *text), const char *text)
{
	HASH_SEQ_STATUS scan;
	Verdict *verdict;

	if (verdicts == NULL)
		return false;
	hash_seq_init(&scan, verdicts);
	while ((verdict = hash_seq_search(&scan)) != NULL)
		if (verdict->name[0] != '\0' && matches(verdict->name, text))
		{
			hash_seq_term(&scan);
			return true;
		}
	return false;
}
