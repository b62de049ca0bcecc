/*
 * exec/call.c
 *	  One call that a node has taken over.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/nodeFuncs.h"

#include "exec/call.h"

static bool
is_bound(const EvcScanCall *call)
{
	return call->n_arguments > call->info->context_at;
}

void
evc_scan_call_init(EvcScanCall *call, FuncExpr *function, EvcMarkerKind kind,
				   List *conditions, EvcRowSpace *space, PlanState *node)
{
	ListCell *cell;

	call->function = function;
	call->kind = kind;
	call->info = evc_marker_info(kind);
	call->space = space;
	call->owner = CurrentMemoryContext;
	call->conditions = ExecInitQual(conditions, node);
	call->n_arguments = list_length(function->args);
	call->batches = evc_marker_batches(kind, is_bound(call));
	foreach (cell, function->args)
		if (foreach_current_index(cell) != call->info->type_at)
			call->arguments[foreach_current_index(cell)] =
				ExecInitExpr(lfirst(cell), node);
}

EvcOutcome
evc_scan_call_evaluate(const EvcScanCall *call, ExprContext *econtext,
					   NullableDatum arguments[EVC_ARGUMENTS_MAX])
{
	if (!ExecQual(call->conditions, econtext))
		return EVC_SKIPPED;
	/* Most calls have one argument, which is always looked at. */
	if (call->n_arguments == 1)
	{
		arguments[0].value =
			ExecEvalExpr(call->arguments[0], econtext, &arguments[0].isnull);
		return arguments[0].isnull ? EVC_ARGUMENT_NULL : EVC_CALLED;
	}
	for (int i = 0; i < call->n_arguments; i++)
		if (call->arguments[i] != NULL)
			arguments[i].value =
				ExecEvalExpr(call->arguments[i], econtext, &arguments[i].isnull);
	return evc_marker_outcome(call->info, arguments, call->n_arguments);
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
		call->marker =
			evc_marker_new(call->owner, call->kind, argument, result, call->n_arguments);
	else
		call->marker =
			evc_marker_new(call->owner, call->kind,
						   call->kind == EVC_MARKER_DECRYPT_AS ? result : InvalidOid,
						   argument, call->n_arguments);
	call->marker->space = call->space;
	return call->marker;
}
