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

static bool
encrypts(const EvcRowShape *shape, bool bound)
{
	for (int i = 0; i < shape->n_calls; i++)
		if (evc_batch_kind_equal(shape->calls[i].batches,
								 (EvcBatchKind){.verb = EVW_VERB_ENCRYPT,
												.bound = bound}))
			return true;
	return false;
}

/* Of what is encrypted: a ciphertext that is decrypted says itself what it is. */
static void
explain_format(const EvcRowShape *shape, ExplainState *es)
{
	bool unbound = encrypts(shape, false);
	bool bound = encrypts(shape, true);
	const EvwTagInfo *info;

	if (!unbound && !bound)
		return;
	info = evc_guc_format(!unbound);
	ExplainPropertyText("Curve", evw_curve_name(info->curve), es);
	ExplainPropertyText("Format",
						unbound && bound
							? psprintf("%s, %s", info->name, evc_guc_format(true)->name)
							: info->name,
						es);
}

static void
explain_calls(const EvcScanState *state, ExplainState *es)
{
	CustomScan *plan = castNode(CustomScan, state->css.ss.ps.plan);
	List *leftovers = list_nth(plan->custom_private, EVC_SCAN_LEFTOVERS);

	ExplainPropertyList("Batched Calls", names_of(evc_scan_functions(plan)), es);
	if (leftovers != NIL)
		ExplainPropertyList("Scalar Calls", names_of(leftovers), es);
	if (es->verbose)
		explain_format(&state->shape, es);
}

static EvcUsage
sum_usage(const EvcScanState *state)
{
	int n_groups = state->shape.n_groups;
	EvcUsage sum = {0};

	for (int i = 0; state->sets_ready && i < EVC_SETS * n_groups; i++)
	{
		ListCell *cell;

		foreach (cell, state->sets[i / n_groups].groups[i % n_groups].batches)
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
