/*
 * compat.h
 *	  What differs between the PostgreSQL versions that are supported (15 to 18).
 */
#ifndef EVC_COMPAT_H
#define EVC_COMPAT_H

#include "postgres.h"

#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

/* Where the macros for varlena values are since 16. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* What an extension's EXPLAIN needs is in headers of its own since 18. */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#else
#include "commands/explain.h"
#endif

/* 18 has this in c.h, and no longer pg_attribute_noreturn(). */
#ifndef pg_noreturn
#define pg_noreturn _Noreturn
#endif

/* A wait event set that lives as long as the session. */
#if PG_VERSION_NUM >= 170000
#define evc_session_wait_set(nevents) CreateWaitEventSet(NULL, (nevents))
#else
#define evc_session_wait_set(nevents) CreateWaitEventSet(TopMemoryContext, (nevents))
#endif

/* What pg_stat_activity says while a backend waits; to be called once a process. */
#if PG_VERSION_NUM >= 170000
#define evc_wait_event_new(name) WaitEventExtensionNew(name)
#else
#define evc_wait_event_new(name) PG_WAIT_EXTENSION
#endif

/* May this role execute this function? */
#if PG_VERSION_NUM >= 160000
#include "catalog/pg_proc.h"
#define evc_function_aclcheck(function, role)                                            \
	object_aclcheck(ProcedureRelationId, (function), (role), ACL_EXECUTE)
#else
#define evc_function_aclcheck(function, role)                                            \
	pg_proc_aclcheck((function), (role), ACL_EXECUTE)
#endif

/*
 * Type and modifier by name, as SQL writes them; raises if there is none.  For those
 * who include parser/parse_type.h.
 */
#if PG_VERSION_NUM >= 160000
#define evc_parse_type(text, type, typmod)                                               \
	((void) parseTypeString((text), (type), (typmod), NULL))
#else
#define evc_parse_type(text, type, typmod)                                               \
	parseTypeString((text), (type), (typmod), false)
#endif

/* Since 18 a plan counts the nodes in it that a setting disables. */
#if PG_VERSION_NUM >= 180000
#define evc_disabled_nodes(plan) ((plan)->disabled_nodes)
#define evc_set_disabled_nodes(plan, count) ((void) ((plan)->disabled_nodes = (count)))
#else
#define evc_disabled_nodes(plan) 0
#define evc_set_disabled_nodes(plan, count) ((void) (plan), (void) (count))
#endif

/* The executor is no longer told that it runs once, since 18. */
#if PG_VERSION_NUM >= 180000
#define EVC_EXECUTOR_RUN_PARAMETERS                                                      \
	QueryDesc *query, ScanDirection direction, uint64 count
#define EVC_EXECUTOR_RUN_ARGUMENTS query, direction, count
#else
#define EVC_EXECUTOR_RUN_PARAMETERS                                                      \
	QueryDesc *query, ScanDirection direction, uint64 count, bool once
#define EVC_EXECUTOR_RUN_ARGUMENTS query, direction, count, once
#endif

/* Conditions of MERGE that ModifyTable evaluates, besides those of its actions. */
#if PG_VERSION_NUM >= 170000
#define evc_merge_join_conditions(modify) ((modify)->mergeJoinConditions)
#else
#define evc_merge_join_conditions(modify) NIL
#endif

#endif /* EVC_COMPAT_H */
