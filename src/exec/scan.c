/*
 * exec/scan.c
 *	  The node's methods: begin, exec, rescan, end.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/objectaccess.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "exec/scan.h"
#include "exec/state.h"
#include "guc.h"

/* Rows of the first batch where the plan above may stop at any row. */
#define LOOK_AHEAD_FIRST 16

static Node *create_state(CustomScan *plan);
static void begin(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *exec(CustomScanState *node);
static void end(CustomScanState *node);
static void rescan(CustomScanState *node);

const CustomScanMethods evc_scan_methods = {
	.CustomName = "Evcrypt Batch",
	.CreateCustomScanState = create_state,
};

static const CustomExecMethods exec_methods = {
	.CustomName = "Evcrypt Batch",
	.BeginCustomScan = begin,
	.ExecCustomScan = exec,
	.EndCustomScan = end,
	.ReScanCustomScan = rescan,
	.ExplainCustomScan = evc_scan_explain,
};

void
evc_scan_init(void)
{
	RegisterCustomScanMethods(&evc_scan_methods);
}

static Node *
create_state(CustomScan *plan)
{
	EvcScanState *state = palloc0(sizeof(EvcScanState));

	NodeSetTag(state, T_CustomScanState);
	state->css.methods = &exec_methods;
	return (Node *) state;
}

static int
private_integer(const CustomScan *plan, EvcScanSlot slot)
{
	Assert(list_length(plan->custom_private) == EVC_SCAN_SLOTS);
	return intVal(list_nth(plan->custom_private, slot));
}

static FuncExpr *
call_at(const CustomScan *plan, int column)
{
	TargetEntry *entry = list_nth_node(TargetEntry, plan->custom_scan_tlist, column);

	return castNode(FuncExpr, entry->expr);
}

List *
evc_scan_functions(const CustomScan *plan)
{
	List *functions = NIL;

	for (int i = private_integer(plan, EVC_SCAN_CHILD_COLUMNS);
		 i < list_length(plan->custom_scan_tlist); i++)
		functions = lappend_oid(functions, call_at(plan, i)->funcid);
	return functions;
}

/* What ExecInitFunc would have checked, had the calls stayed expressions. */
static void
check_privileges(const CustomScan *plan)
{
	ListCell *cell;

	foreach (cell, evc_scan_functions(plan))
	{
		Oid function = lfirst_oid(cell);
		AclResult result = evc_function_aclcheck(function, GetUserId());

		if (result != ACLCHECK_OK)
			aclcheck_error(result, OBJECT_FUNCTION, get_func_name(function));
		InvokeFunctionExecuteHook(function);
	}
}

/* Calls whose values may share a request are of one group. */
static int
group_of(EvcRowShape *shape, int number)
{
	const EvcScanCall *call = &shape->calls[number];

	for (int i = 0; i < number; i++)
		if (evc_batch_kind_equal(shape->calls[i].batches, call->batches))
			return shape->calls[i].group;
	return shape->n_groups++;
}

static void
init_calls(EvcScanState *state, const CustomScan *plan)
{
	EvcRowShape *shape = &state->shape;
	List *kinds = list_nth(plan->custom_private, EVC_SCAN_KINDS);

	shape->n_calls = list_length(plan->custom_scan_tlist) - shape->n_columns;
	shape->calls = palloc0(shape->n_calls * sizeof(EvcScanCall));
	shape->space = evc_row_space_new(CurrentMemoryContext);
	Assert(list_length(plan->custom_exprs) == shape->n_calls);
	for (int i = 0; i < shape->n_calls; i++)
	{
		evc_scan_call_init(&shape->calls[i], call_at(plan, shape->n_columns + i),
						   (EvcMarkerKind) list_nth_int(kinds, i),
						   list_nth(plan->custom_exprs, i), shape->space,
						   &state->css.ss.ps);
		shape->calls[i].group = group_of(shape, i);
	}
}

/* Child's columns that the node's filter uses, or its target list for somebody. */
static Bitmapset *
columns_to_keep(const CustomScan *plan)
{
	Bitmapset *used = NULL;
	Bitmapset *filtered = NULL;
	ListCell *cell;

	pull_varattnos((Node *) plan->scan.plan.targetlist, INDEX_VAR, &used);
	foreach (cell, (List *) list_nth(plan->custom_private, EVC_SCAN_UNUSED))
		used =
			bms_del_member(used, lfirst_int(cell) - FirstLowInvalidHeapAttributeNumber);
	pull_varattnos((Node *) plan->scan.plan.qual, INDEX_VAR, &filtered);
	return bms_join(used, filtered);
}

static void
find_kept(EvcScanState *state, const CustomScan *plan)
{
	EvcRowShape *shape = &state->shape;
	Bitmapset *used = columns_to_keep(plan);
	int member = -1;

	shape->kept = palloc(Max(shape->n_columns, 1) * sizeof(int));
	while ((member = bms_next_member(used, member)) >= 0)
	{
		int column = member + FirstLowInvalidHeapAttributeNumber - 1;

		if (column < shape->n_columns)
			shape->kept[shape->n_kept++] = column;
	}
}

/*
 * The scan of a table whose rows come up here unchanged in number and order: as
 * search_plan_tree in execCurrent.c looks for it, which takes this node for it.
 */
static ScanState *
find_scan(PlanState *plan)
{
	if (plan == NULL)
		return NULL;
	switch (nodeTag(plan))
	{
		case T_SeqScanState:
		case T_SampleScanState:
		case T_IndexScanState:
		case T_IndexOnlyScanState:
		case T_BitmapHeapScanState:
		case T_TidScanState:
		case T_TidRangeScanState:
			return (ScanState *) plan;
		case T_SubqueryScanState:
			return find_scan(((SubqueryScanState *) plan)->subplan);
		case T_CustomScanState:
			return ((ScanState *) plan)->ss_currentRelation != NULL ? (ScanState *) plan
																	: NULL;
		case T_LimitState:
		case T_ResultState:
			return find_scan(outerPlanState(plan));
		default:
			return NULL;
	}
}

/*
 * The next node like this one below, if what stands between only passes on that
 * there is no row now, and asks again: it must be able to hold a row back.
 */
static EvcScanState *
node_below(PlanState *child)
{
	switch (nodeTag(child))
	{
		case T_CustomScanState:
			return ((CustomScanState *) child)->methods == &exec_methods
					   ? (EvcScanState *) child
					   : NULL;
		case T_SubqueryScanState:
			return node_below(((SubqueryScanState *) child)->subplan);
		case T_ResultState:
		case T_ProjectSetState:
			return outerPlanState(child) != NULL ? node_below(outerPlanState(child))
												 : NULL;
		default:
			return NULL;
	}
}

static void
begin(CustomScanState *node, EState *estate, int eflags)
{
	ScanState *scan;
	EvcScanState *state = (EvcScanState *) node;
	CustomScan *plan = castNode(CustomScan, node->ss.ps.plan);

	check_privileges(plan);
	outerPlanState(node) = ExecInitNode(outerPlan(plan), estate, eflags);
	state->below = node_below(outerPlanState(node));
	/* A row that is checked again comes from its table, not from the scan. */
	scan = estate->es_epq_active == NULL ? find_scan(outerPlanState(node)) : NULL;
	if (scan != NULL)
		node->ss.ss_currentRelation = scan->ss_currentRelation;
	state->shape.scan = scan;
	state->shape.n_columns = private_integer(plan, EVC_SCAN_CHILD_COLUMNS);
	state->shape.desc = node->ss.ss_ScanTupleSlot->tts_tupleDescriptor;
	init_calls(state, plan);
	find_kept(state, plan);
	state->hint = (EvcScanHint) private_integer(plan, EVC_SCAN_HINT);
	state->arguments = CreateExprContext(estate);
}

/*
 * With a limit, the rows that it asks for and no more; but what stands between
 * may have dropped some (a row that is locked, or gone), and then a few more.
 */
static int
rows_to_read(const EvcScanState *state)
{
	if (state->hint == EVC_HINT_SINGLE)
		return 1;
	if (state->hint != EVC_HINT_LIMITED)
		return state->look_ahead;
	return (int) Min(state->look_ahead, Max(state->wanted, 1));
}

/*
 * A plan that is read to its end begins with less than a whole batch too, so that E3
 * has something to do while the next is read.
 */
static int
first_look_ahead(EvcScanHint hint)
{
	switch (hint)
	{
		case EVC_HINT_UNKNOWN:
			return Min(LOOK_AHEAD_FIRST, evc_batch_rows);
		case EVC_HINT_DRAIN:
			return Max(evc_batch_rows / 8, 1);
		default:
			return evc_batch_rows;
	}
}

static void
start_over(EvcScanState *state)
{
	CustomScan *plan = castNode(CustomScan, state->css.ss.ps.plan);

	state->current = 0;
	state->ended = false;
	state->wanted = private_integer(plan, EVC_SCAN_LIMIT);
	state->look_ahead = first_look_ahead(state->hint);
	/* As a Limit tells a Sort below it, which it can't see through this node. */
	if (state->hint == EVC_HINT_LIMITED)
		ExecSetTupleBound(state->wanted, outerPlanState(state));
}

static void
make_sets(EvcScanState *state)
{
	if (state->sets_ready)
		return;
	for (int i = 0; i < EVC_SETS; i++)
		evc_rowset_init(&state->sets[i], &state->shape,
						state->css.ss.ps.state->es_query_cxt);
	/* Columns that are not kept are NULL, in each row. */
	memset(state->css.ss.ss_ScanTupleSlot->tts_isnull, true, state->shape.n_columns);
	start_over(state);
	state->sets_ready = true;
}

/*
 * The child's next row.  A child that makes calls too and comes to a row that
 * fails holds it back until it is the one that is waited for: reading ahead must
 * not raise what row-at-a-time evaluation might not have come to.
 */
static TupleTableSlot *
next_of_child(void *node, bool first, bool *ended)
{
	EvcScanState *state = node;
	EvcScanState *below = state->below;
	TupleTableSlot *slot;

	if (below != NULL)
		below->defer_errors = !first || !state->waited_for;
	slot = ExecProcNode(outerPlanState(state));
	if (!TupIsNull(slot))
		return slot;
	*ended = below == NULL || !below->deferred;
	return NULL;
}

/*
 * Fills a set and sends it; false if the child had nothing left, or held it back.
 * "ahead": there are rows before it, or the node above reads ahead itself.
 */
static bool
refill(EvcScanState *state, EvcRowSet *set, bool ahead)
{
	const EvcSource source = {next_of_child, state, state->arguments};

	state->waited_for = !ahead;
	evc_rowset_reset(set);
	if (state->ended)
		return false;
	evc_rowset_fill(set, &source, rows_to_read(state),
					(size_t) evc_batch_kilobytes * 1024, &state->ended);
	if (set->n_rows == 0)
		return false;
	state->wanted -= set->n_rows;
	state->look_ahead = Min(state->look_ahead * 2, evc_batch_rows);
	evc_rowset_send(set);
	return true;
}

/*
 * A second set costs no row too many where everything is read anyway, or when the
 * look-ahead has grown to what it will be.
 */
static bool
may_pipeline(const EvcScanState *state)
{
	if (evc_batch_depth < 2)
		return false;
	switch (state->hint)
	{
		case EVC_HINT_DRAIN:
			return true;
		case EVC_HINT_LIMITED:
			return state->look_ahead >= evc_batch_rows && state->wanted > 0;
		case EVC_HINT_UNKNOWN:
			return state->look_ahead >= evc_batch_rows;
		case EVC_HINT_SINGLE:
			break;
	}
	return false;
}

/* The current set is used up: makes the next one current and receives it. */
static bool
advance(EvcScanState *state)
{
	EvcRowSet *used = &state->sets[state->current];
	EvcRowSet *other = &state->sets[1 - state->current];

	if (other->state == EVC_ROWS_IN_FLIGHT)
	{
		if (may_pipeline(state))
			(void) refill(state, used, true);
		else
			evc_rowset_reset(used);
		state->current = 1 - state->current;
	}
	else
	{
		if (!refill(state, used, state->defer_errors))
			return false;
		if (may_pipeline(state))
			(void) refill(state, other, true);
	}
	evc_rowset_receive(&state->sets[state->current]);
	return true;
}

/*
 * The current set's next row into the scan slot, results in per-tuple memory or in that
 * of the row before: nobody has them for longer.
 */
static bool
emit(EvcScanState *state)
{
	ScanState *scan = &state->css.ss;
	MemoryContext caller =
		MemoryContextSwitchTo(scan->ps.ps_ExprContext->ecxt_per_tuple_memory);
	bool found = evc_rowset_emit(&state->sets[state->current], scan->ss_ScanTupleSlot);

	MemoryContextSwitchTo(caller);
	return found;
}

/* The next row in the scan slot; false at the end, or if it is held back. */
static bool
next_row(EvcScanState *state)
{
	make_sets(state);
	for (;;)
	{
		state->deferred =
			state->defer_errors && evc_rowset_next_fails(&state->sets[state->current]);
		if (state->deferred)
			return false;
		if (emit(state))
			return true;
		if (!advance(state))
		{
			state->deferred = !state->ended;
			return false;
		}
	}
}

/* Nobody takes the last row for the current one (WHERE CURRENT OF). */
static TupleTableSlot *
no_row(CustomScanState *node)
{
	TupleTableSlot *none = ExecClearTuple(node->ss.ss_ScanTupleSlot);

	if (node->ss.ps.ps_ProjInfo != NULL)
		none = ExecClearTuple(node->ss.ps.ps_ResultTupleSlot);
	return none;
}

static TupleTableSlot *
exec(CustomScanState *node)
{
	EvcScanState *state = (EvcScanState *) node;
	ExprContext *econtext = node->ss.ps.ps_ExprContext;

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		ResetExprContext(econtext);
		if (!next_row(state))
			return no_row(node);
		econtext->ecxt_scantuple = node->ss.ss_ScanTupleSlot;
		if (!ExecQual(node->ss.ps.qual, econtext))
		{
			InstrCountFiltered1(node, 1);
			continue;
		}
		return node->ss.ps.ps_ProjInfo != NULL ? ExecProject(node->ss.ps.ps_ProjInfo)
											   : node->ss.ss_ScanTupleSlot;
	}
}

static void
end(CustomScanState *node)
{
	EvcScanState *state = (EvcScanState *) node;

	for (int i = 0; state->sets_ready && i < EVC_SETS; i++)
		evc_rowset_reset(&state->sets[i]);
	ExecEndNode(outerPlanState(node));
}

static void
rescan(CustomScanState *node)
{
	EvcScanState *state = (EvcScanState *) node;

	(void) no_row(node);
	if (state->sets_ready)
	{
		for (int i = 0; i < EVC_SETS; i++)
			evc_rowset_reset(&state->sets[i]);
		start_over(state);
	}
	/* Otherwise the child is rescanned when it is asked for its first row. */
	if (outerPlanState(node)->chgParam == NULL)
		ExecReScan(outerPlanState(node));
}
