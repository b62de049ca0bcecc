/*
 * exec/scan.h
 *	  The node "Custom Scan (Evcrypt Batch)": calls of a plan, in batches.
 *
 * Reads rows of its child ahead, sends the arguments of all calls as one
 * request an operation, and emits the rows in order with the results in place
 * of the calls.  Two sets of rows take turns, so that E3 works on one while the
 * child fills the other:
 *
 *	          fill, send            receive               last row emitted
 *	  EMPTY ------------> IN FLIGHT -------> EMITTING --------------------> EMPTY
 *
 * The second set is used when the look-ahead has grown to its cap: a plan that
 * may stop early is not read further than it must.
 */
#ifndef EVC_SCAN_H
#define EVC_SCAN_H

#include "postgres.h"

#include "nodes/extensible.h"

extern const CustomScanMethods evc_scan_methods;

/* Registers the node, so that plans can travel to workers.  For _PG_init. */
extern void evc_scan_init(void);

#endif /* EVC_SCAN_H */
