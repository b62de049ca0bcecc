/*
 * exec/scan_private.h
 *	  What plan/ writes into the node and exec/ reads out of it; all they share.
 *
 * custom_scan_tlist of the node lists the columns that its own expressions (and
 * the plan above) see as INDEX_VAR: first the child's columns, each a Var of
 * OUTER_VAR, then the calls, each the original FuncExpr over OUTER_VAR, which is
 * also what EXPLAIN VERBOSE shows.  custom_exprs has a list for every call: the
 * conditions over OUTER_VAR under which it is made, NIL for every row.
 */
#ifndef EVC_SCAN_PRIVATE_H
#define EVC_SCAN_PRIVATE_H

/* How far the plan above will read. */
typedef enum EvcScanHint
{
	EVC_HINT_UNKNOWN, /* may stop at any row */
	EVC_HINT_LIMITED, /* wants this many rows, not more */
	EVC_HINT_DRAIN,	  /* reads to the end */
	EVC_HINT_SINGLE	  /* one row at a time, since the child is VOLATILE */
} EvcScanHint;

/* Slots of custom_private; each holds an Integer node unless it says otherwise. */
typedef enum EvcScanSlot
{
	EVC_SCAN_CHILD_COLUMNS, /* entries of custom_scan_tlist that are the child's */
	EVC_SCAN_HINT,			/* an EvcScanHint */
	EVC_SCAN_LIMIT,			/* rows, with EVC_HINT_LIMITED */
	EVC_SCAN_UNUSED,		/* list of integers: child's columns, from 1, that are in
							 * the target list and that nobody above reads */
	EVC_SCAN_KINDS,			/* list of integers: an EvcMarkerKind a call */
	EVC_SCAN_LEFTOVERS,		/* list of OIDs: functions that the whole plan calls row
							 * by row; in one node of the plan */
	EVC_SCAN_SLOTS
} EvcScanSlot;

#endif /* EVC_SCAN_PRIVATE_H */
