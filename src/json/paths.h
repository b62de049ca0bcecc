/*
 * json/paths.h
 *	  The paths of a call, and which of them lead on from a place in a document.
 */
#ifndef EVC_JSON_PATHS_H
#define EVC_JSON_PATHS_H

#include "postgres.h"

#include "json/path.h"
#include "utils/array.h"

#define EVC_PATHS_MAX 256

typedef struct EvcPath
{
	int n_elements;
	EvcPathElement *elements;
} EvcPath;

typedef struct EvcPaths
{
	int count;
	EvcPath *paths;
} EvcPaths;

/* Some of the paths, by their numbers. */
typedef struct EvcPathSet
{
	uint64 bits[EVC_PATHS_MAX / 64];
} EvcPathSet;

/* What of a place in a document is meant. */
typedef enum EvcReach
{
	EVC_REACH_NONE,
	EVC_REACH_PART, /* some of what is in there, if it holds anything */
	EVC_REACH_ALL	/* itself and all that is in there */
} EvcReach;

/*
 * Reads a text[] of paths; lives in "owner".  Raises 22P02 for one that is no path,
 * 22004 for NULL, 54000 for too many or too long ones; the error has the number of
 * the path, and nothing of what it says.
 */
extern EvcPaths *evc_paths_new(MemoryContext owner, ArrayType *texts);

/* The document as a whole; "set" are the paths that lead into it. */
extern EvcReach evc_paths_begin(const EvcPaths *paths, EvcPathSet *set);

/*
 * One step on from a container at this depth (0: the outermost) into which "from"
 * lead: "set" are the paths that lead on.
 */
extern EvcReach evc_paths_key(const EvcPaths *paths, int depth, const EvcPathSet *from,
							  const char *key, uint32 len, EvcPathSet *set);
extern EvcReach evc_paths_element(const EvcPaths *paths, int depth,
								  const EvcPathSet *from, uint32 number, uint32 count,
								  EvcPathSet *set);

#endif /* EVC_JSON_PATHS_H */
