/*
 * json/paths.c
 *	  The paths of a call, and which of them lead on from a place in a document.
 *
 * Every path is compared at every step: there are few, and most differ in length
 * from the key.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "port/pg_bitutils.h"

#include "compat.h"
#include "json/paths.h"

#define WORD_BITS 64

static const char hint_path[] = "A path is written like '{card,*,number}'.";

pg_noreturn static void
report_fault(EvcPathFault fault, int number)
{
	switch (fault)
	{
		case EVC_PATH_OK:
		case EVC_PATH_MALFORMED:
			break;
		case EVC_PATH_NULL:
			ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("path %d has an element that is NULL", number));
			break;
		case EVC_PATH_TOO_LONG:
			ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("path %d is longer than the limit", number),
					errdetail("The limit is %d bytes.", EVC_PATH_LEN_MAX));
			break;
		case EVC_PATH_TOO_DEEP:
			ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("path %d has more elements than the limit", number),
					errdetail("The limit is %d elements.", EVC_PATH_ELEMENTS_MAX));
			break;
	}
	ereport(ERROR, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			errmsg("path %d is not written as a path", number), errhint(hint_path));
}

static void
read_path(EvcPath *path, text *literal, int number)
{
	EvcPathElement elements[EVC_PATH_ELEMENTS_MAX];
	size_t len = VARSIZE_ANY_EXHDR(literal);
	/* The longest is refused before anything is written. */
	char *keys = palloc(Min(len, EVC_PATH_LEN_MAX) + 1);
	EvcPathFault fault =
		evc_path_read(VARDATA_ANY(literal), len, keys, elements, &path->n_elements);
	size_t size = sizeof(EvcPathElement) * Max(path->n_elements, 1);

	if (fault != EVC_PATH_OK)
		report_fault(fault, number);
	path->elements = palloc(size);
	memcpy(path->elements, elements, sizeof(EvcPathElement) * path->n_elements);
}

static EvcPaths *
read_paths(ArrayType *texts)
{
	EvcPaths *paths = palloc0(sizeof(EvcPaths));
	Datum *literals;
	bool *nulls;

	deconstruct_array(texts, TEXTOID, -1, false, TYPALIGN_INT, &literals, &nulls,
					  &paths->count);
	if (paths->count > EVC_PATHS_MAX)
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many paths"),
				errdetail("The limit is %d paths.", EVC_PATHS_MAX));
	paths->paths = palloc0(sizeof(EvcPath) * Max(paths->count, 1));
	for (int i = 0; i < paths->count; i++)
	{
		if (nulls[i])
			ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("path %d is NULL", i + 1));
		read_path(&paths->paths[i], DatumGetTextPP(literals[i]), i + 1);
	}
	return paths;
}

EvcPaths *
evc_paths_new(MemoryContext owner, ArrayType *texts)
{
	MemoryContext caller = MemoryContextSwitchTo(owner);
	EvcPaths *paths = read_paths(texts);

	MemoryContextSwitchTo(caller);
	return paths;
}

/* Path "number" has come to a place after "depth" elements. */
static EvcReach
arrive(const EvcPaths *paths, int number, int depth, EvcPathSet *set)
{
	if (paths->paths[number].n_elements == depth)
		return EVC_REACH_ALL;
	set->bits[number / WORD_BITS] |= UINT64CONST(1) << (number % WORD_BITS);
	return EVC_REACH_PART;
}

EvcReach
evc_paths_begin(const EvcPaths *paths, EvcPathSet *set)
{
	EvcReach reach = EVC_REACH_NONE;

	memset(set, 0, sizeof(*set));
	for (int i = 0; i < paths->count && reach != EVC_REACH_ALL; i++)
		reach = arrive(paths, i, 0, set);
	return reach;
}

/* Where a step leads: to the key of an object, or to an element of an array. */
typedef struct Step
{
	const char *key; /* NULL: an element */
	uint32 len;
	int64 number; /* of the element */
	int64 count;  /* of all */
} Step;

static bool
matches(const EvcPathElement *element, const Step *step)
{
	if (element->any)
		return true;
	if (step->key != NULL)
		return element->len == step->len &&
			   memcmp(element->key, step->key, step->len) == 0;
	return element->is_index &&
		   step->number == element->index + (element->index < 0 ? step->count : 0);
}

static EvcReach
take_step(const EvcPaths *paths, int depth, const EvcPathSet *from, const Step *step,
		  EvcPathSet *set)
{
	EvcReach reach = EVC_REACH_NONE;

	memset(set, 0, sizeof(*set));
	for (int word = 0; word * WORD_BITS < paths->count; word++)
		for (uint64 left = from->bits[word]; left != 0; left &= left - 1)
		{
			int number = word * WORD_BITS + pg_rightmost_one_pos64(left);

			if (!matches(&paths->paths[number].elements[depth], step))
				continue;
			reach = arrive(paths, number, depth + 1, set);
			if (reach == EVC_REACH_ALL)
				return reach;
		}
	return reach;
}

EvcReach
evc_paths_key(const EvcPaths *paths, int depth, const EvcPathSet *from, const char *key,
			  uint32 len, EvcPathSet *set)
{
	const Step step = {.key = key, .len = len};

	return take_step(paths, depth, from, &step, set);
}

EvcReach
evc_paths_element(const EvcPaths *paths, int depth, const EvcPathSet *from, uint32 number,
				  uint32 count, EvcPathSet *set)
{
	const Step step = {.number = number, .count = count};

	return take_step(paths, depth, from, &step, set);
}
