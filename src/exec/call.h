/*
 * exec/call.h
 *	  One call that a node has taken over.
 */
#ifndef EVC_EXEC_CALL_H
#define EVC_EXEC_CALL_H

#include "postgres.h"

#include "nodes/execnodes.h"

#include "batch/marker.h"

typedef struct EvcScanCall
{
	FuncExpr *function;
	EvcMarkerKind kind;
	const EvcMarkerInfo *info;
	EvcBatchKind batches;
	int group;			   /* of a set's, that has batches of this kind */
	ExprState *conditions; /* over the child's slot; NULL: called for every row */
	int n_arguments;
	ExprState *arguments[EVC_ARGUMENTS_MAX]; /* likewise; NULL: not evaluated */
	EvcMarker *marker;						 /* when it has been needed */
	EvcRowSpace *space;						 /* the marker's */
	MemoryContext owner;					 /* of the marker */
} EvcScanCall;

/*
 * For expressions of the node over its child's slot; "conditions" are joined by AND.
 * Lives in the current memory context, and "space" as long.
 */
extern void evc_scan_call_init(EvcScanCall *call, FuncExpr *function, EvcMarkerKind kind,
							   List *conditions, EvcRowSpace *space, PlanState *node);

/* Should the call be made for this row?  If so, with these arguments. */
extern EvcOutcome evc_scan_call_evaluate(const EvcScanCall *call, ExprContext *econtext,
										 NullableDatum arguments[EVC_ARGUMENTS_MAX]);

/* Made when a row needs it: a type that is refused is an error of that row. */
extern EvcMarker *evc_scan_call_marker(EvcScanCall *call);

#endif /* EVC_EXEC_CALL_H */
