/*
 * batch/markers.h
 *	  Which functions are ours, by OID.
 *
 * The extension may be in any schema, and a function of the same name may be
 * anybody's: what counts is the C symbol and the library.
 */
#ifndef EVC_MARKERS_H
#define EVC_MARKERS_H

#include "postgres.h"

#include "access/htup.h"

#include "batch/batch.h"
#include "wire/message.h"

/* Functions that ask E3.  Numbers are stored in plans, for one server's life. */
typedef enum EvcMarkerKind
{
	EVC_MARKER_NONE,
	EVC_MARKER_ENCRYPT,
	EVC_MARKER_DECRYPT,
	EVC_MARKER_DECRYPT_AS,
	EVC_MARKER_TRY_DECRYPT,
	EVC_MARKER_REENCRYPT,
	EVC_MARKER_BLIND_INDEX,
	EVC_MARKER_BLIND_INDEX_ALL,
	EVC_MARKER_ENCRYPT_FIELDS,
	EVC_MARKER_DECRYPT_FIELDS
} EvcMarkerKind;

/* Most arguments of a call. */
#define EVC_ARGUMENTS_MAX 3

/*
 * What a call is made of.  A function may be declared with and without its last
 * arguments; with a context, or a type, it is not strict.
 */
typedef struct EvcMarkerInfo
{
	const char *symbol; /* in the library */
	EvwVerb verb;
	char volatility;
	int8 n_needed;	 /* fewest arguments */
	int8 type_at;	 /* the one that is there for its type, from 0; -1: none */
	int8 context_at; /* the context, the last where it is given */
	bool all;		 /* its batches are: batch/batch.h */
} EvcMarkerInfo;

/* Of any but EVC_MARKER_NONE. */
extern const EvcMarkerInfo *evc_marker_info(EvcMarkerKind kind);

/* For _PG_init. */
extern void evc_markers_init(void);

/* What batches the calls go to, with a context or without. */
extern EvcBatchKind evc_marker_batches(EvcMarkerKind kind, bool bound);

/* EVC_MARKER_NONE for anybody else's function.  Looks up the catalog. */
extern EvcMarkerKind evc_marker_kind(Oid function);

/*
 * The C symbol, palloc'd, of a function of our library, from its row of pg_proc;
 * NULL for anybody else's.
 */
extern char *evc_library_symbol(HeapTuple function);

/* One of those that are not VOLATILE? */
extern bool evc_is_stable_marker(Oid function);

/*
 * Redaction looks for calls of ours before plan/ does, and says it here if a query
 * has none: the next one that plan/ is given, to which it belongs at once.
 */
extern void evc_markers_found_none(void);

/* Has it been said?  It is forgotten then. */
extern bool evc_markers_take_none(void);

#endif /* EVC_MARKERS_H */
