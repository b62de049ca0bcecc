/*
 * exec/call.c
 *	  One call that a node has taken over.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/nodeFuncs.h"

#include "exec/call.h"

void
evc_scan_call_init(EvcScanCall *call, FuncExpr *function, EvcMarkerKind kind,
				   List *conditions, PlanState *node)
{
	call->function = function;
	call->kind = kind;
	call->verb = kind == EVC_MARKER_ENCRYPT ? 0 : 1;
	call->owner = CurrentMemoryContext;
	call->conditions = ExecInitQual(conditions, node);
	call->argument = ExecInitExpr(linitial(function->args), node);
}

EvcMarker *
evc_scan_call_marker(EvcScanCall *call)
{
	Oid argument;
	Oid result;

	if (call->marker != NULL)
		return call->marker;
	argument = exprType(linitial(call->function->args));
	result = call->function->funcresulttype;
	if (call->kind == EVC_MARKER_ENCRYPT)
		call->marker = evc_marker_new(call->owner, call->kind, argument, result);
	else
		call->marker =
			evc_marker_new(call->owner, call->kind,
						   call->kind == EVC_MARKER_DECRYPT_AS ? result : InvalidOid,
						   argument);
	return call->marker;
}
