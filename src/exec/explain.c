/*
 * exec/explain.c
 *	  What EXPLAIN says of the node.
 */
#include "postgres.h"

#include "compat.h"
#include "exec/state.h"
#include "guc.h"
#include "utils/lsyscache.h"

static List *
names_of(List *functions)
{
	List *names = NIL;
	ListCell *cell;

	foreach (cell, functions)
		names = lappend(names, get_func_name(lfirst_oid(cell)));
	return names;
}

/* A ciphertext says itself what it is. */
static bool
encrypts(const CustomScan *plan)
{
	return list_member_int(list_nth(plan->custom_private, EVC_SCAN_KINDS),
						   EVC_MARKER_ENCRYPT);
}

static void
explain_calls(const EvcScanState *state, ExplainState *es)
{
	CustomScan *plan = castNode(CustomScan, state->css.ss.ps.plan);
	List *leftovers = list_nth(plan->custom_private, EVC_SCAN_LEFTOVERS);

	ExplainPropertyList("Batched Calls", names_of(evc_scan_functions(plan)), es);
	if (leftovers != NIL)
		ExplainPropertyList("Scalar Calls", names_of(leftovers), es);
	if (es->verbose && encrypts(plan))
	{
		const EvwTagInfo *info = evc_guc_format();

		ExplainPropertyText("Curve", evw_curve_name(info->curve), es);
		ExplainPropertyText("Format", info->name, es);
	}
}

static EvcUsage
sum_usage(const EvcScanState *state)
{
	EvcUsage sum = {0};

	for (int i = 0; i < EVC_SETS * EVC_VERBS; i++)
	{
		ListCell *cell;

		foreach (cell, state->sets[i / EVC_VERBS].groups[i % EVC_VERBS].batches)
			evc_usage_add(&sum, evc_batch_usage(lfirst(cell)));
	}
	return sum;
}

void
evc_scan_explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
	EvcScanState *state = (EvcScanState *) node;
	EvcUsage usage;

	explain_calls(state, es);
	if (!es->analyze)
		return;
	usage = sum_usage(state);
	ExplainPropertyInteger("Requests", NULL, usage.requests, es);
	ExplainPropertyInteger("Values", NULL, usage.values, es);
	ExplainPropertyInteger("Bytes Sent", NULL, usage.bytes_sent, es);
	ExplainPropertyInteger("Bytes Received", NULL, usage.bytes_received, es);
	ExplainPropertyInteger("Cache Hits", NULL, usage.cache_hits, es);
	if (!es->timing)
		return;
	ExplainPropertyFloat("E3 Time", "ms", usage.e3_ns / 1e6, 3, es);
	ExplainPropertyFloat("Wait Time", "ms", usage.wait_us / 1e3, 3, es);
}
